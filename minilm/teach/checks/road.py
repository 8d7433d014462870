"""The checks of chapter 00: one small piece of three different stages."""

import builtins
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from minilm.teach.check import Checks, exercise


@exercise
def part_of(attempt: Callable[[str], str]) -> Checks:
    """Assign a document to "train" or "test" (about one in ten) by its name alone."""
    names = [f"speech/{year}" for year in range(1000, 3000)]
    parts = [attempt(name) for name in names]
    odd = set(parts) - {"train", "test"}
    yield not odd, f'the answer is "train" or "test", yours was {next(iter(odd), "")!r}'
    yield (
        not _calls_hash(attempt),
        "Python's own hash() of a string is another one in every run: the document would move",
    )
    again = [attempt(name) for name in reversed(names)][::-1]
    yield (
        parts == again,
        "asked again, in another order, some documents changed sides: a text must never move",
    )
    share = parts.count("test") / len(parts)
    yield 0.06 < share < 0.14, f"about one in ten should be for testing, yours is {share:.0%}"
    runs = sum(a != b for a, b in pairwise(parts))
    yield runs > 150, "the test documents stand next to each other: neighbours in time are alike"


def _calls_hash(attempt: Callable[[str], str]) -> bool:
    """Find out whether an attempt relies on the built-in hash, by taking it away."""
    original, called = builtins.hash, []

    def watched(thing: object) -> int:
        called.append(thing)
        return original(thing)

    builtins.hash = watched
    try:
        attempt("speech/1790")
    finally:
        builtins.hash = original
    return bool(called)


@exercise
def next_token_pairs(
    attempt: Callable[[Sequence[int], int], list[tuple[list[int], list[int]]]],
) -> Checks:
    """Cut token ids into (inputs, targets) windows of a length, each target the next token."""
    pairs = attempt([1, 2, 3, 4, 5, 6, 7], 3)
    yield len(pairs) == 2, f"7 tokens hold 2 windows of 3 with their targets, not {len(pairs)}"
    inputs, targets = pairs[0]
    yield list(inputs) == [1, 2, 3], f"the first inputs are [1, 2, 3], not {list(inputs)}"
    yield (
        list(targets) == [2, 3, 4],
        f"after 1, 2, 3 come 2, 3, 4: your targets are {list(targets)}",
    )
    yield list(pairs[1][1]) == [5, 6, 7], f"the second targets are {list(pairs[1][1])}"
    short = attempt([1, 2, 3], 3)
    yield len(short) == 0, "3 tokens hold no window of 3: the last one has no next token"


@exercise
def bits_per_byte(attempt: Callable[[Sequence[float], int], float]) -> Checks:
    """Turn the probabilities of the true tokens into bits for each byte of the text."""
    one = attempt([0.5], 1)
    yield (
        math.isclose(one, 1),
        f"a probability of 1/2 is 1 bit; for a text of 1 byte that is 1, not {one}",
    )
    two = attempt([0.5, 0.25], 1)
    yield math.isclose(two, 3), f"1/2 and then 1/4 are 1 + 2 bits, not {two}"
    spread = attempt([0.5, 0.25], 6)
    yield math.isclose(spread, 0.5), f"the same 3 bits over 6 bytes are 0.5, not {spread}"
    sure = attempt([1.0, 1.0], 10)
    yield sure == 0, f"a model that is sure and right needs no bits, not {sure}"
    mixed = attempt([0.9, 0.01, 0.3], 12)
    yield math.isclose(mixed, 0.7110, abs_tol=1e-3), f"0.9, 0.01, 0.3 over 12 bytes gave {mixed}"
