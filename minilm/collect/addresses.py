"""One page, one address: the many ways to write a web address, reduced to one of them.

A crawler that takes `/a`, `/a#top`, `/b/../a` and `/a?utm_source=mail` for four pages asks four
times for one. And a site can have addresses without end: a calendar that always links to the next
month. What an address looks like tells most of these apart.
"""

import re
from urllib.parse import urljoin, urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

LONGEST = 2000  # characters: longer ones are not written by people
MOST_REPEATS = (
    3  # of one segment in a path, as in /a/b/a/b/a/b/a/b, where a relative link runs away
)

# Parameters that say who follows a link and from where; the page is the same without them.
TRACKING = [
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"),
    *("gclid", "dclid", "fbclid", "msclkid", "yclid", "igshid", "mc_cid", "mc_eid", "_ga"),
    *("phpsessid", "PHPSESSID", "jsessionid"),
]
SESSION_IN_PATH = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def normalize_address(link: str, base: str = "") -> str:
    """Return the one way in which this course writes an address, or "" if it is none to fetch.

    `link` may be relative to `base`. The scheme and host become lower case, the default port, the
    fragment, dots in the path, tracking parameters and session ids go, parameters are sorted,
    escapes are written alike. None to fetch are other schemes than http and https, addresses with
    a password, and those that no person writes: over 2,000 characters, or a path that repeats one
    segment more than 3 times.
    """
    try:
        address = canonicalize_url(urljoin(base, link.strip()))
        address = SESSION_IN_PATH.sub("", address)
        address = url_query_cleaner(address, TRACKING, remove=True)
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port  # the port raises ValueError when it is none
    except ValueError:
        return ""
    if parts.scheme not in DEFAULT_PORTS or not host or port == 0 or "@" in parts.netloc:
        return ""
    segments = [segment for segment in parts.path.split("/") if segment]
    if len(address) > LONGEST or any(segments.count(s) > MOST_REPEATS for s in set(segments)):
        return ""
    netloc = parts.netloc.removesuffix(DEFAULT_PORTS[parts.scheme])
    return parts._replace(netloc=netloc, path=parts.path or "/", fragment="").geturl()


def host_of(address: str) -> str:
    """The host's name: the queue that an address waits in."""
    return urlsplit(address).hostname or ""


def origin_of(address: str) -> str:
    """Scheme, host and port: what one robots.txt speaks for (RFC 9309, section 2.3)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def pattern_of(address: str) -> str:
    """The address without its numbers and without its parameters' values.

    All the months of a calendar have one pattern, `/calendar/0/0`; a limit of addresses per
    pattern ends what has no end.
    """
    parts = urlsplit(address)
    names = sorted({pair.partition("=")[0] for pair in parts.query.split("&") if pair})
    path = re.sub(r"\d+", "0", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}" + ("?" + "&".join(names) if names else "")
