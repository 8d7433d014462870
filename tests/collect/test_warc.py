"""Pages go into WARC files and come out as they were; damage is named."""

import gzip
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from minilm.collect import warc
from minilm.collect.warc import Place, WarcWriter, WebPage, read_responses
from minilm.errors import MinilmError

INFO = {"software": "minilm-test/1", "robots": "obey", "operator": ""}


def page(number: int = 0, body: bytes = b"<p>hi</p>") -> WebPage:
    headers = (("Content-Type", "text/html"), ("X-Robots-Tag", "noai"), ("Set-Cookie", "a=b"))
    url, date = f"http://a.example/{number}?x=1", "2026-11-24T08:00:00Z"
    return WebPage(url, 200, "text/html", headers, body, date)


def write(folder: Path, *pages: WebPage, last: Place | None = None) -> list[Place]:
    with WarcWriter(folder, INFO, last) as writer:
        return [writer.append(p, [("Host", "a.example")], "192.0.2.7", "OK") for p in pages]


def bodies(path: Path) -> list[bytes]:
    return [p.body for p in read_responses(path)]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path, page(0), page(1, b""))
    first, second = read_responses(tmp_path / "crawl-00000.warc.gz")
    length = ("Content-Length", "9")
    assert first == WebPage(**{**page(0).__dict__, "headers": (*page(0).headers, length)})
    assert (second.url, second.body) == ("http://a.example/1?x=1", b"")


def test_records_are_those_that_archives_keep(tmp_path: Path) -> None:
    write(tmp_path, page(0), page(1))
    with open(tmp_path / "crawl-00000.warc.gz", "rb") as file:
        records = []
        for record in ArchiveIterator(file, check_digests="raise"):
            content = record.content_stream().read()
            records.append((record.rec_type, record.rec_headers, record.http_headers, content))
    assert [kind for kind, *_ in records] == ["warcinfo", *["response", "request"] * 2]
    assert records[0][3] == b"software: minilm-test/1\r\nrobots: obey\r\n"
    response, request = records[1][1], records[2][1]
    assert response["WARC-Target-URI"] == request["WARC-Target-URI"] == "http://a.example/0?x=1"
    assert response["WARC-Date"] == request["WARC-Date"] == "2026-11-24T08:00:00Z"
    assert response["WARC-IP-Address"] == "192.0.2.7"
    assert request["WARC-Concurrent-To"] == response["WARC-Record-ID"]
    assert records[1][2].statusline == "200 OK"
    assert records[2][2].to_str().startswith("GET /0?x=1 HTTP/1.1\r\nHost: a.example")


def test_headers_of_the_wire_do_not_describe_the_body(tmp_path: Path) -> None:
    told = (("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"), ("Content-Length", "3"))
    write(tmp_path, WebPage(**{**page().__dict__, "headers": told}))
    (read,) = read_responses(tmp_path / "crawl-00000.warc.gz")
    assert read.body == b"<p>hi</p>"
    assert ("X-Crawl-Content-Encoding", "gzip") in read.headers
    assert ("Content-Length", "9") in read.headers
    assert "Content-Encoding" not in dict(read.headers)


def test_each_place_begins_a_record_and_a_file_can_go_on(tmp_path: Path) -> None:
    places = write(tmp_path, page(0), page(1))
    path = tmp_path / "crawl-00000.warc.gz"
    (tmp_path / "tail.warc.gz").write_bytes(path.read_bytes()[places[1].start : places[1].end])
    assert [p.url for p in read_responses(tmp_path / "tail.warc.gz")] == [page(1).url]
    write(tmp_path, page(2), last=places[1])
    assert [p.url for p in read_responses(path)] == [page(n).url for n in (0, 1, 2)]


def test_what_was_not_written_down_is_cut_off(tmp_path: Path) -> None:
    places = write(tmp_path, page(0), page(1), page(2))
    write(tmp_path, page(3), last=places[0])
    urls = [p.url for p in read_responses(tmp_path / "crawl-00000.warc.gz")]
    assert urls == [page(0).url, page(3).url]
    write(tmp_path, page(4))  # nothing was
    urls = [p.url for p in read_responses(tmp_path / "crawl-00000.warc.gz")]
    assert urls == [page(4).url]


