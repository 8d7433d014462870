"""The checks of chapter 60."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from minilm.evaluate import accuracy, bits_per_byte, bootstrap_interval, perplexity
from minilm.teach.check import Checks, exercise


@exercise
def bits_from_report(attempt: Callable[[float, int, int], float]) -> Checks:
    """Bits per byte from a report that states a perplexity, its tokens and the text's bytes."""
    got = attempt(256.0, 1000, 1000)
    yield (
        math.isclose(got, 8.0, rel_tol=1e-6),
        f"256 equally likely choices for each byte are 8 bits per byte, not {got:.3f}",
    )
    got = attempt(16.0, 250, 1000)
    yield (
        math.isclose(got, 1.0, rel_tol=1e-6),
        f"250 tokens of 4 bits each are 1,000 bits for 1,000 bytes: 1 bit per byte, not {got:.3f}",
    )
    losses = np.random.default_rng(0).exponential(3.0, size=700)
    got, real = attempt(perplexity(losses), 700, 3000), bits_per_byte(losses, 3000)
    yield (
        math.isclose(got, real, rel_tol=1e-6),
        f"for 700 random losses the package says {real:.3f} bits per byte, yours says {got:.3f}",
    )


@exercise
def balanced_accuracy(attempt: Callable[[ArrayLike, ArrayLike], float]) -> Checks:
    """The mean of the classes' recalls, for two classes."""
    labels = np.array([0] * 95 + [1] * 5)
    got = attempt(labels, np.zeros(100, dtype=int))
    yield (
        math.isclose(got, 0.5),
        f"always 0 finds all of one class and none of the other: 0.5, not {got:.3f}",
    )
    got = attempt(labels, labels)
    yield math.isclose(got, 1.0), f"all right is 1, not {got:.3f}"
    predictions = labels.copy()
    predictions[[0, 1, 2, 3, 98]] = 1, 1, 1, 1, 0
    got, real = attempt(labels, predictions), (91 / 95 + 4 / 5) / 2
    yield (
        math.isclose(got, real),
        f"91 of 95 and 4 of 5 found: their mean is {real:.3f}, yours is {got:.3f}",
    )


@exercise
def examples_needed(attempt: Callable[[float, float], int]) -> Checks:
    """How many test examples make a 95 % interval of accuracy that reaches `reach` to each side."""
    for right, reach in [(0.5, 0.05), (0.8, 0.02), (0.95, 0.01)]:
        n = attempt(right, reach)
        yield n == int(n), f"examples come one by one: a whole number, not {n}"
        yield 1 <= n <= 10**6, f"{right:.0%} right and ±{reach}: {n:,} examples cannot be meant"
        labels = np.zeros(int(n), dtype=int)
        answers = (np.arange(int(n)) >= round(right * n)).astype(int)  # 1 is wrong
        low, high = bootstrap_interval(accuracy, labels, answers)
        yield (
            abs((high - low) / 2 / reach - 1) < 0.12,
            f"for {right:.0%} right and ±{reach} you say {int(n):,} examples, but their bootstrap"
            f" interval is ±{(high - low) / 2:.4f}",
        )


@exercise
def sign_test(attempt: Callable[[ArrayLike, ArrayLike], float]) -> Checks:
    """The chance that a fair coin divides the disagreements at least as unevenly, both ways."""
    first, second = np.array([1, 1, 1, 1, 1]), np.array([0, 0, 0, 0, 0])
    got = attempt(first, second)
    yield (
        math.isclose(got, 2 / 32, rel_tol=1e-6),
        f"5 to 0: five heads or five tails, 2 of 32 = 0.0625, not {got:.4f}",
    )
    padded = attempt(np.append(first, [1] * 50), np.append(second, [1] * 50))
    yield (
        math.isclose(padded, 2 / 32, rel_tol=1e-6),
        "50 more examples that both get right say nothing about who is better, but your answer"
        f" moves from 0.0625 to {padded:.4f}",
    )
    first, second = np.array([1] * 9 + [0]), np.array([0] * 9 + [1])
    got = attempt(first, second)
    yield math.isclose(got, 22 / 1024, rel_tol=1e-6), f"9 to 1 is 22 of 1024, not {got:.4f}"
    other = attempt(second, first)
    yield math.isclose(got, other), f"exchange the two and {got:.4f} becomes {other:.4f}"
    got = attempt(np.array([1, 0, 1, 0]), np.array([0, 1, 0, 1]))
    yield math.isclose(got, 1.0), f"2 to 2 is as even as can be: 1, not {got:.4f}"
    got = attempt(np.array([1, 0]), np.array([1, 0]))
    yield math.isclose(got, 1.0), f"no disagreement says nothing: 1, not {got:.4f}"
