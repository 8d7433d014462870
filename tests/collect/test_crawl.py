"""A crawl takes what it may, no faster than it may, and knows after `kill -9` what it did."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from minilm.collect.budgets import CrawlConfig
from minilm.collect.crawl import CrawlReport, crawl
from minilm.collect.loopback import Site, serve
from minilm.collect.pydoc_site import FORBIDDEN, serve_pydoc
from minilm.collect.warc import WebPage, read_responses
from minilm.errors import MinilmError

LOOPBACK = ("127.0.0.1",)
HTML = {"Content-Type": "text/html; charset=utf-8"}
SITE_FILES = ["/robots.txt", "/ai.txt", "/.well-known/tdmrep.json"]


def config(**fields: Any) -> CrawlConfig:
    return CrawlConfig(**{"delay": 0.0, "allow_private": LOOPBACK, "timeout": 5.0, **fields})


def links(*targets: str, text: str = "") -> bytes:
    return (text + "".join(f'<a href="{target}">x</a>' for target in targets)).encode()


def of(pages: Mapping[str, bytes | tuple[int, dict[str, str], bytes]]) -> Callable[[str], Any]:
    """A site's answers: HTML by path, or a whole answer; 404 for all else."""

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        page = pages.get(path, (404, HTML, b"none"))
        return (200, HTML, page) if isinstance(page, bytes) else page

    return answer


def pages_in(report: CrawlReport) -> list[WebPage]:
    return [page for file in report.files for page in read_responses(file)]


def pages_of(site: Site) -> list[str]:
    """The paths that were asked for, without the site's files of rules."""
    return [path for path in site.paths if path not in SITE_FILES]


# ---- rules and pace


@pytest.mark.slow
def test_the_library_is_crawled_and_nothing_forbidden_is_touched(tmp_path: Path) -> None:
    with serve_pydoc() as site:
        report = crawl([site.address], tmp_path, config(max_pages=220))
    assert report.kept >= 200
    assert report.stopped == "max_pages"
    assert not [path for path in site.paths if path.startswith(FORBIDDEN)]
    assert report.outcomes["forbidden"].keys() == {"robots.txt refuses us"}  # they were linked
    assert max(Counter(site.paths).values()) == 1
    assert {request.user_agent for request in site.log} == {config().signature}
    assert len(pages_in(report)) == report.kept
    assert len(site.log) == report.requests + len(SITE_FILES)


def test_rules_come_before_pages(tmp_path: Path) -> None:
    robots = (200, HTML, b"User-agent: minilm\nDisallow: /no\nCrawl-delay: 0.1")
    pages = {"/robots.txt": robots, "/": links("/no/a", "/yes", "/no"), "/yes": b"yes"}
    with serve(of(pages)) as site:
        report = crawl([site.address], tmp_path, config())
    assert site.paths == [*SITE_FILES, "/", "/yes"]
    assert report.outcomes["forbidden"] == {"robots.txt refuses us": 2}
    assert site.log[4].at - site.log[3].at >= 0.1


@pytest.mark.parametrize(("ours", "theirs"), [(0.15, 0.0), (0.0, 0.15), (0.15, 0.01)])
def test_the_longer_pause_counts(tmp_path: Path, ours: float, theirs: float) -> None:
    pages: dict[str, Any] = {"/": links("/a", "/b"), "/a": b"a", "/b": b"b"}
    pages["/robots.txt"] = (200, HTML, f"User-agent: *\nCrawl-delay: {theirs}".encode())
    with serve(of(pages)) as site:
        crawl([site.address], tmp_path, config(delay=ours))
    times = [request.at for request in site.log]
    if ours:
        assert min(b - a for a, b in pairwise(times)) >= 0.15
    assert min(b - a for a, b in pairwise(times[3:])) >= 0.15


def test_a_host_that_wants_longer_pauses_than_we_have_is_left(tmp_path: Path) -> None:
    robots = (200, HTML, b"User-agent: *\nCrawl-delay: 3600")
    with serve(of({"/robots.txt": robots, "/": b"x"})) as site:
        report = crawl([site.address], tmp_path, config())
    assert report.left == {"127.0.0.1": "robots.txt asks for 3600 s between two pages"}
    assert pages_of(site) == []


