"""What a stage keeps on disk while it works, so that its memory does not grow with the corpus.

`Lines` are texts, appended and read back in order or one by one. `Records` are pairs of 64-bit
numbers, appended in any order and read back sorted, a bounded piece at a time: a small database
with one table and one query. Both count and checksum what they write; a file that is not what was
written is named before a byte of it is used.
"""

import contextlib
import errno
import shutil
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from minilm.errors import MinilmError

PIECE = 2**20  # bytes that are read at a time
RECORD = np.dtype([("key", "<u8"), ("value", "<u8")])
SORTED_AT_A_TIME = 2**17  # records: 2 MB, about three times as much while they are sorted
PARTITIONS = 32


class ScratchFile:
    """A file that is first written and then read, and must not have changed in between."""

    def __init__(self, path: Path) -> None:
        self.path, self.n_bytes, self._crc, self._n_checked = path, 0, 0, 0
        self._file = open(path, "wb")  # noqa: SIM115 (open until the work is done)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)
        self._crc = crc32(data, self._crc)
        self.n_bytes += len(data)

    def check(self) -> None:
        """Read the whole file once; raise MinilmError that names it when it has changed."""
        self._n_checked = self.n_bytes
        self._file.flush()
        crc = size = 0
        with open(self.path, "rb") as file:
            while piece := file.read(PIECE):
                crc, size = crc32(piece, crc), size + len(piece)
        if (crc, size) != (self._crc, self.n_bytes):
            raise MinilmError(
                f"{self.path} has changed while it was in use (it has {size} bytes, {self.n_bytes}"
                " were written). Is the disk failing, or another program writing there? Run again."
            )

    def delete(self) -> None:
        """Close the file and remove it from the disk."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Lines(ScratchFile):
    """Lines of bytes on disk, numbered from 0: written in order, read in order or one by one.

    In memory there are eight bytes for each line, where it begins.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._starts = array("q", [0])
        self._reader = open(path, "rb", buffering=0)  # noqa: SIM115 (closed by delete)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def append(self, line: bytes) -> None:
        """Add a line; it must not contain a line feed."""
        self.write(line + b"\n")
        self._starts.append(self.n_bytes)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines in order, once the whole file is known to be what was written."""
        self.check()
        with open(self.path, "rb") as file:
            for line in file:
                yield line[:-1]

    def __getitem__(self, number: int) -> bytes:
        """Read one line; the whole file is checked before the first that is read this way."""
        if self._n_checked != self.n_bytes:
            self.check()
        start, end = self._starts[number], self._starts[number + 1]
        self._reader.seek(start)
        return self._reader.read(end - start - 1)

    def delete(self) -> None:
        """Close the file and remove it from the disk."""
        self._reader.close()
        super().delete()


class Records(ScratchFile):
    """Pairs (key, value) of numbers below 2^64, added in any order, read sorted by key, then value.

    More than `limit` records are sorted by parts: they are distributed into files by ranges of
    keys, and each file is sorted for itself, or distributed again.
    """

    def __init__(self, path: Path, limit: int = SORTED_AT_A_TIME) -> None:
        super().__init__(path)
        self.limit = limit

    def __len__(self) -> int:
        return self.n_bytes // RECORD.itemsize

    def add(self, keys: npt.ArrayLike, values: npt.ArrayLike) -> None:
        """Add pairs; a single value goes with every key."""
        keys = np.asarray(keys, np.uint64)
        pairs = np.empty(keys.size, RECORD)
        pairs["key"], pairs["value"] = keys.ravel(), np.asarray(values, np.uint64)
        self.write(pairs.tobytes())

    def blocks(self) -> Iterator[npt.NDArray[Any]]:
        """Yield all records in order, in blocks; equal keys are in the same block: (R,) RECORD."""
        self.check()
        borders = self._borders() if len(self) > self.limit else np.empty(0, np.uint64)
        if len(borders) == 0:  # few records, or one key again and again
            records = np.fromfile(self.path, RECORD)
            yield records[np.lexsort((records["value"], records["key"]))]
            return
        parts = [
            Records(self.path.with_name(f"{self.path.name}.{i}"), self.limit)
            for i in range(len(borders) + 1)
        ]
        try:
            for piece in self._pieces():
                place = np.searchsorted(borders, piece["key"], side="right")
                for i in np.unique(place):
                    parts[i].write(piece[place == i].tobytes())
            for part in parts:
                yield from part.blocks()
                part.delete()
        finally:
            for part in parts:
                part.delete()

    def _borders(self) -> npt.NDArray[np.uint64]:
        """Some keys that divide the records into parts of about equal size, from an even sample."""
        step = max(1, len(self) // 2**14)
        sample = np.sort(np.concatenate([piece["key"][::step] for piece in self._pieces()]))
        n_parts = min(PARTITIONS, 2 * len(self) // self.limit + 1)
        borders = np.unique(sample[len(sample) * np.arange(1, n_parts) // n_parts])
        return borders[borders > sample[0]]

    def _pieces(self) -> Iterator[npt.NDArray[Any]]:
        with open(self.path, "rb") as file:
            while data := file.read(PIECE):
                yield np.frombuffer(data, RECORD)


class Scratch:
    """A folder for such files, empty at the beginning of a `with` block and gone at its end.

    A full disk ends the block with a MinilmError that says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: list[ScratchFile] = []

    def __enter__(self) -> "Scratch":
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files:
            with contextlib.suppress(OSError):  # what a full disk leaves unwritten is not needed
                file.delete()
        shutil.rmtree(self.path, ignore_errors=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise MinilmError(
                f"The disk is full: {self.path} takes about three times the size of the collection"
                " while it is prepared. Free some space and run the same command again."
            ) from error

    def lines(self, name: str) -> Lines:
        """Open a new file of lines."""
        self._files.append(lines := Lines(self.path / name))
        return lines

    def records(self, name: str) -> Records:
        """Open a new file of records."""
        self._files.append(records := Records(self.path / name))
        return records
