"""A test that was read in training measures memory, so training text must not quote it.

Text counts as quoted when it shares a run of 13 words with a text of the validation or test part,
the rule of GPT-3: shorter runs are common phrases, longer ones miss a quotation with a slip in it.
Words are compared without case and punctuation. Runs that more than ten training documents contain
are common phrases, however long ("the senate and house of representatives of the ..."), and stay.

What is found is cut out, with 200 characters on either side; pieces of fewer than 200 characters
are dropped, and so is a document that falls into more than ten pieces.

Letters: W words, n of them in a run, G = W - n + 1 runs, R records.
Source: Brown et al. 2020 (arXiv:2005.14165), appendix C, for the rule and all its numbers.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minilm.prepare.grams import Numbers, gram_numbers, is_among
from minilm.prepare.parallel import Workers, in_batches
from minilm.prepare.scratch import Records, Scratch

RUN = 13  # words
COMMON = 10  # training documents: a run in more of them is a common phrase
MARGIN = 200  # characters
LEAST_PIECE = 200  # characters
MOST_PIECES = 10
TABLE_BITS = 27  # 16 MB
EVALUATION = 2**64 - 1  # the value of a record of a run in the validation or test part
PLACES = 2**32  # a training record's value is its document times this, plus the run's place

_WORD = re.compile(r"[^\W_]+")


def run_numbers(text: str, n: int = RUN) -> Numbers:
    """The number of each run of `n` words, in order: (G,); a text of fewer words has none."""
    words = _WORD.findall(text)
    if len(words) < n:
        return np.empty(0, np.uint64)
    return gram_numbers(" ".join(words).lower().split(" "), n)


def runs_of(texts: Iterable[str], n: int = RUN) -> Numbers:
    """The numbers of all the different runs of texts, in ascending order."""
    return np.unique(np.concatenate([np.empty(0, np.uint64), *(run_numbers(t, n) for t in texts)]))


def overlaps(text: str, evaluation: Numbers, n: int = RUN) -> list[int]:
    """The places (words before it) of a text's runs that the evaluation texts have: see `runs_of`.

    This is for texts that fit into memory; `find_overlaps` finds the same for those that do not.
    """
    return np.flatnonzero(is_among(run_numbers(text, n), evaluation)).tolist()


class RunTable:
    """Which runs of words may occur in the evaluation texts: a table of bits, of one size always.

    A number that was added is always found; another is found by chance, as often as the table is
    full (two in a hundred with 2.7 million runs). What is found is checked afterwards, on disk.
    """

    def __init__(self, bits: npt.NDArray[np.uint8] | None = None) -> None:
        self.bits = np.zeros(2 ** (TABLE_BITS - 3), np.uint8) if bits is None else bits

    def add(self, numbers: Numbers) -> None:
        """Enter numbers into the table."""
        places, bit = self._places(numbers)
        np.bitwise_or.at(self.bits, places, bit)

    def may_hold(self, numbers: Numbers) -> npt.NDArray[np.bool_]:
        """Whether each number may have been added: (G,) -> (G,)."""
        places, bit = self._places(numbers)
        return np.asarray(self.bits[places] & bit != 0)

    @staticmethod
    def _places(numbers: Numbers) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        place = numbers >> np.uint64(64 - TABLE_BITS)
        bit = np.left_shift(np.uint8(1), (place & np.uint64(7)).astype(np.uint8))
        return (place >> np.uint64(3)).astype(np.int64), bit


def find_overlaps(
    training: Iterable[str],
    evaluation: Iterable[str],
    scratch: Scratch,
    workers: Workers,
    done: Callable[[int], object] = lambda n: None,
) -> Records:
    """Find the runs that training texts share with evaluation texts, in files in `scratch`.

    Returns a record (document * PLACES + place, 0) for each, where `document` counts the training
    texts from 0: see `places_by_document`. Calls `done` with the number of texts now and then.
    """
    records, table = scratch.records("runs"), RunTable()
    for runs in workers.map(_runs_of_batch, in_batches(evaluation, len)):
        for numbers in runs:
            records.add(numbers, EVALUATION)
            table.add(numbers)
        done(len(runs))
    path = scratch.path / "run-table.npy"
    np.save(path, table.bits)
    document = 0
    for hits in workers.map(partial(_hits_of_batch, path), in_batches(training, len)):
        for numbers, places in hits:
            records.add(numbers, places + np.uint64(document * PLACES))
            document += 1
        done(len(hits))
    found = scratch.records("overlaps")
    for values in confirmed(records.blocks()):
        found.add(values, 0)
    records.delete()
    return found


def _runs_of_batch(texts: list[str]) -> list[Numbers]:
    return [runs_of([text]) for text in texts]


def _hits_of_batch(path: Path, texts: list[str]) -> list[tuple[Numbers, Numbers]]:
    """For each training text, the runs that the table may hold, and their places."""
    table = _load_table(path)
    hits = []
    for text in texts:
        numbers = run_numbers(text)
        places = np.flatnonzero(table.may_hold(numbers))
        hits.append((numbers[places], places.astype(np.uint64)))
    return hits


@lru_cache(maxsize=1)
def _load_table(path: Path) -> RunTable:
    return RunTable(np.load(path, mmap_mode="r"))


def confirmed(blocks: Iterable[npt.NDArray[Any]], common: int = COMMON) -> Iterator[Numbers]:
    """The values of the training records whose run does occur in the evaluation texts.

    Records are (run, EVALUATION) or (run, document * PLACES + place); a run in more than `common`
    training documents is passed over.
    """
    for block in blocks:
        runs, values = block["key"], block["value"]  # (R,)
        if not len(block):
            continue
        begins = np.append(True, runs[1:] != runs[:-1])
        starts = np.flatnonzero(begins)
        ends = np.append(starts[1:], len(runs))
        document = values // np.uint64(PLACES)
        another = begins | np.append(True, document[1:] != document[:-1])
        is_training = values != EVALUATION  # evaluation records are the last of their group
        n_documents = np.add.reduceat(another & is_training, starts, dtype=np.int64)
        hit = (values[ends - 1] == EVALUATION) & (n_documents <= common)
        yield values[np.repeat(hit, ends - starts) & is_training]


def places_by_document(values: Records) -> Iterator[tuple[int, list[int]]]:
    """For each document with confirmed runs, in order, the places of those runs.

    `values` holds a record (document * PLACES + place, 0) for each.
    """
    pairs = (divmod(int(key), PLACES) for block in values.blocks() for key in block["key"])
    for document, group in groupby(pairs, key=lambda pair: pair[0]):
        yield document, [place for _, place in group]


def cut_runs(text: str, places: Iterable[int], n: int = RUN) -> str:
    """Cut the runs of `n` words at `places` out of a text; "" when too little or too many remain.

    Pieces are joined by a blank line; a cut ends between words.
    """
    words = [match.span() for match in _WORD.finditer(text)]
    pieces, kept_to = [], 0
    for place in sorted(places):
        begin = _word_border(text, words[place][0] - MARGIN, -1)
        if begin > kept_to:
            pieces.append(text[kept_to:begin])
        kept_to = _word_border(text, words[place + n - 1][1] + MARGIN, 1)
    pieces.append(text[kept_to:])
    long_enough = [piece.strip() for piece in pieces if len(piece.strip()) >= LEAST_PIECE]
    return "\n\n".join(long_enough) if len(long_enough) <= MOST_PIECES else ""


def _word_border(text: str, place: int, step: int) -> int:
    """The next place between words, from `place` outwards."""
    while 0 < place < len(text) and not text[place - (step > 0)].isspace():
        place += step
    return min(max(place, 0), len(text))
