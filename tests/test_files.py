"""Files are whole or not there, and their errors say what to do."""

import errno
import os
import stat

import pytest

from minilm.errors import MinilmError
from minilm.files import atomic_writer, read_json, sha256_of, write_json


def test_a_file_appears_whole_and_readable_by_others_as_usual(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    with atomic_writer(path, "w") as file:
        file.write("é\n")
        assert not path.exists()
    assert path.read_bytes() == "é\n".encode()
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half():
        with atomic_writer(path) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named_and_the_old_file_kept(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(MinilmError, match=r"disk is full.*Free some space"),
        atomic_writer(path) as f,
    ):
        f.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_comes_back_and_damage_is_named(tmp_path):
    path = tmp_path / "value.json"
    with pytest.raises(MinilmError, match=r"value\.json is missing"):
        read_json(path)
    write_json(path, {"a": [1, "é"]})
    assert read_json(path) == {"a": [1, "é"]}
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(MinilmError, match="is damaged"):
        read_json(path)
    path.write_bytes(b'"\xff"')
    with pytest.raises(MinilmError, match="is damaged"):
        read_json(path)


def test_the_checksum_is_that_of_the_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
