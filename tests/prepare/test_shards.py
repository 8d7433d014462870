"""Shards give back every id, across borders, and say which file is damaged."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.shards import TokenShards, write_shards

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
        "index.json",
    ]
    assert (tmp_path / "00000.bin").read_bytes() == np.array([1, 2, 299, 4], "<u2").tobytes()


def test_large_vocabularies_take_four_bytes(tmp_path: Path) -> None:
    write(tmp_path, [[70_000, 1]], vocab_size=70_001)
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
    assert [path.name for path in tmp_path.glob("*.bin")] == ["00000.bin"]


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


def edit_index(folder: Path, **changes) -> None:
    path = folder / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


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
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Callable[[Path], object], named: str) -> None:
    write(tmp_path, [[1, 2, 3, 4, 5, 6]])
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
