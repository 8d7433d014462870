"""Solutions to the exercises of chapter 41."""

from collections.abc import Sequence

import torch
from torch import Tensor


def running_means(values: Sequence[float], beta: float) -> list[float]:
    mean, means = 0.0, []
    for t, value in enumerate(values, start=1):
        mean = beta * mean + (1 - beta) * value
        means.append(mean / (1 - beta**t))
    return means


def nearest_orthogonal(matrix: Tensor) -> Tensor:
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    return left @ right


def largest_stable_rate(curvature: Tensor) -> float:
    # Along an eigenvector a step multiplies w by 1 - rate * eigenvalue: it shrinks within -1 and 1.
    return 2 / float(torch.linalg.eigvalsh(curvature).max())


def noise_scale(small_squared: float, large_squared: float, small: int, large: int) -> float:
    # |g|² of a batch of b is |G|² + noise / b on average: two equations, two unknowns.
    noise = (small_squared - large_squared) / (1 / small - 1 / large)
    return noise / (large_squared - noise / large)
