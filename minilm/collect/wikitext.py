"""Wikipedia's own form: dumps of MediaWiki in XML, read page by page, markup turned into text.

A dump (https://www.mediawiki.org/wiki/Help:Export) is one XML file of any size, so it is never
held as a whole. The markup is taken apart by mwparserfromhell; what is no running text goes:
templates, tables, references, galleries, formulas, pictures and categories.
"""

import bz2
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin
from xml.etree.ElementTree import Element, ParseError, iterparse

from minilm.collect.documents import Document, iso_day, make_document
from minilm.errors import MinilmError

WIKIPEDIA = "CC-BY-SA-4.0"
NOT_TEXT = {
    "ref", "references", "table", "gallery", "math", "chem", "score", "timeline", "imagemap",
    "syntaxhighlight", "source", "templatestyles", "indicator",
}  # fmt: skip
ARTICLE, PICTURE, CATEGORY = "0", "6", "14"  # numbers of namespaces, equal in every language
PREFIXES = frozenset({"file", "image", "media", "category"})
SWITCH = re.compile(r"__[A-Z]+__")  # such as __NOTOC__


def markup_to_text(markup: str, prefixes: frozenset[str] = PREFIXES) -> str:
    """Turn an article's markup into running text; headings, lists and the words of links stay.

    `prefixes` are the names, in small letters, that pictures and categories have in this wiki.
    """
    import mwparserfromhell

    pieces = _pieces(mwparserfromhell.parse(markup), prefixes)
    lines = (" ".join(line.split()) for line in SWITCH.sub("", "".join(pieces)).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _pieces(code: Any, prefixes: frozenset[str]) -> Iterator[str]:
    """Yield what a reader of the page would see as running text; a parsed page is a tree."""
    from mwparserfromhell.nodes import ExternalLink, Heading, HTMLEntity, Tag, Text, Wikilink

    for node in code.nodes if code else ():
        if isinstance(node, Text):
            yield node.value
        elif isinstance(node, HTMLEntity):
            yield node.normalize()
        elif isinstance(node, Heading | ExternalLink):
            yield from _pieces(node.title, prefixes)
        elif isinstance(node, Wikilink):
            prefix, colon, _ = str(node.title).partition(":")
            if not (colon and prefix.strip().lower() in prefixes):
                yield from _pieces(node.text or node.title, prefixes)
        elif isinstance(node, Tag) and str(node.tag).strip().lower() not in NOT_TEXT:
            yield from _pieces(node.contents, prefixes)


def wiki_documents(
    path: Path, licence: str = "", left_out: Counter[str] | None = None
) -> Iterator[Document]:
    """Read the articles of a dump, compressed (.bz2, .gz) or not, one page in memory at a time.

    Redirects and pages that are no articles are left out, with a count. Raises MinilmError that
    names the file, and the line where its XML breaks.
    """
    left_out = Counter() if left_out is None else left_out
    for site, page in _pages(path):
        title, number = page.findtext("title") or "", page.findtext("id") or ""
        last = page.find("revision[last()]")
        revision = Element("revision") if last is None else last
        problem = _no_article(page, revision)
        markup = "" if problem else revision.findtext("text") or ""
        text = markup_to_text(markup, site["prefixes"])
        if not text:
            left_out[problem or "no text"] += 1
            continue
        yield make_document(
            text,
            id=f"files/{path.as_posix()}#{number}",
            source="files",
            licence=licence or site["licence"],
            date=iso_day(revision.findtext("timestamp") or ""),
            origin=urljoin(site["base"], quote(title.replace(" ", "_"))),
            title=title,
            language=site["language"],
        )


def _no_article(page: Element, revision: Element) -> str:
    if page.findtext("ns") != ARTICLE:
        return "not an article"
    if page.find("redirect") is not None:
        return "redirect"
    model = revision.findtext("model") or "wikitext"
    return "" if model == "wikitext" else f"not wikitext: {model}"


def _pages(path: Path) -> Iterator[tuple[dict[str, Any], Element]]:
    """Yield (what the dump says of its wiki, page); a page is forgotten when the next is read."""
    opener: Any = {".bz2": bz2.open, ".gz": gzip.open}.get(path.suffix.lower(), open)
    try:
        with opener(path, "rb") as file:
            events = iterparse(file, events=("start", "end"))
            _, root = next(events)
            site = _site(root, Element("siteinfo"))
            if _bare(root) != "mediawiki":
                raise MinilmError(f"{path} is no dump of MediaWiki: it begins with <{root.tag}>.")
            for event, element in events:
                element.tag = _bare(element)
                if event == "end" and element.tag == "siteinfo":
                    site = _site(root, element)
                elif event == "end" and element.tag == "page":
                    yield site, element
                    root.clear()
    except ParseError as error:
        raise MinilmError(f"{path}, line {error.position[0]} is broken XML: {error}.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise MinilmError(f"{path} cannot be read: {error}.") from error


def _bare(element: Element) -> str:
    """The name of an element without its XML namespace, which changes with every version."""
    return element.tag.rpartition("}")[2]


def _site(root: Element, info: Element) -> dict[str, Any]:
    """What the head of a dump says: language, address, names of namespaces; and the licence."""
    base = info.findtext("base") or ""
    names = {
        (space.text or "").lower()
        for space in info.iter("namespace")
        if space.get("key") in (PICTURE, CATEGORY)
    }
    return {
        "language": root.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        "base": base,
        "licence": WIKIPEDIA if ".wikipedia.org/" in base else "not stated",
        "prefixes": PREFIXES | names,
    }
