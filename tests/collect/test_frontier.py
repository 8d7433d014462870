"""The frontier: every address once, the nearest first, all or nothing, for one process."""

from pathlib import Path

import pytest

from minilm.collect.frontier import FILE, Found, Frontier, Outcome
from minilm.collect.warc import Place
from minilm.errors import MinilmError

A, B = "http://a.example", "http://b.example"


def test_addresses_wait_in_the_queue_of_their_host(tmp_path: Path) -> None:
    with Frontier(tmp_path) as frontier:
        frontier.add([Found(f"{A}/2", 2), Found(f"{B}/x", 1), Found(f"{A}/1", 1)], 100)
        frontier.add([Found(f"{A}/2", 0)], 100)  # known
        assert frontier.hosts() == ["a.example", "b.example"]
        assert frontier.next("a.example") == Found(f"{A}/1", 1)  # the nearest first
        frontier.finish(f"{A}/1", Outcome("queued", "status 500"))  # again, after all others
        assert frontier.next("a.example") == Found(f"{A}/2", 2)
        frontier.finish(f"{A}/2", Outcome("kept"))
        assert frontier.next("a.example") == Found(f"{A}/1", 1, 0, tries=1)
        frontier.finish(f"{A}/1", Outcome("dropped", "status 500"))
        assert frontier.next("a.example") is None
        assert frontier.hosts() == ["b.example"]


def test_a_pattern_has_a_limit(tmp_path: Path) -> None:
    with Frontier(tmp_path) as frontier:
        frontier.add([Found(f"{A}/day/{n}", 1) for n in range(9)], 3)
        frontier.add([Found(f"{A}/day/77", 1), Found(f"{A}/other/1", 1)], 3)
        assert frontier.outcomes() == {"queued": {"": 4}}


def test_what_is_finished_is_known_after_a_restart(tmp_path: Path) -> None:
    place = Place("crawl-00000.warc.gz", 10, 20)
    with Frontier(tmp_path) as frontier:
        frontier.add([Found(f"{A}/1", 0), Found(f"{A}/2", 0)], 9)
        outcome = Outcome("kept", "", 1000, "digest", place)
        frontier.finish(f"{A}/1", outcome, [Found(f"{B}/x", 1)], 9)
        frontier.finish(f"{A}/2", Outcome("forbidden", "robots.txt", asked=False))
    with Frontier(tmp_path) as frontier:
        assert frontier.outcomes() == {
            "forbidden": {"robots.txt": 1},
            "kept": {"": 1},
            "queued": {"": 1},
        }
        assert frontier.spent() == (1, 1000)
        assert frontier.last_place() == place
        assert frontier.kept_as("digest") == f"{A}/1"
        assert frontier.kept_as("other") == ""
        assert frontier.start_hosts() == {"a.example"}
        assert frontier.next("b.example") == Found(f"{B}/x", 1)


def test_the_last_place_is_the_last_in_the_last_file(tmp_path: Path) -> None:
    places = [Place("crawl-00001.warc.gz", 0, 5), Place("crawl-00000.warc.gz", 50, 90)]
    places += [Place("crawl-00001.warc.gz", 5, 30)]
    with Frontier(tmp_path) as frontier:
        assert frontier.last_place() is None
        frontier.add([Found(f"{A}/{n}", 0) for n in range(3)], 9)
        for n, place in enumerate(places):
            frontier.finish(f"{A}/{n}", Outcome("kept", place=place))
        assert frontier.last_place() == places[2]


def test_a_duplicate_is_measured_by_what_was_kept(tmp_path: Path) -> None:
    with Frontier(tmp_path) as frontier:
        frontier.add([Found(f"{A}/1", 0)], 9)
        frontier.finish(f"{A}/1", Outcome("duplicate", digest="d"))
        assert frontier.kept_as("d") == ""


def test_a_page_enters_whole_or_not_at_all(tmp_path: Path) -> None:
    with Frontier(tmp_path) as frontier:
        frontier.add([Found(f"{A}/1", 0)], 9)

        def broken() -> list[Found]:
            raise RuntimeError("killed here")
            yield Found(f"{A}/2", 1)

        with pytest.raises(RuntimeError):
            frontier.finish(f"{A}/1", Outcome("kept"), broken(), 9)
        assert frontier.outcomes() == {"queued": {"": 1}}


def test_rules_of_sites_grow_old(tmp_path: Path) -> None:
    with Frontier(tmp_path) as frontier:
        assert frontier.site(A, since=0) is None
        frontier.set_site(A, {"/robots.txt": b"x", "/ai.txt": b"y"}, at=100)
        frontier.set_site(B, {}, at=100)
    with Frontier(tmp_path) as frontier:
        assert frontier.site(A, since=99) == {"/robots.txt": b"x", "/ai.txt": b"y"}
        assert frontier.site(B, since=99) == {}
        assert frontier.site(A, since=100) is None
        frontier.set_site(A, {"/robots.txt": b"z"}, at=200)
        assert frontier.site(A, since=100) == {"/robots.txt": b"z"}


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Frontier(tmp_path), pytest.raises(MinilmError, match="Another process crawls into"):
        Frontier(tmp_path)
    with Frontier(tmp_path):
        pass


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(MinilmError, match=rf"{FILE} is damaged"):
        Frontier(tmp_path)


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    with Frontier(tmp_path) as frontier:
        frontier.add([Found(f"{A}/0", 0)], 9)
        frontier._base.execute("PRAGMA max_page_count = 1")  # as large as it is, and no larger
        many = [Found(f"{A}/{'x' * 900}/{n}", 1) for n in range(300)]
        with pytest.raises(MinilmError, match=rf"{FILE} cannot be written: .*full"):
            frontier.finish(f"{A}/0", Outcome("kept"), many, 999)
    with Frontier(tmp_path) as frontier:
        assert frontier.outcomes() == {"queued": {"": 1}}
