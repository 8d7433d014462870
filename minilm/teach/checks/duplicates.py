"""The exercises of chapter 21: containment, signatures, bands, exposure."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from minilm.prepare.minhash import s_curve
from minilm.teach.check import Checks, exercise

Integers = npt.NDArray[np.int64]


@exercise
def containment(attempt: Callable[[set[str], set[str]], float]) -> Checks:
    """The share of the smaller set that lies in the other."""
    excerpt, book = {"a", "b"}, set("abcdefghij")
    found = attempt(excerpt, book)
    yield (
        math.isclose(found, 1),
        f"{{a, b}} lies within {{a ... j}} as a whole: 1, not {found:.2f}",
    )
    found = attempt(book, excerpt)
    yield math.isclose(found, 1), f"the order of the sets should not matter, but gave {found:.2f}"
    found = attempt({"a", "b", "x", "y"}, book)
    yield math.isclose(found, 0.5), f"two of the four of {{a, b, x, y}}: 0.5, not {found:.2f}"
    found = attempt({"x"}, book)
    yield found == 0, f"sets with nothing in common: 0, not {found:.2f}"
    found = attempt(set(), set())
    yield found == 1, f"two empty sets contain each other: 1, not {found}"


@exercise
def minhash_signature(
    attempt: Callable[[Integers, Integers, Integers, int], Integers],
) -> Checks:
    """The least number of a set under each shuffle, in numpy."""
    numbers = np.array([3, 7, 12])
    a, b, prime = np.array([1, 2, 5, 0]), np.array([0, 1, 4, 6]), 13
    expected = [min((x * m + s) % prime for x in (3, 7, 12)) for m, s in zip(a, b, strict=True)]
    found = attempt(numbers, a, b, prime)
    yield (
        np.shape(found) == (4,),
        f"four shuffles make a signature of shape (4,), not {np.shape(found)}",
    )
    yield (
        np.asarray(found).tolist() == expected,
        f"numbers 3, 7, 12 modulo 13 give {expected}, not {np.asarray(found).tolist()}",
    )
    rng = np.random.default_rng(0)
    a, b = rng.integers(1, 2**30, 64), rng.integers(0, 2**30, 64)
    prime = 2**31 - 1
    left, right = rng.integers(0, 2**31, (2, 300))
    right[:200] = left[:200]
    one, two = attempt(left, a, b, prime), attempt(rng.permutation(right), a, b, prime)
    share = float(np.mean(np.asarray(one) == np.asarray(two)))
    yield (
        0.3 < share < 0.7,
        f"sets of similarity 0.5 should agree in about half of 64 shuffles, not in {share:.2f}",
    )


@exercise
def choose_bands(attempt: Callable[[float, float, int], tuple[int, int]]) -> Checks:
    """As many rows as the recall allows, and as many bands as fit."""
    for threshold, recall, n_hashes in [(0.8, 0.95, 256), (0.5, 0.9, 256), (0.8, 0.95, 64)]:
        bands, rows = attempt(threshold, recall, n_hashes)
        case = f"threshold {threshold}, recall {recall}, {n_hashes} hashes"
        yield (
            bands * rows <= n_hashes,
            f"{case}: {bands} bands of {rows} need {bands * rows} hashes",
        )
        found = s_curve(threshold, bands, rows)
        yield found >= recall, f"{case}: {bands} bands of {rows} find only {found:.3f}"
        yield (
            bands == n_hashes // rows,
            f"{case}: of {rows} rows, {n_hashes // rows} bands would fit, not only {bands}",
        )
        more = [r for r in range(rows + 1, n_hashes + 1)
                if s_curve(threshold, n_hashes // r, r) >= recall]  # fmt: skip
        yield not more, f"{case}: {rows} rows are too few, {max(more, default=0)} would do"


@exercise
def secret_exposure(attempt: Callable[[Sequence[float], int], float]) -> Checks:
    """log2 of the number of candidates, minus log2 of the secret's rank."""
    scores = [-1.0, -4.0, -2.0, -3.0]
    for secret, expected in [(0, 2.0), (2, 1.0), (1, 0.0)]:
        found = attempt(scores, secret)
        rank = sorted(scores, reverse=True).index(scores[secret]) + 1
        yield (
            math.isclose(found, expected, abs_tol=1e-9),
            f"rank {rank} of 4 candidates is {expected} bits, not {found:.2f}",
        )
    found = attempt([-2.0] * 8, 0)
    yield (
        math.isclose(found, 0, abs_tol=1e-9),
        f"all candidates alike: nothing is known, 0 bits, not {found:.2f}",
    )
    found = attempt([-1.0, -1.0, -5.0, -6.0], 1)
    yield (
        math.isclose(found, 1),
        f"two share the first place: the worst rank is 2, so 1 bit, not {found:.2f}",
    )
