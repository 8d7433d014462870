"""Runs of words as numbers: what two texts share is found by comparing integers, not strings.

Each word becomes a random-looking 64-bit number, always the same; a run of n words is a polynomial
in its words' numbers, so that all runs of a text are n additions of whole arrays. Two different
runs get the same number with a probability of 1 in 2^64.

Letters: W words of a text, n words in a run, G = W - n + 1 runs.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]

BASE = np.uint64(0x9E3779B97F4A7C15)  # any large odd number will do
REMEMBERED = 2**17  # words, about 15 MB when full


def number_of(text: str) -> int:
    """A 64-bit number that stands for a text: the same in every process and on every machine."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


class _Numbers(dict[str, int]):
    """The numbers of words, each computed once; starts afresh when it is full."""

    def __missing__(self, word: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        number = self[word] = number_of(word)
        return number


_number_of_word = _Numbers().__getitem__


def gram_numbers(words: Sequence[str], n: int) -> Numbers:
    """The number of each run of `n` words, in their order: (W,) words -> (G,) numbers.

    A text of fewer than `n` words is one run; a text without words is one, empty run.
    """
    numbers = np.fromiter(map(_number_of_word, words), np.uint64, len(words))  # (W,)
    n = min(n, max(1, len(words)))
    grams = np.zeros(max(1, len(words) - n + 1), np.uint64)  # (G,)
    for start in range(min(n, len(words))):
        grams *= BASE
        grams += numbers[start : start + len(grams)]
    return grams


def is_among(numbers: Numbers, known: Numbers) -> npt.NDArray[np.bool_]:
    """Whether each number is one of `known`, which must be in ascending order: (G,) -> (G,)."""
    if len(known) == 0:
        return np.zeros(len(numbers), bool)
    places = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.asarray(known[places] == numbers)
