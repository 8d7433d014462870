"""Where a page leads: the links that its author wants robots to follow."""

import re
from collections.abc import Iterable
from email.message import Message
from urllib.parse import urljoin

from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from resiliparse.parse.html import HTMLTree

from minilm.collect.addresses import normalize_address

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
    encoding = charset_of(content_type) or detect_encoding(body) or "utf-8"
    document = HTMLTree.parse(bytes_to_str(body, encoding, errors="replace")).document
    if document is None:
        return []
    for tag in document.get_elements_by_tag_name("meta"):
        robots = (tag.getattr("name") or "").lower() == "robots"
        if robots and _forbids_following(tag.getattr("content") or ""):
            return []
    base = address
    for tag in document.get_elements_by_tag_name("base"):
        base = _join(address, tag.getattr("href") or "")
        break
    links: dict[str, None] = {}
    for tag in document.query_selector_all("a[href], area[href]"):
        if "nofollow" not in (tag.getattr("rel") or "").lower().split():
            links[normalize_address(tag.getattr("href") or "", base)] = None
    links.pop("", None)
    return list(links)


def charset_of(content_type: str) -> str:
    """The charset that a Content-Type header names, or ""."""
    message = Message()
    message["Content-Type"] = content_type
    try:
        return str(message.get_content_charset() or "")
    except (LookupError, ValueError):  # a charset in an encoding that does not exist
        return ""


def _forbids_following(directives: str) -> bool:
    """Whether robots directives say nofollow or none, to whichever robot (we read them all)."""
    return bool({"nofollow", "none"} & set(re.split(r"[\s,;:]+", directives.lower())))


def _join(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return base
