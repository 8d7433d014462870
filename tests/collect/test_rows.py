"""Rows of JSON lines and of Parquet become documents; a broken one is named with its place."""

import datetime
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minilm.collect.documents import make_document, write_collection
from minilm.collect.rows import (
    as_document,
    as_row,
    jsonl_documents,
    parquet_documents,
    row_document,
)
from minilm.errors import MinilmError

ROW = {
    "text": "Hello",
    "url": "https://example.org/a",
    "license": "CC0",
    "timestamp": "2019-04-25T12:57:54Z",
    "title": "Greeting",
    "lang": "en",
    "score": 0.5,
}


def lines(path: Path, *rows: object) -> Path:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def table(path: Path, *rows: dict, **options) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path, **options)
    return path


READ = [
    ("a.jsonl", lines, jsonl_documents, "line"),
    ("a.jsonl.gz", lines, jsonl_documents, "line"),
    ("a.parquet", table, parquet_documents, "row"),
]
formats = pytest.mark.parametrize(("name", "write", "read", "place"), READ)


@formats
def test_a_row_and_its_facts(tmp_path: Path, name, write, read, place) -> None:
    path = write(
        tmp_path / name, ROW, ROW | {"text": "é", "url": None, "license": "", "lang": None}
    )
    first, second = read(path, "mine")
    assert first == make_document(
        "Hello", id=f"files/{path.as_posix()}#1", source="files", licence="CC0", date="2019-04-25",
        origin="https://example.org/a", title="Greeting", language="en",
    )  # fmt: skip
    assert (second["text"], second["licence"], second["id"][-2:]) == ("é", "mine", "#2")
    assert second["origin"] == f"{path}, {place} 2"
    assert "language" not in second


@formats
def test_whole_documents_stay_as_they_are(tmp_path: Path, name, write, read, place) -> None:
    documents = [
        make_document("a", id="x/1", source="x", licence="CC0", label=0),
        make_document("b", id="x/2", source="x", licence="CC0", date="1790-01-02", title="B"),
    ]
    path = write(tmp_path / name, *map(as_row, documents))
    assert list(read(path)) == documents
    path = write(tmp_path / name, documents[0], documents[1] | {"text": "B"})
    with pytest.raises(MinilmError, match=rf"a\.\w+.*, {place} 2: The text of x/2 is not the one"):
        list(read(path))


def test_a_label_that_is_no_number_makes_no_whole_document(tmp_path: Path) -> None:
    document = make_document("a", id="x/1", source="x", licence="CC0")
    [read] = jsonl_documents(lines(tmp_path / "a.jsonl", document | {"label": "positive"}))
    assert (read["id"], read["source"]) == (f"files/{tmp_path / 'a.jsonl'}#1", "files")
    assert "label" not in read


def test_another_field_of_a_whole_document(tmp_path: Path) -> None:
    document = make_document("a", id="x/1", source="x", licence="CC0", title="Title")
    [read] = jsonl_documents(lines(tmp_path / "a.jsonl", document), field="title")
    assert (read["text"], read["source"]) == ("Title", "files")


def test_a_collection_can_be_read_as_lines(tmp_path: Path) -> None:
    documents = [make_document("é", id="x/1", source="x", licence="CC0")]
    write_collection(documents, tmp_path)
    assert list(jsonl_documents(tmp_path / "documents.jsonl")) == documents


@formats
def test_another_field(tmp_path: Path, name, write, read, place) -> None:
    path = write(tmp_path / name, {"body": "Hello", "n": 1})
    assert next(read(path, field="body"))["text"] == "Hello"
    with pytest.raises(MinilmError, match=rf"{path}.* no .*'text'.*\['body', 'n'\]"):
        next(read(path))


@formats
def test_a_text_that_is_none(tmp_path: Path, name, write, read, place) -> None:
    path = write(tmp_path / name, {"text": "Hello"}, {"text": None})
    with pytest.raises(MinilmError, match=rf"{path}, {place} 2 has no text in 'text'"):
        list(read(path))


