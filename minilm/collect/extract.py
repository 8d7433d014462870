"""From the bytes of a web page to its main text: no menus, no adverts, no crash whatever comes.

Bytes become text by what they are rather than by what somebody says they are, and one of two kept
libraries finds the main text: trafilatura (careful) or resiliparse (many times faster). The page's
own claims about its title, date, language and licence are read where they are given, never guessed.
"""

import functools
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import DOMContext, ElementNode, HTMLTree, traverse_dom
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

from minilm.collect.documents import iso_day
from minilm.errors import MinilmError

Method = Literal["trafilatura", "resiliparse"]

MOST_BYTES = 10_000_000  # no page that somebody wrote is longer
MOST_DEPTH = 512  # browsers nest no deeper; and the time of resiliparse grows with depth squared
_TAG = re.compile("<[a-zA-Z]")
HTML, PLAIN = {"text/html", "application/xhtml+xml", ""}, {"text/plain", "text/markdown"}

# The encodings of the web (WHATWG, Encoding, section 4.2), and no other: Python knows some, such as
# unicode_escape, in which a page could write what no page may.
MULTIBYTE = ("gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr")
WEB = (
    "utf-8", "utf-16", "utf-16be", "utf-16le", "ibm866", "koi8-r", "koi8-u", "macintosh",
    "mac-cyrillic", "windows-874", *MULTIBYTE, *(f"windows-{n}" for n in range(1250, 1259)),
    *(f"iso-8859-{n}" for n in (*range(2, 9), 10, 13, 14, 15, 16)),
)  # fmt: skip

# Where a page says it, the first that holds counts: tag, an attribute and a word that it must hold,
# and the attribute that is the claim.
CLAIMS = {
    "title": (("meta", "property", "og:title", "content"),),  # if the title element is empty
    "date": (
        ("meta", "property", "article:published_time", "content"),
        ("meta", "itemprop", "datepublished", "content"),
        ("meta", "name", "date", "content"),
        ("meta", "name", "dcterms.date", "content"),
        ("meta", "name", "dc.date", "content"),
        ("time", "itemprop", "datepublished", "datetime"),
        ("time", "class", "published", "datetime"),
    ),
    "language": (
        ("html", "lang", "", "lang"),
        ("html", "xml:lang", "", "xml:lang"),
        ("meta", "http-equiv", "content-language", "content"),
    ),
    "licence": (("a", "rel", "license", "href"), ("link", "rel", "license", "href")),
}
TAGS = {tag for places in CLAIMS.values() for tag, *_ in places}


@dataclass(frozen=True)
class Extracted:
    """What was found in a page; `problem` says why when the text is empty."""

    text: str = ""
    title: str = ""
    date: str = ""  # ISO 8601, when the page says that it was published
    language: str = ""  # such as "en" or "pt-BR"
    licence: str = ""  # where the page's rel=license leads
    charset: str = ""
    problem: str = ""


def extract_page(
    body: bytes, *, url: str = "", content_type: str = "", method: Method = "trafilatura"
) -> Extracted:
    """Extract the main text of a page, and what the page says about itself.

    Any bytes will do: where no text is found, the result is empty and `problem` says why.
    `content_type` is the header as it came; plain text stays as it is. Sources: A. Barbaresi,
    Trafilatura (ACL 2021); J. Bevendorff et al., Elastic ChatNoir (ECIR 2018) for resiliparse.

    Raises MinilmError for a method that is neither, and when its library cannot be loaded.
    """
    if method not in READERS:
        raise MinilmError(f'There is no method "{method}". Use {" or ".join(READERS)}.')
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in HTML | PLAIN:
        return Extracted(problem=f"not a text: {kind}")
    if len(body) > MOST_BYTES:
        return Extracted(problem=f"longer than {MOST_BYTES / 1e6:.0f} MB")
    content, charset = decode_page(body, content_type)
    if not charset:
        return Extracted(problem="not a text: bytes")
    if kind in PLAIN:
        return Extracted(content, charset=charset, problem="" if content.strip() else "empty")
    try:
        tree = HTMLTree.parse(content)
        elements, depth = _elements(tree)
        if depth > MOST_DEPTH:
            return Extracted(charset=charset, problem=f"nested deeper than {MOST_DEPTH}")
        text = READERS[method](content, url)
        claims = dict(_claims(tree.title, elements))
    except MinilmError:
        raise
    except Exception as error:  # whatever a stranger's page does to a library, the next page waits
        return Extracted(charset=charset, problem=f"{method} failed: {type(error).__name__}")
    problem = "" if text else "no main text"
    return Extracted(text, charset=charset, problem=problem, **claims)


