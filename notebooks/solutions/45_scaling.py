"""Solutions to the exercises of chapter 45."""

import math
from collections.abc import Mapping, Sequence
from statistics import median


def seeds_needed(spread: float, difference: float) -> int:
    # Two means of n runs differ by chance with a standard error of spread * sqrt(2 / n).
    return math.ceil(8 * (spread / difference) ** 2)


def median_says_stop(earlier: Sequence[Mapping[int, float]], step: int, score: float) -> bool:
    there = [scores[step] for scores in earlier if step in scores]
    return bool(there) and score > median(there)


def rate_for_width(kind: str, rate: float, times_wider: float) -> float:
    return rate / times_wider if kind in ("hidden", "head") else rate


def best_size(A: float, B: float, alpha: float, beta: float, flops: float) -> float:
    # At the best N the next parameter saves as much as the tokens that it displaces would:
    # alpha A / N^alpha = beta B / D^beta, with D = flops / (6 N).
    pairs = flops / 6
    return (alpha * A / (beta * B) * pairs**beta) ** (1 / (alpha + beta))
