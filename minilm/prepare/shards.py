"""Token shards: a long row of ids on disk that knows its documents, read without loading the rest.

Shard files hold the ids alone, little-endian, two bytes each (four if the vocabulary has more than
65,536 tokens), so that memory-mapping one gives the array. `documents.bin` says where each document
begins and how many bytes it had, `documents.txt` what it is called, one a line. `index.json`
vouches for them all: see `minilm.prepare.shard_index`. `minilm.prepare.forget` takes documents out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from minilm.errors import MinilmError
from minilm.files import atomic_writer
from minilm.prepare.shard_index import (
    FORMAT,
    INDEX,
    MEND,
    RECORD,
    DocumentIds,
    checksum,
    describe,
    open_map,
    read_index,
    write_index,
    write_shard,
)


class ShardWriter:
    """Write documents, one after the other, as shards; the folder is whole when the block ends.

        with ShardWriter(folder, vocab_size=4096, token_lengths=lengths) as writer:
            writer.add(ids, "sotu/1790-Washington-1")
        writer.index["n_tokens"]

    One shard of `shard_tokens` ids is held in memory, however many documents come.
    `token_lengths` (V,) are the bytes per id. The index is written last: a folder without one is
    unfinished, and so is a folder whose block ended with an error.

    Raises MinilmError when the block ends without a single id, and when there is not one length for
    each token.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        vocab_size: int,
        token_lengths: Sequence[int] | npt.NDArray[Any],
        shard_tokens: int = 2**22,
    ) -> None:
        self.folder, self.vocab_size = Path(folder), vocab_size
        self.token_lengths = np.array(token_lengths, dtype=np.int64)  # (V,)
        if len(self.token_lengths) != vocab_size:
            raise MinilmError(f"{len(self.token_lengths)} token_lengths for {vocab_size} tokens.")
        self.dtype = "<u2" if vocab_size <= 2**16 else "<u4"
        self.n_tokens = self.n_bytes = self.n_documents = 0
        self.index: dict[str, Any] = {}
        self._shards: list[dict[str, Any]] = []
        self._waiting = np.empty(shard_tokens, dtype=self.dtype)
        self._n_waiting = 0

    def __enter__(self) -> ShardWriter:
        (self.folder / INDEX).unlink(missing_ok=True)
        with contextlib.ExitStack() as files:
            self._records = files.enter_context(atomic_writer(self.folder / "documents.bin"))
            self._names = files.enter_context(atomic_writer(self.folder / "documents.txt"))
            self._files = files.pop_all()
        return self

    def add(
        self,
        ids: Sequence[int] | npt.NDArray[Any],
        document_id: str = "",
        n_bytes: int | None = None,
    ) -> None:
        """Append one document of `n_bytes` UTF-8 bytes; by default, those its tokens stand for.

        Raises MinilmError for ids outside the vocabulary.
        """
        row = np.asarray(ids, dtype=np.int64)
        if row.size and not 0 <= row.min() <= row.max() < self.vocab_size:
            wrong = row.max() if row.max() >= self.vocab_size else row.min()
            raise MinilmError(f"Id {wrong} is outside the vocabulary of {self.vocab_size} tokens.")
        if n_bytes is None:
            n_bytes = int(self.token_lengths[row].sum())
        self._names.write(document_id.encode("utf-8", "surrogatepass") + b"\n")
        record = np.array((self.n_tokens, n_bytes, self._names.tell()), dtype=RECORD)
        self._records.write(record.tobytes())
        self.n_documents, self.n_bytes = self.n_documents + 1, self.n_bytes + n_bytes
        self.n_tokens += len(row)
        while len(row):
            part = row[: len(self._waiting) - self._n_waiting]
            self._waiting[self._n_waiting : self._n_waiting + len(part)] = part
            self._n_waiting, row = self._n_waiting + len(part), row[len(part) :]
            if self._n_waiting == len(self._waiting):
                self._write_shard()

    def _write_shard(self) -> None:
        ids, self._n_waiting = self._waiting[: self._n_waiting], 0
        self._shards.append(write_shard(self.folder / f"{len(self._shards):05d}.bin", ids))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._files.__exit__(kind, error, trace)
            return
        with self._files:
            if not self.n_tokens:
                raise MinilmError(
                    f"There are no tokens to write into {self.folder}: the collection is empty."
                )
            if self._n_waiting:
                self._write_shard()
        self.index = write_index(
            self.folder,
            {
                "format": FORMAT,
                "dtype": self.dtype,
                "vocab_size": self.vocab_size,
                "n_tokens": self.n_tokens,
                "n_bytes": self.n_bytes,
                "n_documents": self.n_documents,
                "generation": 0,
                "shards": self._shards,
                "documents": [describe(self.folder / f"documents.{end}") for end in ("bin", "txt")],
                "token_lengths": self.token_lengths.tolist(),
            },
        )


