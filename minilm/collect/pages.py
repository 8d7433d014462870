"""Web pages become documents: pages saved as HTML files, and pages archived in WARC files.

A page without main text is no document. It is not forgotten either: a counter says how many were
left out, and why.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

from minilm.collect.consent import opt_out_of
from minilm.collect.documents import Document, iso_day, make_document
from minilm.collect.extract import Method, extract_page
from minilm.collect.warc import WebPage, read_responses
from minilm.errors import MinilmError

NOT_STATED = "not stated"


def page_document(
    page: WebPage,
    *,
    id: str,
    source: str,
    licence: str = "",
    left_out: Counter[str] | None = None,
    method: Method = "trafilatura",
) -> Document | None:
    """Make a document of a page's main text; None, with a count in `left_out`, if there is none.

    The licence is the one that the page's rel=license names, else `licence`, else not stated. The
    date is the one that the page gives, else the day on which it was fetched: the text is not
    younger than that.
    """
    problem = "" if page.status == 200 else f"status {page.status}"
    if not problem:
        found = extract_page(page.body, url=page.url, content_type=page.content_type, method=method)
        problem = found.problem
    if problem:
        if left_out is not None:
            left_out[problem] += 1
        return None
    return make_document(
        found.text,
        id=id,
        source=source,
        licence=_link(page.url, found.licence) or licence or NOT_STATED,
        date=found.date or iso_day(page.date),
        origin=page.url,
        title=found.title,
        language=found.language,
        opt_out=opt_out_of(page.url, page.headers, page.body),
    )


def _link(base: str, href: str) -> str:
    try:
        return urljoin(base, href) if href else ""
    except ValueError:  # such as http://[
        return ""


def warc_documents(
    path: Path,
    licence: str = "",
    left_out: Counter[str] | None = None,
    method: Method = "trafilatura",
) -> Iterator[Document]:
    """Read the pages of a WARC file, one by one; their ids are numbers, their origins addresses.

    Raises MinilmError that names the file, after the pages that are whole, when it is damaged.
    """
    for number, page in enumerate(read_responses(path), start=1):
        id = f"files/{path.as_posix()}#{number}"
        document = page_document(
            page, id=id, source="files", licence=licence, left_out=left_out, method=method
        )
        if document:
            yield document


def html_documents(
    path: Path,
    licence: str = "",
    left_out: Counter[str] | None = None,
    method: Method = "trafilatura",
) -> Iterator[Document]:
    """Read a page that was saved as a file. Raises MinilmError when it cannot be read."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise MinilmError(f"{path} cannot be read: {error.strerror}.") from error
    page = WebPage(path.resolve().as_uri(), 200, "", (), body, "")
    document = page_document(
        page,
        id=f"files/{path.as_posix()}",
        source="files",
        licence=licence,
        left_out=left_out,
        method=method,
    )
    if document:
        yield document
