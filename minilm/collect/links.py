"""Where a page leads: the links that its author wants robots to follow."""

import re
from collections.abc import Iterable
from typing import cast
from urllib.parse import urljoin

from resiliparse.parse.html import ElementNode, HTMLTree

from minilm.collect.addresses import normalize_address
from minilm.collect.extract import decode_page

HTML = ("text/html", "application/xhtml+xml")


def links_of(address: str, headers: Iterable[tuple[str, str]], body: bytes) -> list[str]:
    """Return the normalized addresses that an HTML page links to, each once, in their order.

    A page, or a link, that says `nofollow` has none: in an X-Robots-Tag, a robots meta tag, or the
    link's rel. Any bytes may be the body.
    """
    told = [(name.lower(), value) for name, value in headers]
    content_type = next((value for name, value in told if name == "content-type"), "")
    if content_type.partition(";")[0].strip().lower() not in HTML:
        return []
    if any(name == "x-robots-tag" and _forbids_following(value) for name, value in told):
        return []
    tree = HTMLTree.parse(decode_page(body, content_type)[0])
    base, links = "", list[str]()
    # A walk through the tree: the parser's own lists of elements take quadratic time to read.
    for node in tree.document or ():
        tag = node.tag
        if tag not in ("a", "area", "base", "meta"):
            continue
        get = cast(ElementNode, node).getattr
        if tag == "base":
            base = base or _join(address, get("href") or "")
        elif tag == "meta":
            robots = (get("name") or "").lower() == "robots"
            if robots and _forbids_following(get("content") or ""):
                return []
        elif "nofollow" not in (get("rel") or "").lower().split():
            links.append(get("href") or "")
    found = (normalize_address(link, base or address) for link in links if link)
    return [link for link in dict.fromkeys(found) if link]


def _forbids_following(directives: str) -> bool:
    """Whether robots directives say nofollow or none, to whichever robot (we read them all)."""
    return bool({"nofollow", "none"} & set(re.split(r"[\s,;:]+", directives.lower())))


def _join(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return base
