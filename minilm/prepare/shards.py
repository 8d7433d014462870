"""Token shards: a long row of ids on disk, read in pieces without loading the rest.

Shard files hold the ids alone, little-endian, two bytes each (four if the vocabulary has more than
65,536 tokens), so that memory-mapping one gives the array. `index.json` knows the rest: how many
ids each shard has, its SHA-256, and how many bytes each token stands for, which turns losses per
token into bits per byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minilm.errors import MinilmError
from minilm.files import atomic_writer, read_json, sha256_of, write_json

FORMAT = "minilm shards 1"
INDEX = "index.json"


def write_shards(
    pieces: Iterable[Sequence[int] | npt.NDArray[Any]],
    folder: Path | str,
    *,
    vocab_size: int,
    token_lengths: Sequence[int],
    n_bytes: int | None,
    shard_tokens: int = 2**22,
) -> dict[str, Any]:
    """Write pieces of ids, one after the other, as shards of `shard_tokens` ids, and their index.

    `token_lengths` (V,) are the bytes per id; `n_bytes` is the size of the text in UTF-8. The
    index is written last: a folder without one is unfinished. Returns the index.

    Raises MinilmError for ids outside the vocabulary, and when there are no ids at all.
    """
    folder = Path(folder)
    (folder / INDEX).unlink(missing_ok=True)
    dtype = "<u2" if vocab_size <= 2**16 else "<u4"
    shards = [
        _write_shard(folder / f"{number:05d}.bin", ids.astype(dtype))
        for number, ids in enumerate(_regroup(pieces, shard_tokens, vocab_size))
    ]
    if not shards:
        raise MinilmError(f"There are no tokens to write into {folder}: the collection is empty.")
    index = {
        "format": FORMAT,
        "dtype": dtype,
        "vocab_size": vocab_size,
        "n_tokens": sum(shard["n_tokens"] for shard in shards),
        "n_bytes": n_bytes,
        "shards": shards,
        "token_lengths": list(token_lengths),
    }
    for leftover in sorted(folder.glob("[0-9]*.bin"))[len(shards) :]:
        leftover.unlink()
    write_json(folder / INDEX, index)
    return index


def _regroup(
    pieces: Iterable[Sequence[int] | npt.NDArray[Any]], size: int, vocab_size: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the ids of all pieces in arrays of `size` ids (the last one may be shorter)."""
    waiting: list[npt.NDArray[np.int64]] = []
    n_waiting = 0
    for piece in pieces:
        ids = np.asarray(piece, dtype=np.int64)
        if ids.size and not 0 <= ids.min() <= ids.max() < vocab_size:
            outside = ids.max() if ids.max() >= vocab_size else ids.min()
            raise MinilmError(f"Id {outside} is outside the vocabulary of {vocab_size} tokens.")
        waiting.append(ids)
        n_waiting += len(ids)
        while n_waiting >= size:
            joined = np.concatenate(waiting)
            yield joined[:size]
            waiting, n_waiting = [joined[size:]], n_waiting - size
    if n_waiting:
        yield np.concatenate(waiting)


def _write_shard(path: Path, ids: npt.NDArray[Any]) -> dict[str, Any]:
    data = ids.tobytes()
    with atomic_writer(path) as file:
        file.write(data)
    return {"file": path.name, "n_tokens": len(ids), "sha256": hashlib.sha256(data).hexdigest()}


class TokenShards:
    """The ids of a folder of shards as one long row: `len(shards)`, `shards.read(start, stop)`.

    `token_lengths` (V,) are the bytes per id (0 for special tokens), `n_bytes` is the size of the
    text in UTF-8 (None if unknown), `sha256` is one checksum of all the ids and the index.
    """

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self.folder = folder
        self.vocab_size: int = index["vocab_size"]
        self.n_bytes: int | None = index["n_bytes"]
        self.token_lengths = np.array(index["token_lengths"], dtype=np.int64)  # (V,)
        self.sha256 = hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()
        self._files = [folder / shard["file"] for shard in index["shards"]]
        self._maps = [np.memmap(file, dtype=index["dtype"], mode="r") for file in self._files]
        self._starts = np.cumsum([0, *(shard["n_tokens"] for shard in index["shards"])])

    @classmethod
    def open(cls, folder: Path | str, verify: bool = True) -> TokenShards:
        """Open a folder of shards; `verify` also reads them once, to compare the checksums.

        Raises MinilmError that names the file when one is missing, too short, or damaged.
        """
        folder = Path(folder)
        index = read_json(folder / INDEX)
        if not isinstance(index, dict) or index.get("format") != FORMAT:
            raise MinilmError(f"{folder / INDEX} is not an index of shards ({FORMAT!r}).")
        try:
            for shard in index["shards"]:
                _check_shard(folder / shard["file"], shard, np.dtype(index["dtype"]), verify)
            return cls(folder, index)
        except (KeyError, TypeError) as error:
            raise MinilmError(f"{folder / INDEX} is damaged: {error}. Prepare again.") from error

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Read the ids from `start` up to `stop`, across the borders of shards: (stop - start,).

        Raises MinilmError when the range does not lie within the row.
        """
        if not 0 <= start <= stop <= len(self):
            raise MinilmError(f"Ids {start} to {stop} of {self.folder}: it has {len(self)}.")
        first = int(np.searchsorted(self._starts, start, side="right")) - 1
        parts = []
        for ids, begin in zip(self._maps[first:], self._starts[first:-1], strict=True):
            if begin >= stop:
                break
            parts.append(ids[max(start - begin, 0) : stop - begin])
        return np.concatenate([np.empty(0, np.int64), *parts], dtype=np.int64)


def _check_shard(path: Path, shard: dict[str, Any], dtype: np.dtype[Any], verify: bool) -> None:
    mend = "Delete the folder and run `minilm prepare` again."
    if not path.is_file():
        raise MinilmError(f"{path} is missing. {mend}")
    size, expected = path.stat().st_size, shard["n_tokens"] * dtype.itemsize
    if size != expected:
        raise MinilmError(f"{path} has {size} bytes instead of {expected}. {mend}")
    if verify and sha256_of(path) != shard["sha256"]:
        raise MinilmError(f"{path} is damaged: its checksum does not fit. {mend}")
