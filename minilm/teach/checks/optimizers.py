"""The checks of chapter 41."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from minilm.teach.check import Checks, exercise


@exercise
def running_means(attempt: Callable[[Sequence[float], float], list[float]]) -> Checks:
    """The running mean of a sequence after each number, corrected for having started at zero."""
    try:
        means = attempt([5.0, 5.0, 5.0], 0.9)
    except ZeroDivisionError:
        yield False, "1 - beta**0 is zero: after the first number, one has been seen, so t is 1"
        return
    yield len(means) == 3, f"three numbers have three means, not {len(means)}"
    yield (
        all(abs(mean - 5) < 1e-9 for mean in means),
        f"the mean of 5, 5, 5 is 5 from the first number on; yours: {[round(m, 3) for m in means]}",
    )
    means = attempt([1.0, 3.0], 0.5)
    yield (
        abs(means[1] - 7 / 3) < 1e-9,
        f"with beta 0.5 the newer of two counts twice: (1 + 2 * 3) / 3 = 2.333, not {means[1]:.3f}",
    )
    torch.manual_seed(0)
    values = torch.randn(20).tolist()
    weights = [0.8 ** (19 - place) for place in range(20)]
    right = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    yield abs(attempt(values, 0.8)[-1] - right) < 1e-6, "after 20 numbers the mean is off"


@exercise
def nearest_orthogonal(attempt: Callable[[Tensor], Tensor]) -> Checks:
    """The orthogonal matrix nearest to a matrix, exactly: all strengths set to 1."""
    generator = torch.Generator().manual_seed(0)
    for shape in ((4, 4), (3, 6), (6, 3)):
        matrix = torch.randn(shape, generator=generator)
        try:
            got = attempt(matrix)
        except NotImplementedError:
            raise  # it is a RuntimeError, too
        except RuntimeError:
            yield False, f"{shape}: shapes do not fit; ask svd for full_matrices=False"
            return
        yield got.shape == matrix.shape, f"{shape} goes in, {tuple(got.shape)} came out"
        strengths = torch.linalg.svdvals(got)
        yield (
            torch.allclose(strengths, torch.ones_like(strengths), atol=1e-4),
            f"{shape}: all strengths must be 1, yours are"
            f" {[round(s, 2) for s in strengths.tolist()]}",
        )
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        agreement = float((got * matrix).sum() / (left @ right * matrix).sum())
        yield (
            agreement > 1 - 1e-4,
            f"{shape}: orthogonal, but not the nearest: it keeps {agreement:.2f} of the agreement"
            " that is possible; keep the directions as they are",
        )


@exercise
def largest_stable_rate(attempt: Callable[[Tensor], float]) -> Checks:
    """The learning rate above which SGD flies apart in a valley of the given curvature."""
    generator = torch.Generator().manual_seed(0)
    for size in (1, 2, 5):
        half = torch.randn(size, size + 1, generator=generator, dtype=torch.float64)
        curvature = half @ half.T
        rate = float(attempt(curvature))
        for factor, name in ((0.99, "below"), (1.01, "above")):
            w = torch.ones(size, dtype=torch.float64)
            for _ in range(3000):
                w = w - factor * rate * curvature @ w
                w = w.clamp(-1e100, 1e100)
            escaped = float(w.norm()) > 1e3
            yield (
                escaped == (name == "above"),
                f"{size} x {size}: one per cent {name} your {rate:.4f}, SGD"
                f" {'flies apart' if escaped else 'still settles'}: the steepest *direction*"
                " decides, and it may lie between the axes",
            )


@exercise
def noise_scale(attempt: Callable[[float, float, int, int], float]) -> Checks:
    """The batch size at which noise and signal are equal, from two mean squared gradients."""
    for signal, noise, small, large in ((4.0, 100.0, 1, 100), (0.5, 3.0, 4, 64), (9.0, 0.0, 2, 8)):
        squared = [signal + noise / size for size in (small, large)]
        got = attempt(squared[0], squared[1], small, large)
        yield (
            abs(got - noise / signal) < 1e-6,
            f"batches of {small} and {large} have mean squared gradients {squared[0]:g} and"
            f" {squared[1]:g}: |G|² is {signal:g} and the noise of one example {noise:g}, so the"
            f" scale is {noise / signal:g}, not {got:g}",
        )