def write_shards(
    pieces: Iterable[Sequence[int] | npt.NDArray[Any]],
    folder: Path | str,
    *,
    vocab_size: int,
    token_lengths: Sequence[int] | npt.NDArray[Any],
    n_bytes: int | None = None,
    shard_tokens: int = 2**22,
    document_ids: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Write documents, each a row of ids, as shards with a `ShardWriter`; return the index.

    `document_ids` names them, in the same order; all may be iterators. `n_bytes`, the size of
    the text in UTF-8, is by default what the tokens stand for.

    Raises MinilmError for ids outside the vocabulary, and when there are no ids at all.
    """
    writer = ShardWriter(
        folder, vocab_size=vocab_size, token_lengths=token_lengths, shard_tokens=shard_tokens
    )
    with writer:
        names: Iterator[str] = repeat("") if document_ids is None else iter(document_ids)
        for ids in pieces:
            if (name := next(names, None)) is None:
                raise MinilmError("There are fewer document_ids than documents.")
            writer.add(ids, name)
        if document_ids is not None and next(names, None) is not None:
            raise MinilmError("There are more document_ids than documents.")
        writer.n_bytes = writer.n_bytes if n_bytes is None else n_bytes
    return writer.index


class TokenShards:
    """The ids of a folder of shards as one long row: `len(shards)`, `shards.read(start, stop)`.

    `ids, starts = shards.documents` are the documents' names and where each begins in the row, both
    memory-mapped, (N,); `document_lengths` and `document_bytes` (N,) are their sizes in tokens and
    UTF-8 bytes. `token_lengths` (V,) are the bytes per id (0 for special tokens), `n_bytes` is the
    size of the text in UTF-8 (None if unknown), `sha256` one checksum of all the ids and the index.
    """

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        self.folder, self.index = folder, index
        self.vocab_size: int = index["vocab_size"]
        self.n_bytes: int | None = index["n_bytes"]
        self.token_lengths = np.array(index["token_lengths"], dtype=np.int64)  # (V,)
        self.sha256 = checksum(index)
        shards = index["shards"]
        self._maps = [open_map(folder / s["file"], index["dtype"], s["n_tokens"]) for s in shards]
        self._starts = np.cumsum([0, *(shard["n_tokens"] for shard in shards)])
        self._records: npt.NDArray[Any] | None = None
        if "documents" in index:
            records, names = (folder / entry["file"] for entry in index["documents"])
            self._records = open_map(records, RECORD, index["n_documents"])
            self._ids = DocumentIds(names, self._records["id_end"])

    @classmethod
    def open(cls, folder: Path | str, verify: bool = True) -> TokenShards:
        """Open a folder of shards; `verify` also reads them once, to compare the checksums.

        Raises MinilmError that names the file when one is missing, too short, or damaged.
        """
        folder = Path(folder)
        try:
            return cls(folder, read_index(folder, verify))
        except (KeyError, TypeError) as error:
            raise MinilmError(f"{folder / INDEX} is damaged: {error}. {MEND}") from error

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

    @property
    def records(self) -> npt.NDArray[Any]:
        """One record a document, (N,): where it begins, its bytes, and where its name ends."""
        if self._records is None:
            raise MinilmError(
                f"{self.folder} was written by an older minilm and does not know its documents."
                f" {MEND}"
            )
        return self._records

    @property
    def documents(self) -> tuple[DocumentIds, npt.NDArray[np.int64]]:
        """The names of the documents, and where each begins in the row: (N,) and (N,)."""
        starts = self.records["start"]
        return self._ids, starts

    @property
    def document_bytes(self) -> npt.NDArray[np.int64]:
        """The size of each document in UTF-8 bytes, (N,)."""
        return self.records["n_bytes"]

    @property
    def document_lengths(self) -> npt.NDArray[np.int64]:
        """The size of each document in tokens, with its separator, (N,)."""
        return np.diff(self.records["start"], append=len(self))
