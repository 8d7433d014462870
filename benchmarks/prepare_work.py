"""What the workers of benchmarks/prepare.py do: they have to find it by its name."""

from minilm.collect.documents import Document
from minilm.prepare.clean import PrepareConfig
from minilm.prepare.per_document import clean_document


def filter_batch(settings: PrepareConfig, documents: list[Document]) -> int:
    """Clean and filter alone; return how many stay."""
    return sum(clean_document(document, settings)[0] is not None for document in documents)
