"""What is forgotten is gone, the rest stays, and a killed removal leaves one or the other."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.forget import remove_documents
from minilm.prepare.shards import ShardWriter, TokenShards

Rows = list[tuple[list[int], str]]


def write(folder: Path, rows: Rows, shard_tokens: int = 4) -> None:
    sizes = {"vocab_size": 300, "token_lengths": np.arange(300), "shard_tokens": shard_tokens}
    with ShardWriter(folder, **sizes) as writer:
        for ids, name in rows:
            writer.add(ids, name)


def read(folder: Path) -> Rows:
    """The whole content of a folder, checked on the way."""
    shards = TokenShards.open(folder)
    names, starts = shards.documents
    assert shards.n_bytes == shards.document_bytes.sum()
    assert len(shards) == shards.document_lengths.sum() == shards.index["n_tokens"]
    assert len(names) == shards.index["n_documents"]
    assert all(entry["n_tokens"] for entry in shards.index["shards"])
    ends = starts + shards.document_lengths
    rows = [
        (shards.read(a, b).tolist(), name) for a, b, name in zip(starts, ends, names, strict=True)
    ]
    assert shards.document_bytes.tolist() == [sum(ids) for ids, _ in rows]
    return rows


rows_of_documents = st.lists(
    st.tuples(st.lists(st.integers(0, 299), max_size=9), st.sampled_from("abcdef")), max_size=12
).filter(lambda rows: any(ids for ids, _ in rows))


@settings(max_examples=100, deadline=None)
@given(rows_of_documents, st.integers(1, 12), st.lists(st.sets(st.sampled_from("abcdefgh"))))
def test_the_rest_is_as_if_it_had_been_written_alone(
    tmp_path_factory, rows, shard_tokens, removals
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    write(folder, rows, shard_tokens)
    for ids in removals:  # one removal after the other, in the same folder
        kept = [row for row in rows if row[1] not in ids]
        assert remove_documents(folder, iter(ids)) == len(rows) - len(kept)
        assert read(folder) == kept
        rows = kept


def test_only_shards_that_held_it_are_rewritten(tmp_path: Path) -> None:
    write(tmp_path, [([1, 2, 3], "a"), ([4, 5], "b"), ([6, 7, 8], "c"), ([9, 10], "d")])
    before = {path.name: path.stat().st_ino for path in tmp_path.glob("0*.bin")}
    remove_documents(tmp_path, ["b"])
    after = {path.name: path.stat().st_ino for path in tmp_path.glob("0*.bin")}
    assert set(after) == {"00000-1.bin", "00001-1.bin", "00002.bin"}
    assert after["00002.bin"] == before["00002.bin"]


def test_no_byte_of_it_stays(tmp_path: Path) -> None:
    write(tmp_path, [([1, 2], "a"), ([201, 202], "secret"), ([3], "c")], shard_tokens=100)
    remove_documents(tmp_path, ["secret"])
    remains = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret" not in remains
    assert np.array([201], "<u2").tobytes() not in b"".join(
        path.read_bytes() for path in tmp_path.glob("0*.bin")
    )


class Killed(BaseException):
    """Stands for a process that ends without warning."""


@pytest.mark.parametrize("moment", range(1, 12))
def test_killed_at_any_moment_it_is_the_old_or_the_new(tmp_path, monkeypatch, moment) -> None:
    rows = [([1, 2, 3], "a"), ([4, 5], "b"), ([6, 7, 8], "c"), ([9], "d")]
    write(tmp_path, rows)
    kept = [row for row in rows if row[1] != "b"]
    n_changes = 0

    def counted(change):
        def call(*args, **options):
            nonlocal n_changes
            n_changes += 1
            if n_changes >= moment:  # a dead process does not tidy up either
                raise Killed
            return change(*args, **options)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", counted(os.replace))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        try:
            remove_documents(tmp_path, ["b"])
        except Killed:
            assert read(tmp_path) in (rows, kept)
            assert moment <= 9
        else:
            assert moment > 9  # four new files, the index, four old files: nine changes
    remove_documents(tmp_path, ["b"])
    assert read(tmp_path) == kept
    assert len(list(tmp_path.iterdir())) == 3 + len(list(tmp_path.glob("0*.bin")))


def test_everything_may_be_forgotten(tmp_path: Path) -> None:
    write(tmp_path, [([1, 2], "a")])
    assert remove_documents(tmp_path, ["a"]) == 1
    assert read(tmp_path) == []
    assert TokenShards.open(tmp_path).read(0, 0).tolist() == []


def test_a_damaged_folder_is_not_touched(tmp_path: Path) -> None:
    write(tmp_path, [([1, 2], "a"), ([3], "b")])
    (tmp_path / "00000.bin").write_bytes(b"123456")
    with pytest.raises(MinilmError, match=r"00000\.bin is damaged"):
        remove_documents(tmp_path, ["a"])
