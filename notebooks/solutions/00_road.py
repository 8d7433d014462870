"""Solutions to the exercises of chapter 00."""

import hashlib
import math
from collections.abc import Sequence


def part_of(name: str) -> str:
    # A hash is as good as a dice, and always falls on the same side.
    return "test" if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10 == 0 else "train"


def next_token_pairs(ids: Sequence[int], length: int) -> list[tuple[list[int], list[int]]]:
    starts = range(0, len(ids) - length, length)
    return [
        (list(ids[s : s + length]), list(ids[s + 1 : s + length + 1])) for s in starts
    ]  # fmt: skip


def bits_per_byte(probabilities: Sequence[float], n_bytes: int) -> float:
    return sum(-math.log2(p) for p in probabilities) / n_bytes
