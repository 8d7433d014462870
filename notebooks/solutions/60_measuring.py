"""Solutions to the exercises of chapter 60."""

import math

import numpy as np
from numpy.typing import ArrayLike


def bits_from_report(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return math.log2(perplexity) * n_tokens / n_bytes


def balanced_accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    truth, guesses = np.asarray(labels), np.asarray(predictions)
    return float(np.mean([(guesses[truth == c] == c).mean() for c in (0, 1)]))


def examples_needed(accuracy: float, reach: float) -> int:
    # reach = 1.96 * sqrt(p (1 - p) / n), solved for n.
    return math.ceil(accuracy * (1 - accuracy) * (1.96 / reach) ** 2)


def sign_test(first_right: ArrayLike, second_right: ArrayLike) -> float:
    first, second = np.asarray(first_right), np.asarray(second_right)
    n = int((first != second).sum())
    fewer = min(int((first > second).sum()), int((first < second).sum()))
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    return min(1.0, 2 * tail)
