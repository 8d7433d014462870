"""Cleaned documents on disk, and the few numbers about each that the rest of the stage needs.

Workers clean batches of documents and compute what finds duplicates: a checksum of each text and
the bands of its MinHash signature. The corpus appends it all to files. In memory stay 24 bytes for
each document (where its line begins, its size, its place in the split), whatever its length.

Letters: N documents in a batch, B bands.
"""

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from minilm.collect.documents import Document
from minilm.prepare.card import Journal, Sources
from minilm.prepare.deduplicate import shingle_numbers
from minilm.prepare.grams import Numbers, number_of
from minilm.prepare.lines import drop_lines, line_numbers
from minilm.prepare.minhash import band_keys, bands_and_rows, signatures
from minilm.prepare.per_document import (
    COLLECT,
    FILTER,
    LANGUAGE,
    MASK,
    NORMALIZE,
    OPT_OUTS,
    PUBLISHED,
    clean_document,
    size_of,
    why_left_out,
)
from minilm.prepare.scratch import Scratch
from minilm.prepare.split import position_of

if TYPE_CHECKING:
    from minilm.prepare.clean import PrepareConfig

LINES, EXACT, NEAR = "repeated lines", "exact duplicates", "near duplicates"
DECONTAMINATE = "cut out what is tested"
PER_DOCUMENT = (COLLECT, OPT_OUTS, NORMALIZE, MASK, FILTER, PUBLISHED, LANGUAGE)
STEPS = (*PER_DOCUMENT, LINES, EXACT, NEAR, DECONTAMINATE)
POSITIONS = 2**48  # `position_of` is a multiple of 1 / POSITIONS


@dataclass
class Batch:
    """What a worker gives back: the documents that stay, numbers about them, and what happened."""

    n_documents: int  # that the worker was given
    lines: list[bytes]
    sizes: list[int]
    positions: list[int]
    digests: Numbers  # (N,)
    bands: Numbers  # (N, B)
    line_numbers: list[Numbers]
    journal: Journal
    sources: Sources


def clean_batch(settings: "PrepareConfig", documents: Sequence[Document]) -> Batch:
    """Clean documents one by one, and pack those that stay."""
    journal, sources = Journal(STEPS), Sources()
    kept = []
    for document in documents:
        cleaned, notes = clean_document(document, settings)
        sources.count(document, notes["bytes"][COLLECT])
        journal.note(document["id"], notes)
        if cleaned is not None:
            kept.append(cleaned)
    return pack(settings, len(documents), kept, journal, sources)


def drop_lines_batch(settings: "PrepareConfig", path: Path, lines: Sequence[bytes]) -> Batch:
    """Drop the lines whose numbers are in the file `path` from documents; filter these again."""
    journal = Journal(STEPS)
    repeated = np.load(path, mmap_mode="r")
    kept: list[Document] = []
    for document in map(from_line, lines):
        text, n_lines = drop_lines(document["text"], repeated)
        journal.changed(LINES, {"lines dropped": n_lines})
        reason = why_left_out(text, settings) if n_lines else None
        if reason is not None:
            journal.removed(LINES, f"without them: {reason}", [document["id"]])
            continue
        journal.kept(LINES, size_of(text))
        kept.append({**document, "text": text})
    return pack(settings, len(lines), kept, journal, Sources())


def pack(
    settings: "PrepareConfig",
    n_given: int,
    documents: list[Document],
    journal: Journal,
    sources: Sources,
) -> Batch:
    """Turn documents into lines and numbers; signatures wait while lines are to be dropped."""
    texts = [document["text"] for document in documents]
    bands, rows = bands_and_rows(settings.near_threshold)
    final = [] if settings.line_documents else texts
    return Batch(
        n_documents=n_given,
        lines=[to_line(document) for document in documents],
        sizes=list(map(size_of, texts)),
        positions=[int(position_of(d["id"], settings.seed) * POSITIONS) for d in documents],
        digests=np.array(list(map(number_of, final)), dtype=np.uint64),
        bands=band_keys(signatures(list(map(shingle_numbers, final))), bands, rows),
        line_numbers=list(map(line_numbers, texts)) if settings.line_documents else [],
        journal=journal,
        sources=sources,
    )


def to_line(document: Document) -> bytes:
    """Write a document as one line of JSON."""
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def from_line(line: bytes) -> Document:
    """Read a document from its line."""
    document: Document = json.loads(line.decode("utf-8", "surrogatepass"))
    return document


class Corpus:
    """All batches, one after the other: documents are numbered from 0, in the order they came."""

    def __init__(self, scratch: Scratch, name: str) -> None:
        self.lines = scratch.lines(f"{name}.jsonl")
        self.digests = scratch.records(f"{name}-digests")
        self.bands = scratch.records(f"{name}-bands")
        self.line_numbers = scratch.records(f"{name}-lines")
        self._sizes, self._positions = array("q"), array("q")
        self.journal, self.sources = Journal(STEPS), Sources()

    def __len__(self) -> int:
        return len(self.lines)

    def extend(self, batch: Batch) -> None:
        """Append a batch."""
        numbers = np.arange(len(self), len(self) + len(batch.lines), dtype=np.uint64)
        for line in batch.lines:
            self.lines.append(line)
        self._sizes.extend(batch.sizes)
        self._positions.extend(batch.positions)
        if len(batch.digests):
            self.digests.add(batch.digests, numbers)
            self.bands.add(batch.bands, np.repeat(numbers, batch.bands.shape[1]))
        for number, keys in zip(numbers, batch.line_numbers, strict=False):
            self.line_numbers.add(keys, number)
        self.journal.add(batch.journal)
        self.sources.add(batch.sources)

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """The bytes of each text: (N,)."""
        return np.array(self._sizes, dtype=np.int64)

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """The place of each document in the split, from 0 up to POSITIONS: (N,)."""
        return np.array(self._positions, dtype=np.int64)

    def document(self, number: int) -> Document:
        """Read one document from the disk."""
        return from_line(self.lines[number])

    def text(self, number: int) -> str:
        """Read the text of one document from the disk."""
        return self.document(number)["text"]

    def id(self, number: int) -> str:
        """Read the id of one document from the disk."""
        return self.document(number)["id"]

    def delete(self) -> None:
        """Close all files and remove them from the disk."""
        for file in (self.lines, self.digests, self.bands, self.line_numbers):
            file.delete()