def test_hosts_are_asked_in_turns(tmp_path: Path) -> None:
    """Two hosts with a pause each: while one rests, the other is asked."""
    pages: dict[str, Any] = {"/": links(*(f"/{n}" for n in range(6)))}
    first, second = pages.copy(), pages.copy()
    for n in range(6):
        first[f"/{n}"], second[f"/{n}"] = b"first %d" % n, b"second %d" % n
    second["/"] += b"second"
    with serve(of(first)) as site, serve(of(second)) as other:
        start = [site.address, other.address.replace("127.0.0.1", "localhost")]
        both = config(delay=0.1, allow_private=("127.0.0.1", "localhost"))
        assert crawl(start, tmp_path, both).kept == 14
    asked = [(request.at, name) for name, s in (("1", site), ("2", other)) for request in s.log]
    turns = "".join(name for _, name in sorted(asked))
    assert "1111" not in turns
    assert "2222" not in turns
    for log in (site.log, other.log):
        assert min(b.at - a.at for a, b in pairwise(log)) >= 0.1


def test_slow_hosts_do_not_hold_up_others(tmp_path: Path, raw_site: Callable[..., Any]) -> None:
    def drip(path: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 404 None\r\n\r\n" if path != "/" else b"HTTP/1.1 200 OK\r\n"
        while path == "/":
            time.sleep(0.05)
            yield b"x"

    slow = raw_site(drip)
    with serve(of({"/": b"quick"})) as quick:
        start = [slow.address, quick.address.replace("127.0.0.1", "localhost")]
        known = ("127.0.0.1", "localhost")
        report = crawl(start, tmp_path, config(deadline=1.5, allow_private=known, max_tries=1))
    assert report.outcomes == {"dropped": {"not done in 1.5 s": 1}, "kept": {"": 1}}


@pytest.mark.parametrize("status", [500, 429])
def test_without_rules_nothing_is_fetched(tmp_path: Path, status: int) -> None:
    pages: dict[str, Any] = {"/robots.txt": (status, HTML, b""), "/": b"x"}
    with serve(of(pages)) as site:
        report = crawl([site.address], tmp_path, config())
        assert site.paths == ["/robots.txt"] * 3
        assert report.left == {
            "127.0.0.1": f"no robots.txt from {site.address[:-1]}: status {status}"
        }
        pages["/robots.txt"] = (404, HTML, b"")  # a later run finds it mended
        assert crawl([site.address], tmp_path, config()).kept == 1


def test_rules_are_kept_for_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(of({"/": links("/a"), "/a": b"a"})) as site:
        crawl([site.address], tmp_path, config(max_pages=1))
        crawl([site.address], tmp_path, config())
        assert site.paths == [*SITE_FILES, "/", "/a"]
        crawl([site.address + "b"], tmp_path, config())
        monkeypatch.setattr("minilm.collect.crawl.RULES_LAST", -1)
        crawl([site.address + "c"], tmp_path, config())
    assert site.paths[5:] == ["/b", *SITE_FILES, "/c"]


# ---- consent


def test_pages_that_refuse_training_are_not_kept(tmp_path: Path) -> None:
    pages: dict[str, Any] = {
        "/": links("/header", "/meta", "/free"),
        "/header": (200, HTML | {"X-Robots-Tag": "noai"}, links("/deeper", text="art")),
        "/meta": b'<meta name="robots" content="noai, nofollow">' + links("/closed"),
        "/free": b"free",
        "/deeper": b"deeper",
        "/closed": b"closed",
    }
    with serve(of(pages)) as site:
        report = crawl([site.address], tmp_path, config())
    assert sorted(page.url.removeprefix(site.address) for page in pages_in(report)) == [
        "",
        "deeper",
        "free",
    ]
    assert sum(report.outcomes["opted out"].values()) == 2
    assert "/closed" not in site.paths


def test_sites_that_refuse_training_are_not_asked(tmp_path: Path) -> None:
    ai = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /")
    with serve(of({"/ai.txt": ai, "/": b"x"})) as site:
        report = crawl([site.address], tmp_path, config())
    assert site.paths == SITE_FILES
    assert report.outcomes == {"forbidden": {"ai.txt refuses us": 1}}


def test_headers_are_kept_with_the_page(tmp_path: Path) -> None:
    with serve(of({"/": (200, HTML | {"X-Robots-Tag": "max-snippet:10"}, b"x")})) as site:
        (page,) = pages_in(crawl([site.address], tmp_path, config()))
    assert ("X-Robots-Tag", "max-snippet:10") in page.headers
    assert page.content_type == HTML["Content-Type"]


# ---- budgets and traps


def calendar(path: str) -> tuple[int, dict[str, str], bytes]:
    """Month after month, without end."""
    if path in SITE_FILES:
        return 404, HTML, b""
    month = int(path.rpartition("/")[2] or 0)
    return 200, HTML, links(f"/calendar/{month + 1}", f"/calendar/{month + 2}", text=path)


def test_an_endless_calendar_ends(tmp_path: Path) -> None:
    with serve(calendar) as site:
        report = crawl([site.address], tmp_path / "depth", config(max_depth=4))
        assert report.kept == 1 + 2 * 4
        assert (report.stopped, report.outcomes.keys()) == ("", {"kept"})
        report = crawl([site.address], tmp_path / "pattern", config(max_per_pattern=7))
        assert report.kept == 1 + 7
        assert report.stopped == ""
        report = crawl([site.address], tmp_path / "pages", config(max_pages=5))
        assert (report.kept, report.requests, report.stopped) == (5, 5, "max_pages")


def test_the_budget_of_bytes(tmp_path: Path) -> None:
    pages = {f"/{n}": links(f"/{n + 1}", text=str(n) * 10_000) for n in range(1, 10)}
    with serve(of(pages | {"/": links("/1")})) as site:
        report = crawl([site.address], tmp_path, config(max_bytes=35_000))
    assert report.stopped == "max_bytes"
    assert 35_000 <= report.n_bytes < 46_000
    assert sum(len(page.body) for page in pages_in(report)) == report.n_bytes


def test_session_ids_are_one_page(tmp_path: Path) -> None:
    """The same page under ever new addresses is a duplicate, and leads nowhere."""
    count = iter(range(1000))

    def session(path: str) -> tuple[int, dict[str, str], bytes]:
        if path in SITE_FILES:
            return 404, HTML, b""
        if path == "/":
            return 200, HTML, links(*(f"/shop?visit={next(count)}" for _ in range(5)))
        return 200, HTML, b"the shop" + links("/shop?visit=x")

    with serve(session) as site:
        report = crawl([site.address], tmp_path, config())
    assert report.outcomes["kept"] == {"": 2}
    assert report.outcomes["duplicate"] == {"": 5}


def test_redirects_are_followed_on_a_short_leash(tmp_path: Path) -> None:
    def hop(to: str) -> tuple[int, dict[str, str], bytes]:
        return 302, {"Location": to}, b""

    pages: dict[str, Any] = {
        "/": links("/old", "/loop", "/self", "/away", "/private", "/nowhere", "/count/0"),
        "/old": hop("/new#part"),
        "/new": b"new",
        "/loop": hop("/pool"),
        "/pool": hop("/loop"),
        "/self": hop("/self"),
        "/away": hop("http://elsewhere.example/"),
        "/private": hop("/secret"),
        "/nowhere": hop("mailto:me"),
        "/robots.txt": (200, HTML, b"User-agent: *\nDisallow: /secret"),
    } | {f"/count/{n}": hop(f"/count/{n + 1}") for n in range(50)}
    with serve(of(pages)) as site:
        report = crawl([site.address], tmp_path, config(max_redirects=3))
    assert report.kept == 2
    assert Counter(site.paths).most_common(1)[0][1] == 1  # no loop was run through twice
    assert "/count/3" in site.paths
    assert "/count/4" not in site.paths
    assert "/secret" not in site.paths  # the target of a redirect has rules as well
    assert report.outcomes["forbidden"] == {"robots.txt refuses us": 1}
    assert report.outcomes["dropped"] == {
        "redirect to another host": 1,
        "redirect to no address": 1,
        "too many redirects": 1,
    }


def test_a_start_that_has_moved_to_another_host(tmp_path: Path) -> None:
    with serve(of({"/": links("/a"), "/a": b"a"})) as site:
        moved = site.address.replace("127.0.0.1", "localhost")
        with serve(of({"/": (301, {"Location": moved}, b"")})) as old:
            known = ("127.0.0.1", "localhost")
            report = crawl([old.address], tmp_path, config(allow_private=known))
    assert [page.url for page in pages_in(report)] == [moved, moved + "a"]


def test_a_redirect_into_a_private_network(tmp_path: Path) -> None:
    with serve(of({"/": b"secret"})) as inside:
        target = inside.address.replace("127.0.0.1", "localhost")
        with serve(of({"/": (302, {"Location": target}, b"")})) as outside:
            report = crawl([outside.address], tmp_path, config())
    assert report.kept == 0
    assert inside.log == []
    assert "private network" in report.left["localhost"]


def test_links_to_other_hosts(tmp_path: Path) -> None:
    with serve(of({"/": b"other"})) as other:
        away = other.address.replace("127.0.0.1", "localhost")
        with serve(of({"/": links(away)})) as site:
            known = ("127.0.0.1", "localhost")
            report = crawl([site.address], tmp_path / "a", config(allow_private=known))
            assert (report.kept, other.log) == (1, [])
            wide = config(allow_private=known, stay_on_host=False)
            assert crawl([site.address], tmp_path / "b", wide).kept == 2
            assert other.paths == [*SITE_FILES, "/"]


def test_pages_that_are_none(tmp_path: Path, raw_site: Callable[..., Any]) -> None:
    """Gigantic, endless, a film, dripping, wrong in its charset: only the last is kept."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=%s\r\n"
    start = head % b"utf-8" + b"\r\n" + links("/big", "/endless", "/film", "/drip", "/latin")

    def pieces(path: str) -> Iterator[bytes]:
        if path == "/":
            yield start
        elif path == "/big":
            yield head % b"utf-8" + b"Content-Length: 999999999\r\n\r\n" + b"x" * 1000
            time.sleep(5)
        elif path == "/film":
            yield b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n" + bytes(100)
        elif path == "/latin":
            yield head % b"ascii" + b"\r\nna\xefve" + links("/more")
        elif path in ("/endless", "/drip"):
            yield head % b"utf-8" + b"\r\n"
            while True:
                yield b"x" * (50_000 if path == "/endless" else 1)
                time.sleep(0 if path == "/endless" else 0.05)
        else:
            yield b"HTTP/1.1 404 None\r\n\r\n"

    site = raw_site(pieces)
    limits = config(max_page_bytes=200_000, deadline=1.0, max_tries=1)
    report = crawl([site.address], tmp_path, limits)
    assert report.outcomes == {
        "dropped": {
            "more than 200,000 bytes": 2,
            "content type video/mp4": 1,
            "not done in 1 s": 1,
            "status 404": 1,
        },
        "kept": {"": 2},
    }
    assert pages_in(report)[1].body.startswith(b"na\xefve")
    assert report.n_bytes > 200_000  # what was received in vain counts as well


def test_a_server_in_trouble_gets_time(tmp_path: Path) -> None:
    tries = Counter[str]()

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        tries[path] += 1
        if path == "/":
            return 200, HTML, links("/sick", "/dead", "/well")
        if path == "/sick" and tries[path] > 1:
            return 200, HTML, b"better"
        if path in ("/sick", "/dead"):
            return 503, HTML, b"trouble"
        return (200, HTML, b"well") if path == "/well" else (404, HTML, b"")

    with serve(answer) as site:
        report = crawl([site.address], tmp_path, config(delay=0.05))
    assert report.outcomes == {"dropped": {"status 503": 1}, "kept": {"": 3}}
    assert pages_of(site) == ["/", "/sick", "/dead", "/well", "/sick", "/dead", "/dead"]
    gaps = {request.path: request.at for request in site.log}
    assert gaps["/well"] - site.log[5].at >= 0.2  # two failures in a row: twice doubled
    assert report.requests == 7


def test_a_host_that_only_fails_is_left_and_taken_up_later(tmp_path: Path) -> None:
    pages: dict[str, Any] = {"/": links(*(f"/{n}" for n in range(20)))}
    for n in range(20):
        pages[f"/{n}"] = (500, HTML, b"")
    with serve(of(pages)) as site:
        report = crawl([site.address], tmp_path, config(max_failures=4))
        assert report.left == {"127.0.0.1": "4 failures in a row, the last: status 500"}
        assert report.requests == 5
        assert report.outcomes["queued"] == {"": 16, "status 500": 4}
        for n in range(20):
            pages[f"/{n}"] = str(n).encode()
        assert crawl([site.address], tmp_path, config(max_failures=4)).kept == 21


def test_failures_between_successes_do_not_add_up(tmp_path: Path) -> None:
    pages: dict[str, Any] = {"/": links(*(f"/{kind}{n}" for n in range(4) for kind in "sw"))}
    for n in range(4):
        pages |= {f"/s{n}": (500, HTML, b""), f"/w{n}": b"well %d" % n}
    with serve(of(pages)) as site:
        report = crawl([site.address], tmp_path, config(max_failures=2, max_tries=1))
    assert (report.kept, report.left) == (5, {})


def test_who_asks_to_be_left_alone_is(tmp_path: Path) -> None:
    busy = (503, HTML | {"Retry-After": "3600"}, b"")
    with serve(of({"/": links("/a", "/b"), "/a": busy, "/b": b"b"})) as site:
        report = crawl([site.address], tmp_path, config())
    assert report.left == {"127.0.0.1": "it asks to be left alone for 3600 s"}
    assert pages_of(site) == ["/", "/a"]


def test_a_short_wait_is_waited(tmp_path: Path) -> None:
    count = iter(range(10))

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if path == "/" and next(count) == 0:
            return 429, HTML | {"Retry-After": "1"}, b""
        return (200, HTML, b"x") if path == "/" else (404, HTML, b"")

    with serve(answer) as site:
        assert crawl([site.address], tmp_path, config()).kept == 1
    assert site.log[-1].at - site.log[-2].at >= 1.0


# ---- asking well


@pytest.mark.parametrize("address", ["", "example.org", "ftp://example.org/", "http://"])
def test_what_is_no_address(tmp_path: Path, address: str) -> None:
    with pytest.raises(MinilmError, match="is not an address to crawl"):
        crawl([address], tmp_path / "x", config())
    assert not (tmp_path / "x").exists()


def test_strangers_want_to_know_who_asks(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match=r"set contact .* owner of example\.org"):
        crawl(["http://example.org/"], tmp_path / "x", config())
    contact = config(contact="mailto:me@example.org", user_agent="minilm/9")
    with serve(of({"/": b"x"})) as site:
        crawl([site.address], tmp_path, contact)
    assert site.log[0].user_agent == "minilm/9 (+mailto:me@example.org)"


@pytest.mark.parametrize("field", ["max_pages", "max_bytes", "connections", "deadline"])
def test_budgets_that_are_none(field: str) -> None:
    with pytest.raises(MinilmError, match=field):
        config(**{field: 0})


# ---- stopping and going on


def test_a_budget_can_be_raised(tmp_path: Path) -> None:
    pages = {f"/{n}": links(f"/{n + 1}", text=str(n)) for n in range(10)}
    with serve(of(pages | {"/": links("/0")})) as site:
        start = [site.address]
        assert crawl(start, tmp_path, config(max_pages=4)).requests == 4
        assert crawl(start, tmp_path, config(max_pages=4)).requests == 4
        report = crawl(start, tmp_path, config(max_pages=100))
        assert (report.requests, report.kept, report.stopped) == (12, 11, "")
        assert crawl(start, tmp_path, config(max_pages=100)) == report
    assert Counter(site.paths).most_common(1)[0][1] == 1
    assert len(pages_in(report)) == 11


def start_crawl(address: str, folder: Path, **fields: Any) -> "subprocess.Popen[bytes]":
    fields = {"allow_private": LOOPBACK, **fields}
    program = (
        "import json, sys; from minilm.collect.crawl import crawl, CrawlConfig\n"
        "fields = json.loads(sys.argv[3])\n"
        "fields['allow_private'] = tuple(fields['allow_private'])\n"
        "crawl([sys.argv[1]], sys.argv[2], CrawlConfig(**fields))"
    )
    arguments = [sys.executable, "-c", program, address, str(folder), json.dumps(fields)]
    return subprocess.Popen(arguments, stderr=subprocess.DEVNULL)


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.warc.gz"))


@pytest.mark.slow
def test_killed_between_two_pages_nothing_is_fetched_twice(tmp_path: Path) -> None:
    """kill -9 while the crawler waits politely; then it goes on where it was."""
    with serve_pydoc() as site:
        for stop in (5, 12):
            before = size_of(tmp_path)
            process = start_crawl(site.address, tmp_path, delay=0.6)
            wait_until(lambda stop=stop: len(pages_of(site)) >= stop)  # type: ignore[misc]
            wait_until(lambda before=before: size_of(tmp_path) > before)  # type: ignore[misc]
            time.sleep(0.2)  # written down, and the next page is not asked for before 0.6 s
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        report = crawl([site.address], tmp_path, config(max_pages=220))
    assert report.kept >= 200
    assert max(Counter(site.paths).values()) == 1
    urls = [page.url for page in pages_in(report)]
    assert len(urls) == len(set(urls)) == report.kept
    assert not [path for path in site.paths if path.startswith(FORBIDDEN)]


@pytest.mark.slow
def test_killed_at_any_time_only_what_was_on_its_way_is_asked_again(tmp_path: Path) -> None:
    pages = {f"/{n}": links(f"/{n + 1}", text=f"{n} " * 2000) for n in range(300)}
    on_its_way = Counter[str]()
    with serve(of(pages | {"/": links("/0")})) as site:
        for number in range(6):
            process = start_crawl(site.address, tmp_path, delay=0.01, max_depth=999)
            target = len(site.log) + 3 + 5 * number
            wait_until(lambda target=target: len(site.log) >= target)  # type: ignore[misc]
            time.sleep(0.001 * number)
            process.send_signal(signal.SIGKILL)
            process.wait()
            on_its_way[site.paths[-1]] += 1
        report = crawl([site.address], tmp_path, config(max_depth=999))
    asked = Counter(pages_of(site))
    assert report.kept == 301
    assert asked - Counter(dict.fromkeys(asked, 1)) <= on_its_way
    urls = [page.url for page in pages_in(report)]
    assert len(urls) == len(set(urls)) == 301


def test_killed_before_a_page_was_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its records are cut off, and there is one copy of each page in the end."""
    pages = {f"/{n}": links(f"/{n + 1}", text=str(n)) for n in range(5)}
    with serve(of(pages | {"/": links("/0")})) as site:
        from minilm.collect.frontier import Frontier

        finish = Frontier.finish

        def die(self: Frontier, address: str, *rest: Any) -> None:
            if address.endswith("/2"):
                raise KeyboardInterrupt
            finish(self, address, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(Frontier, "finish", die)
            with pytest.raises(KeyboardInterrupt):
                crawl([site.address], tmp_path, config())
        assert len(list(read_responses(tmp_path / "crawl-00000.warc.gz"))) == 4
        report = crawl([site.address], tmp_path, config())
    urls = [page.url.removeprefix(site.address) for page in pages_in(report)]
    assert urls == ["", "0", "1", "2", "3", "4"]
    assert Counter(pages_of(site))["/2"] == 2


def test_a_folder_in_use(tmp_path: Path) -> None:
    from minilm.collect.frontier import Frontier

    with Frontier(tmp_path), pytest.raises(MinilmError, match="Another process"):
        crawl(["http://127.0.0.1:9/"], tmp_path, config())


def test_a_crawl_needs_no_pages_folder_to_be_there(tmp_path: Path) -> None:
    with serve(of({"/": b"x"})) as site:
        report = crawl([site.address], str(tmp_path / "new" / "folder"), config())
    assert report.files == [tmp_path / "new" / "folder" / "crawl-00000.warc.gz"]
    assert os.listdir(tmp_path / "new")