def test_dates_of_a_table(tmp_path: Path) -> None:
    day, time = datetime.date(2001, 2, 3), datetime.datetime(2001, 2, 3, 4, 5)
    path = table(tmp_path / "a.parquet", {"text": "a", "date": day, "created": time})
    assert next(parquet_documents(path))["date"] == "2001-02-03"
    path = table(tmp_path / "a.parquet", {"text": "a", "created": time})
    assert next(parquet_documents(path))["date"] == "2001-02-03"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 3 is not JSON"),
        (b"[" * 100_000, "line 3 is not JSON"),
        (b'{"text": "\xff"}', "line 3 is not JSON"),
        (b"[1]", "line 3 is not an object"),
        (b'{"text": 1}', "line 3 has no text in 'text'; its fields are \\['text'\\]"),
        (b'{"text": "\\ud800"}', r"a\.jsonl#3 is not valid Unicode"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n \n' + line + b"\n")
    documents = jsonl_documents(path)
    assert next(documents)["text"] == "a"
    with pytest.raises(MinilmError, match=message) as raised:
        next(documents)
    assert "a.jsonl" in str(raised.value)


def test_half_a_surrogate_pair_in_a_title_is_mended(tmp_path: Path) -> None:
    [document] = jsonl_documents(lines(tmp_path / "a.jsonl", {"text": "a", "title": "b\ud800"}))
    assert document["title"] == "b?"


def test_files_that_are_cut_off_or_something_else(tmp_path: Path) -> None:
    whole = lines(tmp_path / "a.jsonl.gz", *[{"text": f"{n**7}"} for n in range(3000)])
    whole.write_bytes(whole.read_bytes()[:-500])
    with pytest.raises(MinilmError, match=r"a\.jsonl\.gz cannot be read after line \d\d+"):
        list(jsonl_documents(whole))
    whole.write_bytes(b"no gzip")
    with pytest.raises(MinilmError, match=r"a\.jsonl\.gz cannot be read after line 0"):
        list(jsonl_documents(whole))
    for read in (jsonl_documents, parquet_documents):
        with pytest.raises(MinilmError, match="cannot be read"):
            list(read(tmp_path))
    cut = table(tmp_path / "a.parquet", *[{"text": f"{n**7}"} for n in range(3000)])
    cut.write_bytes(cut.read_bytes()[:-500])
    with pytest.raises(MinilmError, match=r"a\.parquet cannot be read after row 0: \S") as raised:
        list(parquet_documents(cut))
    assert "\n" not in str(raised.value)


def test_a_damaged_page_of_a_table_is_named_with_the_row(tmp_path: Path) -> None:
    rows = [{"text": f"{n**7} {n**9}"} for n in range(20_000)]
    path = table(tmp_path / "a.parquet", *rows, row_group_size=5000, use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = b"\xff" * 2000
    path.write_bytes(data)
    with pytest.raises(MinilmError, match=r"a\.parquet cannot be read after row \d{4}"):
        list(parquet_documents(path))


def test_as_document_leaves_out_what_is_none() -> None:
    document = make_document("a", id="x", source="x", licence="CC0", title="T")
    assert as_document(as_row(document) | {"more": 1}) == document
    row = as_row(document)
    with pytest.raises(MinilmError, match="The text of x is not"):
        as_document(row | {"text": "\ud800"})


KEYS = st.sampled_from(["text", "id", "title", "date", "license", "url", "sha256", "label", "x"])
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)


@given(st.lists(st.dictionaries(KEYS, VALUES) | VALUES, max_size=4))
@example([{"text": "a", "date": "0001-01-01" * 9}])
def test_any_rows(tmp_path_factory, rows: list) -> None:
    path = lines(tmp_path_factory.getbasetemp() / "any.jsonl", *rows)
    try:
        documents = list(jsonl_documents(path))
    except MinilmError as error:
        assert "any.jsonl" in str(error)  # noqa: PT017 (it need not raise)
        return
    assert [document["text"] for document in documents] == [row["text"] for row in rows]
    json.dumps(documents, ensure_ascii=False).encode()


@given(st.binary(max_size=300))
def test_any_bytes(tmp_path_factory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    for read in (jsonl_documents, parquet_documents):
        try:
            list(read(path))
        except MinilmError as error:
            assert str(path) in str(error)  # noqa: PT017


def test_a_row_says_where_it_is_from() -> None:
    with pytest.raises(MinilmError, match="row 7 of x has no text in 'body'"):
        row_document({}, id="x", source="x", licence="", origin="row 7 of x", field="body")


PEAK = """
import sys
from collections import Counter
from pathlib import Path
from minilm.collect.files import READERS, suffix_of
from minilm.memory import peak_memory
path = Path(sys.argv[1])
n = sum(len(d["text"]) for d in READERS[suffix_of(path)](path, "", Counter()))
print(n, peak_memory())
"""


def peak(path: Path) -> tuple[int, int]:
    out = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, check=True).stdout
    n, memory = map(int, out.split())
    return n, memory


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str) -> None:
    """Five times the rows, 40 MB more text, and the peak stays within 10 MB."""
    rows = [{"text": f"{n} " * 2000} for n in range(1000)]
    peaks = []
    for times in (1, 5):
        path = tmp_path / f"{times}{suffix}"
        if suffix == ".parquet":
            with pq.ParquetWriter(path, pa.schema({"text": pa.string()})) as writer:
                for _ in range(times):
                    writer.write_table(pa.Table.from_pylist(rows), row_group_size=500)
        else:
            lines(path, *rows * times)
        n, memory = peak(path)
        assert n == times * sum(len(row["text"]) for row in rows)
        peaks.append(memory)
    assert peaks[1] - peaks[0] < 10_000_000
