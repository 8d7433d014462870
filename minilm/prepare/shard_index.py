"""What stands beside the ids in a folder of shards: the index, and the names of the documents.

`index.json` says how many ids each shard has, how many bytes each token stands for, and the SHA-256
of every other file and of itself. It is replaced in one step and names every file, so the folder is
what its index says, at every moment: a file that the index does not name does not count.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from minilm.errors import MinilmError
from minilm.files import atomic_writer, read_json, sha256_of, write_json

FORMAT = "minilm shards 2"
WITHOUT_DOCUMENTS = "minilm shards 1"  # an older folder: readable, but it does not know documents
INDEX = "index.json"
RECORD = np.dtype([("start", "<i8"), ("n_bytes", "<i8"), ("id_end", "<i8")])  # one a document
OURS = re.compile(r"\.?(\d{5,}|documents)(-\d+)?\.(bin|txt)(\.\w+)?|\.index\.json\.\w+")
MEND = "Delete the folder and run `minilm prepare` again."


def write_shard(path: Path, ids: npt.NDArray[Any]) -> dict[str, Any]:
    """Write one shard; return its entry in the index."""
    data = ids.tobytes()
    with atomic_writer(path) as file:
        file.write(data)
    return {"file": path.name, "n_tokens": len(ids), "sha256": hashlib.sha256(data).hexdigest()}


def describe(path: Path) -> dict[str, Any]:
    """Return a file's entry in the index."""
    return {"file": path.name, "size": path.stat().st_size, "sha256": sha256_of(path)}


def write_index(folder: Path, index: dict[str, Any]) -> dict[str, Any]:
    """Let the folder be what `index` says, in one step; then delete what it does not name."""
    index = {**index, "sha256": checksum(index)}
    write_json(folder / INDEX, index)
    sweep(folder, index)
    return index


def sweep(folder: Path, index: dict[str, Any]) -> None:
    """Delete what earlier and interrupted writings left behind, whole files and unfinished ones."""
    named = {entry["file"] for entry in files_of(index)}
    for path in folder.iterdir():
        if OURS.fullmatch(path.name) and path.name not in named:
            path.unlink()


def files_of(index: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the entry of every file that belongs to the folder."""
    yield from index["shards"]
    yield from index.get("documents", ())


def checksum(index: dict[str, Any]) -> str:
    """Return the SHA-256 of an index and, through it, of every file; without its own checksum."""
    rest = {key: value for key, value in index.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_index(folder: Path, verify: bool) -> dict[str, Any]:
    """Read the index and look at every file it names; `verify` also compares their checksums.

    Raises MinilmError that names the file when one is missing, too short, or damaged.
    """
    path = folder / INDEX
    index = read_json(path)
    if not isinstance(index, dict) or index.get("format") not in (FORMAT, WITHOUT_DOCUMENTS):
        raise MinilmError(f"{path} is not an index of shards ({FORMAT!r}). {MEND}")
    if index["format"] == FORMAT and index.get("sha256") != checksum(index):
        raise MinilmError(f"{path} is damaged: its checksum does not fit. {MEND}")
    width = np.dtype(index["dtype"]).itemsize
    for entry in files_of(index):
        size = entry["size"] if "size" in entry else entry["n_tokens"] * width
        check_file(folder / entry["file"], size, entry["sha256"] if verify else None)
    return index


def check_file(path: Path, size: int, sha256: str | None) -> None:
    """Raise MinilmError unless the file is there, has its size, and its checksum (if given)."""
    if not path.is_file():
        raise MinilmError(f"{path} is missing. {MEND}")
    if path.stat().st_size != size:
        raise MinilmError(f"{path} has {path.stat().st_size} bytes instead of {size}. {MEND}")
    if sha256 is not None and sha256_of(path) != sha256:
        raise MinilmError(f"{path} is damaged: its checksum does not fit. {MEND}")


def open_map(path: Path, dtype: npt.DTypeLike, length: int) -> npt.NDArray[Any]:
    """Map a file of `length` values into memory; nothing is read until it is looked at."""
    if not length:  # an empty file cannot be mapped
        return np.empty(0, dtype)
    return np.memmap(path, dtype=dtype, mode="r", shape=(length,))


class DocumentIds(Sequence[str]):
    """The documents' names, decoded when they are asked for: they stay on disk."""

    def __init__(self, path: Path, ends: npt.NDArray[np.int64]) -> None:
        self._text: npt.NDArray[np.uint8] = open_map(path, "u1", int(ends[-1]) if len(ends) else 0)
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        place = range(len(self))[number]
        start = int(self._ends[place - 1]) if place else 0
        name = self._text[start : int(self._ends[place]) - 1].tobytes()
        return name.decode("utf-8", "surrogatepass")