def decode_page(body: bytes, content_type: str = "") -> tuple[str, str]:
    """Turn the bytes of a page into text; return it with the name of the encoding.

    In order: a byte order mark; UTF-8, which other encodings do not resemble by chance; what the
    header or the page declares, if these bytes can be that; a guess
    from the bytes, in which what fits nothing becomes U+FFFD. Bytes that are no text give ("", "").
    """
    marked, mark = read_bom(body)
    if marked and mark:
        return _valid(body.removeprefix(mark).decode(marked, "replace")), marked
    # Text in UTF-16 is full of NUL, at least in its tags, and no other text is.
    wide = body.count(0, 0, 1024) > len(body[:1024]) / 8
    declared = http_content_type_encoding(content_type), html_body_declared_encoding(body[:4096])
    possible = [n for n in declared if n and n in _codecs(WEB) and ("utf-16" in n) == wide]
    if wide and not possible:
        return "", ""
    if not wide and not _codecs(MULTIBYTE) & set(possible):
        possible.insert(0, "utf-8")
    for charset in possible:
        try:
            return _valid(body.decode(charset)), charset
        except UnicodeDecodeError:
            continue
    guess = possible[0] if wide else detect_encoding(body) or "cp1252"
    return _valid(body.decode(guess, "replace")), guess


@functools.cache
def _codecs(names: tuple[str, ...]) -> set[str | None]:
    """What Python calls these encodings."""
    return {resolve_encoding(name) for name in names}


def _valid(text: str) -> str:
    """Leave out NUL and half surrogate pairs, which an element of text may not hold."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


Attributes = dict[str, str]  # of an element, with its tag under ""


def _elements(tree: HTMLTree) -> tuple[list[Attributes], int]:
    """Return the elements that may hold a claim, and how deep the page is nested."""
    elements: list[Attributes] = []
    deepest = 0

    def note(context: DOMContext) -> None:
        nonlocal deepest
        deepest = max(deepest, context.depth)
        node = context.node
        if isinstance(node, ElementNode) and node.tag in TAGS:
            attributes = {name.lower(): node.getattr(name) or "" for name in node.attrs}
            elements.append({"": node.tag, **attributes})

    if tree.document and tree.document.document_element:
        # One walk: asking for elements by their names takes cubic time in nested pages.
        traverse_dom(tree.document.document_element, note, elements_only=True)
    return elements, deepest


def _claims(title: str | None, elements: list[Attributes]) -> Iterator[tuple[str, str]]:
    """Yield what the page says about itself, as (field, value)."""
    for field, places in CLAIMS.items():
        claims = [title] if field == "title" else []
        for tag, attribute, word, claim in places:
            claims += [
                e.get(claim) for e in elements if e[""] == tag and _holds(e, attribute, word)
            ]
        yield field, next(filter(None, (_cleaned(field, claim) for claim in claims)), "")


def _holds(element: Attributes, attribute: str, word: str) -> bool:
    return attribute in element and (not word or word in element[attribute].lower().split())


def _cleaned(field: str, claim: str | None) -> str:
    claim = _valid(" ".join((claim or "").split()))
    return iso_day(claim) if field == "date" else claim[:300]


@functools.cache
def _trafilatura() -> Callable[..., Any]:
    """Load trafilatura when it is first asked; what it reports about bad pages, we report."""
    try:
        import trafilatura
    except ImportError as error:
        raise MinilmError(
            f"trafilatura cannot be loaded: {error}."
            ' Install what is missing, or use the method "resiliparse".'
        ) from error
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return trafilatura.bare_extraction


def _carefully(content: str, url: str) -> str:
    if _TAG.search(content) and "<html" not in content.lower():
        content = f"<html>{content}</html>"  # authors may leave it out; trafilatura needs it
    found = _trafilatura()(content, url=url or None, include_comments=False)
    return _valid(found.text or "").strip() if found else ""


def _quickly(content: str, url: str) -> str:
    return _valid(extract_plain_text(content, main_content=True, alt_texts=False)).strip()


READERS: dict[str, Callable[[str, str], str]] = {"trafilatura": _carefully, "resiliparse": _quickly}