def test_lost_pages_are_noticed(tmp_path: Path) -> None:
    (place,) = write(tmp_path, page())
    path = tmp_path / place.file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(MinilmError, match="pages are lost"):
        write(tmp_path, page(1), last=place)


def test_a_full_file_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warc, "FULL", 1000)
    places = write(tmp_path, *(page(n) for n in range(5)))
    names = sorted({place.file for place in places})
    assert len(names) > 1
    assert names == [f"crawl-{n:05d}.warc.gz" for n in range(len(names))]
    with gzip.open(tmp_path / names[-1]) as file:
        assert b"WARC-Type: warcinfo" in file.read(60)
    write(tmp_path, page(5), last=places[0])  # all files after the last place are cut off
    urls = [p.url for path in sorted(tmp_path.iterdir()) for p in read_responses(path)]
    assert urls == [page(0).url, page(5).url]


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_others(tmp_path: Path) -> None:
    """Not compressed; compressed and chunked as on the wire; records of other kinds."""
    path = tmp_path / "other.warc"
    packed = gzip.compress(b"<p>packed</p>")
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    told = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]
    answer = StatusAndHeaders("200 OK", [*told, ("Transfer-Encoding", "chunked")], "HTTP/1.1")
    with open(path, "wb") as file:
        writer = WARCWriter(file, gzip=False)
        writer.write_record(writer.create_warcinfo_record("x", {"software": "other"}))
        for kind, body in (("response", chunked), ("resource", b"raw"), ("metadata", b"a: b")):
            record = writer.create_warc_record(
                "http://b.example/",
                kind,
                payload=io.BytesIO(body),
                length=len(body),
                http_headers=answer if kind == "response" else None,
            )
            writer.write_record(record)
    (read,) = read_responses(path)
    assert (read.url, read.status, read.body) == ("http://b.example/", 200, b"<p>packed</p>")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match=r"none\.warc cannot be read: No such file"):
        next(read_responses(tmp_path / "none.warc"))


def test_a_cut_response_is_named_after_those_before_it(tmp_path: Path) -> None:
    noise = bytes(range(256)) * 40
    places = write(tmp_path, page(0), page(1, noise))
    path = tmp_path / "crawl-00000.warc.gz"
    path.write_bytes(path.read_bytes()[: places[1].start + 500])
    pages = read_responses(path)
    assert next(pages).url == page(0).url
    with pytest.raises(MinilmError, match=r"crawl-00000\.warc\.gz is not a whole WARC file"):
        next(pages)


def test_a_file_that_ends_anywhere_inside_a_record_is_named(tmp_path: Path) -> None:
    """Also inside a record's first bytes, where warcio alone sees the end of the file."""
    places = write(tmp_path, page(0), page(1))
    path = tmp_path / "crawl-00000.warc.gz"
    whole = path.read_bytes()
    for cut in range(places[1].start + 1, places[1].start + 200, 9):
        path.write_bytes(whole[:cut])
        with pytest.raises(MinilmError, match=r"crawl-00000\.warc\.gz is not a whole WARC file"):
            list(read_responses(path))
    path.write_bytes(gzip.decompress(whole)[:-1])
    with pytest.raises(MinilmError, match="it ends inside a record"):
        list(read_responses(path))
    path.write_bytes(whole[: places[1].start])
    assert len(list(read_responses(path))) == 1


@given(data=st.binary(max_size=200), place=st.integers(0, 3000), bit=st.integers(0, 7))
def test_any_bytes_are_pages_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("warc")
    write(folder, page(0, data), page(1))
    whole = bytearray((folder / "crawl-00000.warc.gz").read_bytes())
    whole[place % len(whole)] ^= 1 << bit
    for name, content in (("flipped", bytes(whole)), ("any", data), ("gz", gzip.compress(data))):
        (folder / name).write_bytes(content)
        with suppress(MinilmError):  # which is all that may be raised
            assert all(isinstance(read.body, bytes) for read in read_responses(folder / name))
