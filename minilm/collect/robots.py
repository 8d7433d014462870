"""The rules of a site: what its owner asks of robots, read before the first page is.

The owner's file is /robots.txt (RFC 9309), parsed by protego; beside it, /ai.txt and
/.well-known/tdmrep.json may refuse use for training (`consent.py`). A site without a robots.txt
allows everything; a site whose robots.txt cannot be had may forbid everything, so it is left alone.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urljoin

from protego import Protego

from minilm.collect.consent import READ_AT_MOST, ROBOTS, SITE_FILES, site_opt_out_of
from minilm.collect.fetch import Answer, wait_of
from minilm.collect.network import FetchError

MOST_REDIRECTS = 5  # of robots.txt: RFC 9309, section 2.3.1.2

Get = Callable[[str], Answer]


def read_site_files(origin: str, get: Get, pause: Callable[[], None]) -> dict[str, bytes]:
    """Fetch a site's files of rules, one after the other with a pause; absent ones are left out.

    Raises FetchError when robots.txt cannot be had (RFC 9309, section 2.3.1.4): nobody knows then
    what it forbids. A missing ai.txt or tdmrep.json, for whatever reason, says nothing.
    """
    files = {}
    for path in SITE_FILES:
        if path != ROBOTS:
            pause()
        try:
            body = _read_site_file(origin + path, get)
        except FetchError:
            if path == ROBOTS:
                raise
            body = b""
        if body:
            files[path] = body
    return files


def _read_site_file(address: str, get: Get) -> bytes:
    """Return a file of rules, b"" when the site has none; follow at most 5 redirects."""
    for _ in range(MOST_REDIRECTS + 1):
        answer = get(address)
        location = answer.header("Location")
        if answer.status // 100 == 3 and location:
            address = urljoin(address, location)
        elif answer.status == 429 or answer.status >= 500:
            # The RFC counts 429 among "unavailable: go ahead"; who is told to slow down should not.
            raise FetchError(f"status {answer.status}", again=True, wait=wait_of(answer))
        else:
            return answer.body if answer.status == 200 else b""
    return b""


class SiteRules:
    """What one site allows a robot, by the files that it gave (path -> bytes)."""

    def __init__(self, files: Mapping[str, bytes], user_agent: str) -> None:
        self._files = files
        self._robot = product_token(user_agent)
        text = files.get(ROBOTS, b"")[:READ_AT_MOST].decode("utf-8-sig", errors="replace")
        rules = Protego.parse(text)
        rate = rules.request_rate(self._robot)
        delays = [rules.crawl_delay(self._robot) or 0.0]
        if rate and rate.requests:
            delays.append(rate.seconds / rate.requests)
        self.delay = max(delays)  # seconds between two requests, 0 if the owner names none

    def why_not(self, address: str) -> str:
        """Why the owner does not want this robot to take this address, or "" if it may."""
        return site_opt_out_of(address, self._files, self._robot)


def product_token(user_agent: str) -> str:
    """The name that robots.txt calls a robot by: `minilm` of `minilm/0.1 (+mailto:...)`."""
    match = re.match(r"[A-Za-z_-]+", user_agent)
    return match[0] if match else user_agent
