"""Collections come back as they were written, and damaged ones are named."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.documents import (
    Document,
    iso_day,
    make_document,
    read_collection,
    write_collection,
)
from minilm.errors import MinilmError


def document(text: str = "Hello", number: int = 1, **more) -> Document:
    return make_document(text, id=f"test/{number}", source="test", licence="CC0", **more)


def test_make_document_knows_its_checksum_and_leaves_out_an_absent_label() -> None:
    assert document("é")["sha256"] == hashlib.sha256("é".encode()).hexdigest()
    assert "label" not in document()
    assert document(label=0)["label"] == 0


def test_make_document_keeps_what_is_known_and_leaves_out_the_rest() -> None:
    known = {"title": "A talk", "language": "en", "opt_out": "robots.txt"}
    assert known.items() <= document(**known).items()
    assert not known.keys() & document().keys()


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(MinilmError, match="test/1 is not valid Unicode"):
        document("\ud800")


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=1, max_size=5))
def test_round_trip(tmp_path_factory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("collection")
    documents = [document(text, number) for number, text in enumerate(texts)]
    write_collection(iter(documents), folder)
    assert list(read_collection(folder)) == documents


def test_manifest_sums_up_each_source(tmp_path: Path) -> None:
    other = make_document("é\n", id="b", source="other", licence="MIT", date="1801-02-03")
    older = make_document("e", id="c", source="other", licence="CC0", date="1790-01-02")
    manifest = write_collection([document("abc", label=1), other, older], tmp_path)
    assert manifest == json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["documents"] == 3
    assert manifest["bytes"] == 7
    assert manifest["sources"]["other"] == {
        "documents": 2,
        "bytes": 4,
        "licence": "MIT; CC0",
        "first_date": "1790-01-02",
        "last_date": "1801-02-03",
    }
    rows = list(csv.DictReader((tmp_path / "manifest.csv").read_text().splitlines()))
    assert [row["id"] for row in rows] == ["test/1", "b", "c"]
    assert (rows[0]["label"], rows[1]["label"], rows[1]["bytes"]) == ("1", "", "3")
    assert "text" not in rows[0]


def test_an_empty_collection_leaves_the_old_one(tmp_path: Path) -> None:
    write_collection([document()], tmp_path)
    with pytest.raises(MinilmError, match="empty"):
        write_collection([], tmp_path)
    assert list(read_collection(tmp_path)) == [document()]


def test_equal_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match="Two documents have the id test/1"):
        write_collection([document("a"), document("b")], tmp_path)


def truncate(folder: Path) -> None:
    path = folder / "documents.jsonl"
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (truncate, r"documents\.jsonl is not the file"),
        (lambda folder: (folder / "documents.jsonl").unlink(), r"documents\.jsonl is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), r"manifest\.json is missing"),
        (lambda folder: (folder / "manifest.json").write_text("{"), r"manifest\.json is damaged"),
    ],
)
def test_damage_is_named_before_the_first_document(tmp_path: Path, damage, named: str) -> None:
    write_collection([document("a", 1), document("b", 2)], tmp_path)
    damage(tmp_path)
    with pytest.raises(MinilmError, match=named):
        read_collection(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"not json", "line 2 is not a document"),
        (b"[1]", "line 2 is not a document"),
        (b'{"id": "\xff"}', "line 2 is not a document"),
        (b'{"id": "x"}', "line 2 lacks date, licence, origin, sha256, source, text"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, line: bytes, message: str) -> None:
    manifest = write_collection([document()], tmp_path)
    path = tmp_path / "documents.jsonl"
    path.write_bytes(path.read_bytes() + line + b"\n")
    manifest["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(MinilmError, match=message):
        list(read_collection(tmp_path))


@pytest.mark.parametrize(
    ("claim", "day"),
    [
        ("2024-05-03", "2024-05-03"),
        (" 2024-05-03T12:00:00+02:00", "2024-05-03"),
        ("2024-02-30", ""),
        ("May 2024", ""),
        ("", ""),
    ],
)
def test_days(claim: str, day: str) -> None:
    assert iso_day(claim) == day
