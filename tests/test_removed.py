"""The list of removals keeps texts out, knows nothing but checksums, and changes stamps."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.documents import Document, make_document
from minilm.errors import MinilmError
from minilm.removed import LIST, Removal, Removed, checksum, text_checksum


def document(id: str, text: str) -> Document:
    return make_document(text, id=id, source="s", licence="MIT")


def removal(id: str, text: str, *places: str) -> Removal:
    return Removal("2026-11-24", checksum(id), text_checksum(text), places)


def test_a_run_without_a_list_has_removed_nothing(tmp_path: Path) -> None:
    removed = Removed.read(tmp_path)
    documents = [document("a", "x")]
    assert list(removed.without(documents)) == documents
    assert removed.stamp("s", ["train"]) == "s"
    assert removed.by_date() == []


def test_id_or_text_is_enough_to_stay_out(tmp_path: Path) -> None:
    Removed([removal("a", "A  secret\r\ntext", "train")]).write(tmp_path)
    removed = Removed.read(tmp_path)
    kept = removed.without(
        [
            document("a", "something else now"),
            document("b", "A secret\n text <br />"),
            document("wrapped", "A\nsecret\n\ntext"),
            document("c", "A public text"),
        ]
    )
    assert [one["id"] for one in kept] == ["c"]
    assert removed.date_of("a") == "2026-11-24"
    assert removed.date_of("b") == ""


def test_the_list_holds_no_text_and_no_id(tmp_path: Path) -> None:
    Removed([removal("files/jane.txt", "Jane was here.", "train")]).write(tmp_path)
    written = (tmp_path / LIST).read_text()
    assert "jane" not in written.lower()


def test_a_stamp_changes_with_what_its_stage_has_read() -> None:
    one, two = removal("a", "x", "collect", "train"), removal("b", "y", "collect", "test")
    assert Removed([one]).stamp("s", ["train", "valid"]) != "s"
    assert Removed([two]).stamp("s", ["train", "valid"]) == "s"
    assert Removed([two]).stamp("s", ["test"]) != "s"
    both = Removed([one, two]).stamp("s", ["train", "test"])
    assert (
        len({both, Removed([one]).stamp("s", ["train"]), Removed([two]).stamp("s", ["test"])}) == 3
    )
    assert Removed([one, two]).by_date() == [{"date": "2026-11-24", "documents": 2}]


@pytest.mark.parametrize("content", ["[]", "{}", "3", '{"removals": [{"id": 1}], "pending": null}'])
def test_a_damaged_list_is_named_and_not_taken_for_an_empty_one(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / LIST).write_text(content)
    with pytest.raises(MinilmError, match=LIST):
        Removed.read(tmp_path)


@given(st.text())
def test_any_text_has_a_checksum(text: str) -> None:
    assert text_checksum(text) == text_checksum(text + "\r\n  ")
    assert json.dumps(checksum(text))
