"""Packing: which tokens of which documents share a row, decided from their lengths alone.

A model reads rows of one length, documents have any. A plan says for each row which pieces of
documents lie in it, side by side. It holds numbers, no text: planning is arithmetic that can be
tested by itself, and the same lengths always give the same plan.

N documents, P pieces, R rows
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minilm.errors import MinilmError

Numbers = npt.NDArray[np.int64]
DOCUMENT, START, STOP, ASKED = range(4)  # the columns of pieces


@dataclass(frozen=True)
class Plan:
    """The pieces (P, 4) of all rows, one row after the other; row r holds `ends[r-1]` to `ends[r]`.

    A piece (document, start, stop, asked) holds the tokens from `start` up to `stop` of a document.
    Training asks for those from `asked` on; what stands before is only context, and was asked for
    in another piece. `capacity` is the number of tokens that a row has room for.
    """

    pieces: Numbers  # (P, 4)
    ends: Numbers  # (R,)
    capacity: int

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> Numbers:
        """Return the pieces of a row."""
        return self.pieces[self.ends[row - 1] if row else 0 : self.ends[row]]

    def __iter__(self) -> Iterator[Numbers]:
        return iter(np.split(self.pieces, self.ends[:-1]) if len(self) else [])

    @property
    def waste(self) -> float:
        """The share of all places that hold no token, and are computed for nothing."""
        return 1 - self.sizes.sum() / max(1, len(self) * self.capacity)

    @property
    def sizes(self) -> Numbers:
        """The tokens in each piece, (P,)."""
        return self.pieces[:, STOP] - self.pieces[:, START]

    @property
    def longest(self) -> Numbers:
        """The size of the longest piece of each row, (R,)."""
        firsts = self.ends - np.diff(self.ends, prepend=0)
        return np.maximum.reduceat(self.sizes, firsts) if len(self) else self.ends

    @property
    def cut(self) -> Numbers:
        """The documents that lie in more than one piece."""
        documents, times = np.unique(self.pieces[:, DOCUMENT], return_counts=True)
        return documents[times > 1]


def whole(lengths: npt.ArrayLike, capacity: int, stride: int | None = None) -> Numbers:
    """Return the pieces of documents that are cut only where they are longer than a row: (P, 4).

    A long document is read through a window of `capacity` tokens that moves on by `stride` (by
    default its whole width, so that windows do not overlap). Each token is asked for once, in the
    first window that holds it; with a stride it then has at least capacity - stride tokens before
    it, as long as the document has them.

    Raises MinilmError for a capacity below one, a negative length, and a stride that would leave
    tokens out.
    """
    sizes = np.asarray(lengths, dtype=np.int64)  # (N,)
    stride = capacity if stride is None else stride
    if capacity < 1 or not 1 <= stride <= capacity or (sizes < 0).any():
        raise MinilmError(
            f"A row of {capacity} tokens and a stride of {stride}: a row needs a token, a stride"
            " lies between 1 and the row, and lengths are not negative."
        )
    n_windows = np.where(sizes > capacity, 1 + -(-(sizes - capacity) // stride), sizes > 0)  # (N,)
    document = np.repeat(np.arange(len(sizes)), n_windows)
    window = np.arange(n_windows.sum()) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    start = window * stride
    stop = np.minimum(start + capacity, sizes[document])
    asked = np.where(window > 0, start + capacity - stride, 0)
    return np.stack([document, start, stop, asked], axis=1).astype(np.int64)


def padded(lengths: npt.ArrayLike, capacity: int, stride: int | None = None) -> Plan:
    """Give every piece a row of its own, and leave the rest of the row empty."""
    pieces = whole(lengths, capacity, stride)
    return Plan(pieces, np.arange(1, len(pieces) + 1), capacity)


def joined(lengths: npt.ArrayLike, capacity: int) -> Plan:
    """Join all documents to one stream and cut it into rows: no place is empty but at the end.

    A document is cut wherever a row ends, however short it is.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    whole(sizes, capacity)  # complains about what cannot be
    begins = np.cumsum(sizes) - sizes  # (N,) in the stream
    total = int(sizes.sum())
    borders = np.unique(np.concatenate([begins[sizes > 0], np.arange(0, total, capacity)]))  # (P,)
    document = np.searchsorted(begins, borders, side="right") - 1  # the last one that begins there
    start = borders - begins[document]
    stop = np.append(borders, total)[1:] - begins[document]
    ends = np.searchsorted(borders, np.arange(capacity, total + capacity, capacity), side="left")
    return Plan(np.stack([document, start, stop, start], axis=1), ends, capacity)


def best_fit(lengths: npt.ArrayLike, capacity: int, stride: int | None = None) -> Plan:
    """Fill rows with whole documents, the longest first, each where it leaves the least room.

    Only documents longer than a row are cut. Takes O(P log capacity) steps: rows are looked up by
    the room they have left, of which there are at most `capacity` kinds.

    Source: Ding et al. 2024, "Fewer Truncations Improve Language Modeling", section 3.
    """
    pieces = whole(lengths, capacity, stride)
    sizes = pieces[:, STOP] - pieces[:, START]
    row_of = np.empty(len(pieces), dtype=np.int64)
    rows_with: defaultdict[int, list[int]] = defaultdict(list)  # room left -> rows that have it
    rooms: list[int] = []  # the kinds of room that some row has, smallest first
    n_rows = 0
    for piece in np.argsort(-sizes, kind="stable").tolist():
        size = int(sizes[piece])
        tightest = bisect_left(rooms, size)
        if tightest == len(rooms):
            row, room, n_rows = n_rows, capacity, n_rows + 1
        else:
            room = rooms[tightest]
            row = rows_with[room].pop()
            if not rows_with[room]:
                del rooms[tightest]
        row_of[piece] = row
        if left := room - size:
            if not rows_with[left]:
                insort(rooms, left)
            rows_with[left].append(row)
    return by_row(pieces, row_of, capacity)


def by_length(lengths: npt.ArrayLike, capacity: int, stride: int | None = None) -> Plan:
    """Fill rows with documents of similar length, from the shortest to the longest.

    A row is closed as soon as the next document does not fit. For a curriculum by length (see
    `minilm.train.batches`) a row must be short or long as a whole.
    """
    pieces = whole(lengths, capacity, stride)
    sizes = pieces[:, STOP] - pieces[:, START]
    row_of = np.empty(len(pieces), dtype=np.int64)
    row, filled = 0, 0
    for piece in np.argsort(sizes, kind="stable").tolist():
        size = int(sizes[piece])
        if filled + size > capacity:
            row, filled = row + 1, 0
        row_of[piece], filled = row, filled + size
    return by_row(pieces, row_of, capacity)


def by_row(pieces: Numbers, row_of: Numbers, capacity: int) -> Plan:
    """Put the pieces in the order of their rows: (P, 4), (P,) -> a plan."""
    order = np.argsort(row_of, kind="stable")
    return Plan(pieces[order], np.cumsum(np.bincount(row_of)), capacity)
