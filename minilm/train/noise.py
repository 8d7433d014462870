"""How large a batch is worth its time: the noise of a gradient against its length.

A batch of B rows estimates the true gradient G with a noise of variance tr(S) / B. While the noise
is longer than G, twice the batch is nearly twice as good a step; once it is shorter, more rows say
the same again. In between lies the noise scale, tr(S) / |G|^2, counted in rows.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def gradient_noise_scale(
    model: nn.Module, loss: Callable[..., Tensor], batches: Iterable[tuple[Tensor, ...]]
) -> float:
    """Return the number of rows at which a gradient is as long as its noise: tr(S) / |G|^2.

    `loss(model, *rows)` is a mean over rows, as an objective's; the batches, all of one size B and
    drawn from all of the data, are only looked at: the model does not move. From K batches come two
    sizes, B and K B, whose squared lengths give both unknowns: E |G_B|^2 = |G|^2 + tr(S) / B. With
    few batches the answer is rough, and infinite where no gradient shows through the noise.

    Source: McCandlish et al. 2018, "An Empirical Model of Large-Batch Training", appendix A.1.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    total = [torch.zeros_like(weight) for weight in weights]
    squares, rows = [], 0
    for batch in batches:
        gradient = torch.autograd.grad(loss(model, *batch), weights)
        torch._foreach_add_(total, gradient)
        squares.append(squared_length(gradient))
        rows = len(batch[0])
    n_batches = len(squares)
    small = sum(squares) / n_batches  # |G_B|^2, on average
    large = squared_length(total) / n_batches**2  # |G_KB|^2
    noise = rows * (small - large) / (1 - 1 / n_batches)
    signal = (n_batches * large - small) / (n_batches - 1)
    return noise / signal if signal > 0 else float("inf")


def squared_length(gradient: Iterable[Tensor]) -> float:
    """Return the sum of the squares of all numbers."""
    return sum(float(part.double().square().sum()) for part in gradient)
