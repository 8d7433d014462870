"""Shards give back every id, across borders, and say which file is damaged."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.shard_index import checksum
from minilm.prepare.shards import ShardWriter, TokenShards, write_shards

LENGTHS = [1] * 300


def write(folder: Path, pieces: list, **options) -> dict:
    usual = {"vocab_size": 300, "token_lengths": LENGTHS, "n_bytes": 7, "shard_tokens": 4}
    return write_shards(pieces, folder, **(usual | options))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 299), max_size=9)).filter(any), st.integers(1, 12), st.data()
)
def test_every_range_comes_back(tmp_path_factory, pieces, shard_tokens, data) -> None:
    folder = tmp_path_factory.mktemp("shards")
    ids = [id_ for piece in pieces for id_ in piece]
    write(folder, pieces, shard_tokens=shard_tokens)
    shards = TokenShards.open(folder)
    start = data.draw(st.integers(0, len(ids)))
    stop = data.draw(st.integers(start, len(ids)))
    assert len(shards) == len(ids)
    assert shards.read(start, stop).tolist() == ids[start:stop]
    assert shards.read(start, stop).dtype == np.int64


def test_the_index_is_kept(tmp_path: Path) -> None:
    write(tmp_path, [np.array([1, 2, 299], dtype=np.uint16), [4, 5]])
    shards = TokenShards.open(tmp_path)
    assert (shards.vocab_size, shards.n_bytes, shards.token_lengths.tolist()) == (300, 7, LENGTHS)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00000.bin",
        "00001.bin",
        "documents.bin",
        "documents.txt",
        "index.json",
    ]
    assert (tmp_path / "00000.bin").read_bytes() == np.array([1, 2, 299, 4], "<u2").tobytes()


def test_large_vocabularies_take_four_bytes(tmp_path: Path) -> None:
    write(tmp_path, [[70_000, 1]], vocab_size=70_001, token_lengths=[1] * 70_001)
    assert TokenShards.open(tmp_path).read(0, 2).tolist() == [70_000, 1]
    assert (tmp_path / "00000.bin").stat().st_size == 8


def test_checksum_depends_on_the_ids(tmp_path: Path) -> None:
    for name, ids in (("a", [1, 2]), ("b", [1, 2]), ("c", [2, 1])):
        write(tmp_path / name, [ids])
    a, b, c = (TokenShards.open(tmp_path / name).sha256 for name in "abc")
    assert a == b != c


def test_writing_again_replaces_more_shards_by_fewer(tmp_path: Path) -> None:
    write(tmp_path, [list(range(20))])
    write(tmp_path, [[1, 2]])
    assert TokenShards.open(tmp_path).read(0, 2).tolist() == [1, 2]
    assert [path.name for path in tmp_path.glob("0*.bin")] == ["00000.bin"]


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


def edit_index(folder: Path, **changes) -> None:
    """Write another index, with a checksum that fits it."""
    path = folder / "index.json"
    index = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(index | {"sha256": checksum(index)}))


def edit_text(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def swap(first: Path, second: Path) -> None:
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: flip_a_bit(folder / "00001.bin"), r"00001\.bin is damaged"),
        (lambda folder: (folder / "00001.bin").write_bytes(b"1"), r"00001\.bin has 1 bytes"),
        (lambda folder: (folder / "00001.bin").unlink(), r"00001\.bin is missing"),
        (lambda folder: (folder / "index.json").unlink(), r"index\.json is missing"),
        (lambda folder: (folder / "index.json").write_text('{"dtype"'), r"index\.json is damaged"),
        (lambda folder: (folder / "index.json").write_text("[]"), r"index\.json is not an index"),
        (lambda folder: edit_index(folder, shards=[{}]), r"index\.json is damaged"),
        (lambda folder: edit_index(folder, dtype="<u9"), r"index\.json is damaged"),
        (lambda folder: edit_index(folder, shards=3), r"index\.json is damaged"),
        (lambda folder: edit_index(folder, token_lengths=None), r"index\.json is damaged"),
        (lambda folder: edit_index(folder, n_documents="2"), r"index\.json is damaged"),
        (
            lambda folder: edit_text(folder / "index.json", '"n_tokens": 8', '"n_tokens": 9'),
            r"index\.json is damaged: its checksum",
        ),
        (lambda folder: swap(folder / "00000.bin", folder / "00001.bin"), r"00000\.bin is damaged"),
        (lambda folder: flip_a_bit(folder / "documents.bin"), r"documents\.bin is damaged"),
        (lambda folder: flip_a_bit(folder / "documents.txt"), r"documents\.txt is damaged"),
        (
            lambda folder: (folder / "documents.txt").write_bytes(b"a"),
            r"documents\.txt has 1 bytes",
        ),
        (lambda folder: (folder / "documents.bin").unlink(), r"documents\.bin is missing"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Callable[[Path], object], named: str) -> None:
    write(tmp_path, [[1, 2, 3, 4, 5], [6, 7, 8]], document_ids=["a", "b"])
    damage(tmp_path)
    with pytest.raises(MinilmError, match=named):
        TokenShards.open(tmp_path)


def test_a_quick_opening_reads_no_shard(tmp_path: Path) -> None:
    write(tmp_path, [[1, 2, 3]])
    flip_a_bit(tmp_path / "00000.bin")
    assert len(TokenShards.open(tmp_path, verify=False)) == 3


@pytest.mark.parametrize("pieces", [[], [[]], [[300]], [[-1]]])
def test_nothing_or_wrong_ids_are_refused(tmp_path: Path, pieces: list) -> None:
    with pytest.raises(MinilmError, match=r"no tokens|vocabulary"):
        write(tmp_path, pieces)


def test_an_interrupted_writing_leaves_no_index(tmp_path: Path) -> None:
    write(tmp_path, [[1, 2, 3]])
    with pytest.raises(MinilmError):
        write(tmp_path, [[1] * 5, [300]])
    with pytest.raises(MinilmError, match=r"index\.json is missing"):
        TokenShards.open(tmp_path)


def test_ranges_outside_are_refused(tmp_path: Path) -> None:
    write(tmp_path, [[1, 2, 3]])
    for start, stop in ((-1, 2), (0, 4), (2, 1)):
        with pytest.raises(MinilmError, match="it has 3"):
            TokenShards.open(tmp_path).read(start, stop)


documents = st.lists(
    st.tuples(st.lists(st.integers(0, 299), max_size=9), st.text(max_size=5)), max_size=12
).filter(lambda rows: any(ids for ids, _ in rows))


@settings(max_examples=50, deadline=None)
@given(documents, st.integers(1, 12))
def test_documents_know_their_place_and_name(tmp_path_factory, rows, shard_tokens) -> None:
    folder = tmp_path_factory.mktemp("shards")
    usual = {"vocab_size": 300, "token_lengths": np.arange(300), "shard_tokens": shard_tokens}
    with ShardWriter(folder, **usual) as writer:
        for ids, name in rows:
            writer.add(ids, name)
    shards = TokenShards.open(folder)
    names, starts = shards.documents
    assert list(names) == names[:] == [name for _, name in rows]
    assert writer.index["n_documents"] == len(names) == len(starts) == len(rows)
    assert names[-1] == rows[-1][1]
    assert shards.document_lengths.tolist() == [len(ids) for ids, _ in rows]
    assert shards.document_bytes.tolist() == [sum(ids) for ids, _ in rows]
    assert shards.n_bytes == sum(sum(ids) for ids, _ in rows)
    for (ids, _), start in zip(rows, starts.tolist(), strict=True):
        assert shards.read(start, start + len(ids)).tolist() == ids


def test_places_are_mapped_and_read_when_looked_at(tmp_path: Path) -> None:
    write(tmp_path, [[1, 2], [3]], document_ids=iter(["a", "b"]))
    names, starts = TokenShards.open(tmp_path).documents
    assert isinstance(starts.base, np.memmap)
    assert isinstance(names._text, np.memmap)
    with pytest.raises(IndexError):
        names[2]


def test_bytes_may_be_said_by_document(tmp_path: Path) -> None:
    with ShardWriter(tmp_path, vocab_size=300, token_lengths=LENGTHS) as writer:
        writer.add([1, 2], "a", n_bytes=10)
        writer.add([3], "b")
    shards = TokenShards.open(tmp_path)
    assert (shards.document_bytes.tolist(), shards.n_bytes) == ([10, 1], 11)


def test_strange_names_survive(tmp_path: Path) -> None:
    names = ["", "two\nlines", "\ud800", "日本", " "]
    write(tmp_path, [[1]] * 5, document_ids=names)
    assert list(TokenShards.open(tmp_path).documents[0]) == names


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]])
def test_names_must_match_the_documents(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(MinilmError, match=r"fewer|more"):
        write(tmp_path, [[1], [2]], document_ids=names)
    assert not list(tmp_path.glob("*index*"))


def test_lengths_must_match_the_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match="299 token_lengths for 300"):
        write(tmp_path, [[1]], token_lengths=[1] * 299)


def test_a_folder_of_the_first_format_is_read_without_documents(tmp_path: Path) -> None:
    write(tmp_path, [[1, 2, 3, 4, 5]])
    path = tmp_path / "index.json"
    index = json.loads(path.read_text())
    for key in ("documents", "n_documents", "generation", "sha256"):
        del index[key]
    path.write_text(json.dumps(index | {"format": "minilm shards 1"}))
    shards = TokenShards.open(tmp_path)
    assert shards.read(0, 5).tolist() == [1, 2, 3, 4, 5]
    with pytest.raises(MinilmError, match="does not know its documents"):
        _ = shards.documents


def test_what_a_killed_writing_left_is_swept_away(tmp_path: Path) -> None:
    left = ["00007.bin", ".00001.bin.ab12", ".documents.bin.ff00", "00002-3.bin"]
    for name in (*left, "labelled.jsonl", "notes.bin"):
        (tmp_path / name).write_bytes(b"x")
    write(tmp_path, [[1, 2, 3]])
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {
        *("00000.bin", "documents.bin", "documents.txt", "index.json"),
        *("labelled.jsonl", "notes.bin"),
    }


def test_memory_is_one_shard(tmp_path: Path) -> None:
    tracemalloc.start()
    with ShardWriter(
        tmp_path, vocab_size=300, token_lengths=LENGTHS, shard_tokens=10_000
    ) as writer:
        for number in range(2_000):
            writer.add(np.zeros(500, np.uint16), f"document {number}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000  # a million tokens were written
