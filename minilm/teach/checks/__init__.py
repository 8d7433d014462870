"""The exercises' checks, one module per chapter: `from minilm.teach.checks import attention`."""
