"""Erased pages are gone from the bytes, the others stand where they stood."""

import gzip
import random
from pathlib import Path

import pytest

from minilm.collect.erase import NOTE, erase_pages
from minilm.collect.warc import Place, WarcWriter, WebPage, read_responses
from minilm.errors import MinilmError


def page(number: int, size: int) -> WebPage:
    body = random.Random(number).randbytes(size) + f"secret {number}".encode()
    address = f"http://127.0.0.1/{number}"
    return WebPage(
        address, 200, "text/html", (("Content-Type", "text/html"),), body, "2026-11-24T00:00:00Z"
    )


@pytest.fixture
def archive(tmp_path: Path) -> tuple[Path, list[Place]]:
    with WarcWriter(tmp_path, {"software": "test"}) as writer:
        places = [writer.append(page(n, size)) for n, size in enumerate((0, 10, 200_000, 5))]
    return tmp_path / places[0].file, places


@pytest.mark.parametrize("gone", [{0}, {1}, {2}, {1, 2}, {3}, {0, 1, 2, 3}, set()])
def test_the_other_pages_stay_in_their_places(
    archive: tuple[Path, list[Place]], tmp_path: Path, gone: set[int]
) -> None:
    path, places = archive
    new = tmp_path / "new.warc.gz"
    assert erase_pages(path, new, {f"http://127.0.0.1/{n}" for n in gone}) == 2 * len(gone)
    old_bytes, new_bytes = path.read_bytes(), new.read_bytes()
    assert len(new_bytes) == len(old_bytes)
    assert [one.url for one in read_responses(new)] == [
        f"http://127.0.0.1/{n}" for n in range(4) if n not in gone
    ]
    text = gzip.decompress(new_bytes)
    for n, place in enumerate(places):
        assert (f"secret {n}".encode() in text) == (n not in gone)
        assert (new_bytes[place.start : place.end] == old_bytes[place.start : place.end]) == (
            n not in gone
        )
    assert (NOTE in text) == bool(gone)


def test_erasing_twice_is_erasing_once(archive: tuple[Path, list[Place]], tmp_path: Path) -> None:
    path, _ = archive
    new, again = tmp_path / "new.warc.gz", tmp_path / "again.warc.gz"
    erase_pages(path, new, {"http://127.0.0.1/1"})
    assert erase_pages(new, again, {"http://127.0.0.1/1"}) == 0
    assert again.read_bytes() == new.read_bytes()


def test_a_damaged_archive_is_named(archive: tuple[Path, list[Place]], tmp_path: Path) -> None:
    path, places = archive
    data = bytearray(path.read_bytes())
    data[places[2].start + 500 : places[2].start + 600] = b"x" * 100
    path.write_bytes(data)
    with pytest.raises(MinilmError, match=path.name):
        erase_pages(path, tmp_path / "new.warc.gz", {"http://127.0.0.1/3"})
