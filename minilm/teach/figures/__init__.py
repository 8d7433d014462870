"""The course's pictures, one module per chapter: `from minilm.teach.figures import attention`.

A figure function takes what the learner has computed, draws it in the course's style
(`minilm.teach.style`), shows it and returns None, so that a cell may end with the call.
"""
