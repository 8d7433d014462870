"""How far a crawl goes, how fast, and in whose name: all that a recipe's [crawl] table can say."""

from dataclasses import dataclass

from minilm import __version__
from minilm.errors import MinilmError


@dataclass(frozen=True)
class CrawlConfig:
    """The limits of a crawl; the budgets count the whole crawl, restarts included.

    `max_pages` are requests for pages, whatever the answer; `max_bytes` the bytes received;
    `max_depth` the links between the start and a page. `delay` is the pause in seconds between two
    requests to one host (a robots.txt that asks for more is obeyed; one that asks for more than
    `max_wait` is left alone), `timeout` the longest silence, `deadline` the longest time for one
    page. After `max_failures` failures in a row a host is left for this run. `connections` hosts
    are asked at once. `contact` is a mail address or a web page of yours; without one, only hosts
    that `allow_private` names are crawled. `stay_on_host` follows links only within the hosts
    where the crawl began.
    """

    max_pages: int = 1000
    max_bytes: int = 1_000_000_000
    max_depth: int = 20
    max_page_bytes: int = 5_000_000
    max_per_pattern: int = 500
    max_redirects: int = 5
    max_tries: int = 3
    max_failures: int = 8
    max_wait: float = 120.0
    delay: float = 1.0
    timeout: float = 10.0
    deadline: float = 30.0
    connections: int = 8
    content_types: tuple[str, ...] = ("text/html", "application/xhtml+xml", "text/plain")
    user_agent: str = f"minilm/{__version__}"
    contact: str = ""
    allow_private: tuple[str, ...] = ()
    stay_on_host: bool = True

    def __post_init__(self) -> None:
        for name in ("max_pages", "max_bytes", "max_page_bytes", "max_tries", "connections"):
            if getattr(self, name) < 1:
                raise MinilmError(f"[crawl] {name} should be at least 1.")
        if self.delay < 0 or self.timeout <= 0 or self.deadline <= 0:
            raise MinilmError("[crawl] delay, timeout and deadline are seconds above zero.")

    @property
    def signature(self) -> str:
        """The User-Agent header: the robot's name, and whom to ask about it."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent
