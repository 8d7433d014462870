"""The polite crawler: page after page, no faster and no further than everyone concerned allows.

The owner of a site sets rules (`robots.py`) and pace, the config sets budgets, and the stricter one
wins. Hosts are asked in turns, each by one connection at a time, several hosts at once. All that
is known is in the folder: pages in WARC files, everything else in the frontier; a crawl that was
stopped, by a budget or by `kill -9`, goes on when it is called again.
"""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from minilm.collect.addresses import host_of, normalize_address, origin_of
from minilm.collect.budgets import CrawlConfig
from minilm.collect.consent import READ_AT_MOST
from minilm.collect.fetch import BUSY, Answer, fetch, wait_of
from minilm.collect.frontier import Found, Frontier, Outcome
from minilm.collect.judge import judge
from minilm.collect.network import FetchError
from minilm.collect.robots import SiteRules, read_site_files
from minilm.collect.warc import WarcWriter
from minilm.errors import MinilmError
from minilm.files import write_json

REPORT = "report.json"
RULES_LAST = 24 * 3600  # seconds after which robots.txt is asked for again: RFC 9309, section 2.4


@dataclass(frozen=True)
class CrawlReport:
    """What a crawl has done so far, restarts included.

    `stopped` is "" when nothing is left to do, else the budget that ended it; `left` names the
    hosts that were left for this run, and why; `outcomes` counts addresses by outcome and reason.
    """

    requests: int
    n_bytes: int
    outcomes: dict[str, dict[str, int]]
    left: dict[str, str]
    stopped: str
    files: list[Path]

    @property
    def kept(self) -> int:
        """Pages kept."""
        return sum(self.outcomes.get("kept", {}).values())


def crawl(
    start: Sequence[str], folder: Path | str, config: CrawlConfig | None = None
) -> CrawlReport:
    """Fetch the start addresses and what they lead to; keep the pages as WARC files in `folder`.

    A folder that holds a crawl is continued: no page that was written down is fetched again; one
    that was on its way when the process was killed is asked for anew. Raises MinilmError for
    an address that is none, a missing contact, and a folder in use.
    """
    folder, config = Path(folder), config or CrawlConfig()
    addresses = []
    for text in start:
        addresses.append(normalize_address(text))
        if not addresses[-1]:
            raise MinilmError(
                f"{text!r} is not an address to crawl: write http://... or https://..."
            )
        if not config.contact and host_of(addresses[-1]) not in config.allow_private:
            raise MinilmError(
                "Say who crawls: set contact to a mail address or a web page of yours, so that the"
                f" owner of {host_of(addresses[-1])} can reach you."
            )
    info = {"software": config.user_agent, "operator": config.contact, "robots": "obey"}
    with Frontier(folder) as frontier:
        frontier.add([Found(address, 0) for address in addresses], per_pattern=sys.maxsize)
        with (
            WarcWriter(folder, info, frontier.last_place()) as warc,
            ThreadPoolExecutor(config.connections) as pool,
            tqdm(total=config.max_pages, unit="page", desc="crawl", disable=None) as bar,
        ):
            work = _Crawl(config, frontier, warc, pool, bar)
            stopped = work.run()
        left = {name: host.left for name, host in work.hosts.items() if host.left}
        requests, n_bytes = frontier.spent()
        files = sorted(folder.glob("crawl-*.warc.gz"))
        report = CrawlReport(requests, n_bytes, frontier.outcomes(), left, stopped, files)
        write_json(folder / REPORT, asdict(report) | {"files": [path.name for path in files]})
        return report


@dataclass
class _Host:
    """The manners towards one host: when it may be asked again, and whether it is asked now."""

    due: float = 0.0
    busy: bool = False
    empty: bool = False  # nothing is queued
    failures: int = 0  # in a row
    left: str = ""
    rules: dict[str, SiteRules] = field(default_factory=dict)  # by origin


@dataclass
class _Crawl:
    """One run: this thread decides and writes everything down, the pool's wait for answers."""

    config: CrawlConfig
    frontier: Frontier
    warc: WarcWriter
    pool: ThreadPoolExecutor
    bar: Any

    def __post_init__(self) -> None:
        self.hosts = {name: _Host() for name in self.frontier.hosts()}
        self.requests, self.n_bytes = self.frontier.spent()
        self.tasks: dict[Future[Any], Callable[[Future[Any]], None]] = {}
        self.bar.update(self.requests)

    def run(self) -> str:
        """Work until nothing is left or a budget is spent; return which budget it was, or ""."""
        while True:
            stopped = self._spent()
            pause = None if stopped else self._start_what_is_due()
            if self.tasks:
                done, _ = wait(self.tasks, timeout=pause, return_when=FIRST_COMPLETED)
                for future in done:
                    self.tasks.pop(future)(future)
            elif pause is not None:
                time.sleep(pause)
            else:
                return (
                    stopped if any(not h.left and not h.empty for h in self.hosts.values()) else ""
                )

    def _spent(self) -> str:
        if self.requests + len(self.tasks) >= self.config.max_pages:
            return "max_pages"
        return "max_bytes" if self.n_bytes >= self.config.max_bytes else ""

    def _start_what_is_due(self) -> float | None:
        """Begin a request to each host that is due; return the seconds until the next one is."""
        while not self._spent():
            free = {n: h for n, h in self.hosts.items() if not (h.busy or h.left or h.empty)}
            if not free or len(self.tasks) >= self.config.connections:
                return None
            name = min(free, key=lambda name: free[name].due)
            pause = free[name].due - time.monotonic()
            if pause > 0:
                return pause
            self._start(name, free[name])
        return None

    def _start(self, name: str, host: _Host) -> None:
        """Take the next address of a host: learn its site's rules, drop it, or fetch it."""
        found = self.frontier.next(name)
        if found is None:
            host.empty = True
            return
        origin = origin_of(found.address)
        if origin not in host.rules:
            files = self.frontier.site(origin, since=time.time() - RULES_LAST)
            if files is None:
                work = partial(self._read_rules, origin)
                self._submit(host, work, partial(self._end_rules, host, origin))
                return
            self._follow(host, origin, files)
            return
        rules = host.rules[origin]
        if reason := rules.why_not(found.address):
            self.frontier.finish(found.address, Outcome("forbidden", reason, asked=False))
        else:
            get = partial(self._get, found.address)
            self._submit(host, get, partial(self._end_page, host, rules, found))

    def _submit(
        self, host: _Host, work: Callable[[], Any], end: Callable[[Future[Any]], None]
    ) -> None:
        host.busy = True
        self.tasks[self.pool.submit(work)] = end

    def _read_rules(self, origin: str) -> dict[str, bytes]:
        get = partial(self._get, max_bytes=READ_AT_MOST, cut=True, content_types=())
        return read_site_files(origin, get, lambda: time.sleep(self.config.delay))

    def _get(self, address: str, **limits: Any) -> Answer:
        config = self.config
        limits.setdefault("max_bytes", config.max_page_bytes)
        limits.setdefault("content_types", config.content_types)
        return fetch(
            address,
            user_agent=config.signature,
            timeout=config.timeout,
            deadline=config.deadline,
            allow_private=config.allow_private,
            **limits,
        )

    def _end_rules(self, host: _Host, origin: str, future: Future[dict[str, bytes]]) -> None:
        try:
            files = future.result()
        except FetchError as error:
            self._rest(host, self.config.delay, error)
            if not error.again or host.failures >= self.config.max_tries:
                host.left = f"no robots.txt from {origin}: {error}"
            return
        self.frontier.set_site(origin, files, at=time.time())
        self._follow(host, origin, files)
        self._rest(host, max(self.config.delay, host.rules[origin].delay))

    def _follow(self, host: _Host, origin: str, files: dict[str, bytes]) -> None:
        """Follow a site's rules from now on, or leave it if we cannot."""
        rules = host.rules[origin] = SiteRules(files, self.config.user_agent)
        if rules.delay > self.config.max_wait:
            host.left = f"robots.txt asks for {rules.delay:g} s between two pages"

    def _end_page(
        self, host: _Host, rules: SiteRules, found: Found, future: Future[Answer]
    ) -> None:
        """Write down what became of a page, and leave the host alone for a while."""
        delay = max(self.config.delay, rules.delay)
        try:
            answer = future.result()
            if answer.status in BUSY:
                raise FetchError(f"status {answer.status}", again=True, wait=wait_of(answer))
        except FetchError as error:
            again = error.again and found.tries + 1 < self.config.max_tries
            outcome = Outcome("queued" if again else "dropped", str(error), error.n_bytes)
            self.frontier.finish(found.address, outcome)
            self._rest(host, delay, error if error.again else None)
        else:
            outcome, leads = judge(found, answer, self.config, self.frontier, self.warc)
            self.frontier.finish(found.address, outcome, leads, self.config.max_per_pattern)
            for lead in leads:
                self.hosts.setdefault(host_of(lead.address), _Host()).empty = False
            self._rest(host, delay)
        self.requests += 1
        self.n_bytes += outcome.n_bytes
        self.bar.update()

    def _rest(self, host: _Host, delay: float, error: FetchError | None = None) -> None:
        """Free the host after a pause, which doubles with each failure in a row."""
        host.busy = False
        host.failures = host.failures + 1 if error else 0
        pause = max(delay * 2**host.failures, error.wait) if error else delay
        if error and error.wait > self.config.max_wait:
            host.left = f"it asks to be left alone for {error.wait:g} s"
        elif host.failures >= self.config.max_failures:
            host.left = f"{host.failures} failures in a row, the last: {error}"
        host.due = time.monotonic() + min(pause, max(delay, self.config.max_wait))
