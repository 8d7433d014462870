"""Your own files become documents; a file that is not UTF-8 is named with the byte."""

from pathlib import Path

import pytest

from minilm.collect.files import file_documents
from minilm.errors import MinilmError


def test_text_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_bytes(b"zwei\r\n")
    (tmp_path / "a.md").write_text("eins é", encoding="utf-8")
    (tmp_path / "sub" / "c.txt").write_text("drei")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    documents = list(file_documents(f"{tmp_path}/*"))
    assert [document["text"] for document in documents] == ["eins é", "zwei\r\n"]
    assert documents[0]["licence"] == "stated by you"
    assert documents[0]["origin"] == str(tmp_path / "a.md")
    assert len(list(file_documents(f"{tmp_path}/**"))) == 3
    assert len(list(file_documents(str(tmp_path)))) == 3


def test_no_match(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match=r"No \.txt or \.md file matches"):
        next(file_documents(f"{tmp_path}/*.txt"))


def test_wrong_utf8_is_named_with_its_byte(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("abc é".encode("latin-1"))
    with pytest.raises(MinilmError, match=r"latin\.txt is not UTF-8: byte 4 is 0xe9"):
        next(file_documents(f"{tmp_path}/*.txt"))


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(MinilmError, match=r"folder\.txt cannot be read"):
        next(file_documents(f"{tmp_path}/*.txt"))
