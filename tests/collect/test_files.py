"""Your own files become documents, each kind by its suffix; what cannot be read is named."""

import bz2
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from minilm.collect.files import READERS, file_documents, matching_files, suffix_of
from minilm.collect.sources import open_source
from minilm.errors import MinilmError

WORDS = "A text of some words that is long enough to be the main text of a page of the web"
PAGE = f"<html><body><p>{WORDS}</p></body></html>".encode()


def test_text_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_bytes(b"zwei\r\n")
    (tmp_path / "a.md").write_text("eins é", encoding="utf-8")
    (tmp_path / "sub" / "c.TXT").write_text("drei")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    documents = list(file_documents(f"{tmp_path}/*"))
    assert [document["text"] for document in documents] == ["eins é", "zwei\r\n"]
    assert documents[0]["licence"] == "stated by you"
    assert documents[0]["origin"] == str(tmp_path / "a.md")
    assert len(list(file_documents(f"{tmp_path}/**"))) == 3
    assert len(list(file_documents(str(tmp_path)))) == 3


def warc(compressed: bool) -> bytes:
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=compressed)
    headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.0")
    body, size = io.BytesIO(PAGE), len(PAGE)  # without a size warcio leaves a temporary file open
    record = writer.create_warc_record(
        "http://example.org/", "response", body, length=size, http_headers=headers
    )
    writer.write_record(record)
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"text": [WORDS]}), file)
    return file.getvalue()


LINE = json.dumps({"text": WORDS}).encode()
WIKI = (
    "<mediawiki><page><title>T</title><ns>0</ns><id>1</id>"
    f"<revision><text>{WORDS}</text></revision></page></mediawiki>"
).encode()
FILES = {
    ".txt": WORDS.encode(),
    ".md": WORDS.encode(),
    ".jsonl": LINE,
    ".jsonl.gz": gzip.compress(LINE),
    ".parquet": parquet(),
    ".html": PAGE,
    ".htm": PAGE,
    ".warc": warc(False),
    ".warc.gz": warc(True),
    ".xml": WIKI,
    ".xml.gz": gzip.compress(WIKI),
    ".xml.bz2": bz2.compress(WIKI),
}


def test_every_kind_of_file_is_tested() -> None:
    assert FILES.keys() == READERS.keys()


def test_every_kind_of_file_gives_a_document(tmp_path: Path) -> None:
    for suffix, data in FILES.items():
        (tmp_path / f"file{suffix}").write_bytes(data)
    documents = list(open_source(f"files:{tmp_path}"))
    assert [document["text"] for document in documents] == [WORDS] * len(FILES)
    assert len({document["id"] for document in documents}) == len(FILES)
    assert {document["source"] for document in documents} == {"files"}
    licences = {suffix_of(d["id"].partition("#")[0]): d["licence"] for d in documents}
    assert {suffix for suffix, known in licences.items() if known == "not stated"} == {
        ".html", ".htm", ".warc", ".warc.gz", ".xml", ".xml.gz", ".xml.bz2"
    }  # fmt: skip
    assert {d["licence"] for d in file_documents(str(tmp_path), "mine")} == {"mine"}


@pytest.mark.parametrize("suffix", FILES)
def test_every_kind_of_broken_file_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(b"\xff\x00\xfe nonsense \xff" * 9)
    with pytest.raises(MinilmError, match="file") as raised:
        list(file_documents(str(path)))
    assert "\n" not in str(raised.value)


def test_what_was_left_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "a.html").write_bytes(PAGE)
    (tmp_path / "b.html").write_bytes(b"<html></html>")
    list(file_documents(f"{tmp_path}/*"))
    assert capsys.readouterr().err == f"files:{tmp_path}/*: 1 documents; left out: 1 no main text\n"
    with pytest.raises(MinilmError, match=r"b\.html' hold no text: 1 no main text"):
        list(file_documents(f"{tmp_path}/b.html"))


def test_no_match(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match=r"No file that matches .* ends in \.txt, \.md, \.jsonl"):
        next(file_documents(f"{tmp_path}/*.txt"))


def test_wrong_utf8_is_named_with_its_byte(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("abc é".encode("latin-1"))
    with pytest.raises(MinilmError, match=r"latin\.txt is not UTF-8: byte 4 is 0xe9"):
        next(file_documents(f"{tmp_path}/*.txt"))


@pytest.mark.parametrize("suffix", FILES)
def test_an_unreadable_file_is_named(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(MinilmError, match=rf"folder{suffix} cannot be read"):
        next(file_documents(f"{tmp_path}/*{suffix}"))


def test_matching_files_are_those_with_a_reader(tmp_path: Path) -> None:
    for name in ("b.jsonl.gz", "a.warc", "c.gz", "d.csv"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in matching_files(str(tmp_path))] == ["a.warc", "b.jsonl.gz"]


def test_libraries_of_other_kinds_are_not_loaded_for_a_text_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    code = (
        "import sys; from minilm.collect.sources import open_source;"
        f"list(open_source('files:{tmp_path}'));"
        "print([m for m in ('pyarrow', 'trafilatura', 'mwparserfromhell') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
