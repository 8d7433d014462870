"""What is written comes back sorted or in order, whatever the size; what changed is named."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.scratch import Records, Scratch

NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 3)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=200), st.integers(1, 20))
def test_records_come_back_sorted_in_whole_groups(tmp_path_factory, pairs, limit) -> None:
    path = tmp_path_factory.mktemp("records") / "records"
    records = Records(path, limit)
    for key, value in pairs:
        records.add([key], value)
    assert len(records) == len(pairs)
    blocks = [[(int(k), int(v)) for k, v in block] for block in records.blocks()]
    assert [pair for block in blocks for pair in block] == sorted(pairs)
    keys = [{key for key, _ in block} for block in blocks]
    assert sum(map(len, keys)) == len(set().union(*keys)), "a group of equal keys was torn"
    assert [file.name for file in path.parent.iterdir()] == ["records"]
    records.delete()
    assert not path.exists()


def test_blocks_are_bounded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with Scratch(tmp_path / "s") as scratch:
        records = scratch.records("r")
        records.limit = 1000
        records.add(rng.integers(0, 2**64, 50_000, dtype=np.uint64), np.arange(50_000))
        records.add(np.arange(5000), 7)  # keys that are not spread evenly
        sizes = [len(block) for block in records.blocks()]
    assert sum(sizes) == 55_000
    assert max(sizes) <= 1000


def test_lines(tmp_path: Path) -> None:
    with Scratch(tmp_path / "s") as scratch:
        lines = scratch.lines("l")
        assert list(lines) == []
        for line in (b"one", b"", "drei ü".encode()):
            lines.append(line)
        assert list(lines) == [b"one", b"", "drei ü".encode()]
        assert [lines[number] for number in (2, 0, 1)] == ["drei ü".encode(), b"one", b""]
        lines.append(b"four")
        assert lines[3] == b"four"
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:9] + bytes([data[9] ^ 1]) + data[10:],
        lambda data: b"",
    ],
)
@pytest.mark.parametrize("kind", ["lines", "records"])
def test_a_changed_file_is_named_before_it_is_read(tmp_path: Path, damage, kind: str) -> None:
    with Scratch(tmp_path / "s") as scratch:
        file = getattr(scratch, kind)("state")
        if kind == "lines":
            file.append(b"some text of some length")
        else:
            file.add([3, 1, 2], 0)
        next(iter(file if kind == "lines" else file.blocks()))
        file.path.write_bytes(damage(file.path.read_bytes()))
        with pytest.raises(MinilmError, match="state has changed while it was in use"):
            next(iter(file if kind == "lines" else file.blocks()))


def test_a_single_line_is_not_read_from_a_changed_file(tmp_path: Path) -> None:
    with Scratch(tmp_path / "s") as scratch:
        lines = scratch.lines("state")
        lines.append(b"one")
        assert lines[0] == b"one"
        lines.append(b"two")
        lines._file.flush()
        lines.path.write_bytes(b"One\ntwo\n")
        with pytest.raises(MinilmError, match="state has changed"):
            lines[1]


def test_the_folder_is_cleared_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "leftover").write_text("of a killed run")
    with contextlib.suppress(KeyError), Scratch(tmp_path / "s") as scratch:
        assert list(scratch.path.iterdir()) == []
        scratch.records("r").add([1], 1)
        raise KeyError
    assert not (tmp_path / "s").exists()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match="The disk is full"), Scratch(tmp_path / "s"):
        raise OSError(28, "No space left on device")
    with pytest.raises(PermissionError), Scratch(tmp_path / "s"):
        raise PermissionError(13, "no")
