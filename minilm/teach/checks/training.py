"""The checks of chapter 42."""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from minilm.teach.check import Checks, exercise


@exercise
def clip_by_norm(attempt: Callable[[list[Tensor], float], list[Tensor]]) -> Checks:
    """Shorten all gradients by one factor, so that together they are at most `limit` long."""
    clipped = attempt([torch.tensor([3.0]), torch.tensor([[4.0]])], 1.0)
    shapes = [tuple(gradient.shape) for gradient in clipped]
    yield shapes == [(1,), (1, 1)], f"each gradient keeps its shape; yours have {shapes}"
    values = [round(float(gradient), 3) for gradient in clipped]
    yield (
        values == [0.6, 0.8],
        f"3 and 4 are together 5 long: with a limit of 1 they become 0.6 and 0.8, not {values}",
    )
    short = attempt([torch.tensor([0.3]), torch.tensor([0.4])], 1.0)
    values = [round(float(gradient), 3) for gradient in short]
    yield values == [0.3, 0.4], f"0.3 and 0.4 are short enough and stay; yours became {values}"
    gradients = [
        torch.randn(5, 7, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1)
    ]
    length = math.sqrt(sum(float(g.square().sum()) for g in attempt(gradients, 0.5)))
    yield abs(length - 0.5) < 1e-4, f"clipped to 0.5, the gradients are {length:.3f} long"


@exercise
def whole_gradient(attempt: Callable[[list[Tensor], list[int]], Tensor]) -> Checks:
    """The gradient of the mean over all tokens, from those of the means over unequal parts."""
    equal = attempt([torch.tensor([1.0]), torch.tensor([3.0])], [10, 10])
    yield equal.tolist() == [2.0], f"equal parts with 1 and 3 give 2, not {equal.tolist()}"
    uneven = attempt([torch.tensor([1.0]), torch.tensor([3.0])], [30, 10])
    yield (
        uneven.tolist() == [1.5],
        f"three times as many tokens said 1 as said 3: the mean is 1.5, not {uneven.tolist()}",
    )
    weight = torch.tensor([0.5, -1.0], requires_grad=True)
    tokens = torch.randn(12, 2, generator=torch.Generator().manual_seed(0))
    parts = [tokens[:2], tokens[2:9], tokens[9:]]
    gradients = [torch.autograd.grad((p @ weight).square().mean(), weight)[0] for p in parts]
    whole = torch.autograd.grad((tokens @ weight).square().mean(), weight)[0]
    got = attempt(gradients, [len(part) for part in parts])
    yield (
        torch.allclose(got, whole, atol=1e-6),
        f"parts of 2, 7 and 3 tokens: autograd says {whole.tolist()}, yours {got.tolist()}",
    )


@exercise
def cosine_schedule(attempt: Callable[[int, int, int], float]) -> Checks:
    """The factor that climbs linearly for `warmup` steps, then falls along half a cosine."""
    factors = [attempt(step, 100, 4) for step in range(101)]
    rise = [round(factor, 3) for factor in factors[:4]]
    yield rise == [0.2, 0.4, 0.6, 0.8], f"with 4 steps of warm-up it climbs 0.2 ... 0.8, not {rise}"
    yield abs(factors[4] - 1) < 1e-6, f"after the warm-up the factor is 1, not {factors[4]:.3f}"
    yield (
        abs(factors[52] - 0.5) < 1e-6,
        f"half-way down, at step 52 of 4 to 100, it is 0.5, not {factors[52]:.3f}",
    )
    yield abs(factors[100]) < 1e-6, f"at the end, step 100, it is 0, not {factors[100]:.3f}"
    falling = all(a > b for a, b in pairwise(factors[4:]))
    yield falling, "after the warm-up it falls at every step"
    first = attempt(0, 10, 0)
    yield abs(first - 1) < 1e-6, f"without warm-up it begins at 1, not {first:.3f}"


@exercise
def lion_step(
    attempt: Callable[[Tensor, Tensor, Tensor, float], tuple[Tensor, Tensor]],
) -> Checks:
    """One step of Lion: the sign of a blend moves the weight, and the mean moves afterwards."""
    weight, zero = torch.tensor([1.0, 1.0, 1.0]), torch.zeros(3)
    moved, mean = attempt(weight, torch.tensor([0.001, -50.0, 0.0]), zero, 0.1)
    values = [round(value, 3) for value in moved.tolist()]
    yield (
        values == [0.9, 1.1, 1.0],
        f"every weight with a gradient moves by the rate: [0.9, 1.1, 1.0], not {values}",
    )
    values = [round(value, 5) for value in mean.tolist()]
    yield (
        values == [0.00001, -0.5, 0.0],
        f"the new mean takes over 1 % of the gradient: [1e-05, -0.5, 0.0], not {values}",
    )
    moved, _ = attempt(torch.zeros(2), torch.tensor([1.0, 10.0]), torch.tensor([-1.0, -1.0]), 1.0)
    yield (
        moved.tolist() == [1.0, -1.0],
        "a mean of -1 outvotes a gradient of 1 (0.9 against 0.1), but not one of 10: from 0 the"
        f" weights go to [1, -1], yours to {moved.tolist()}",
    )
    yield weight.tolist() == [1.0, 1.0, 1.0], "return a new weight; leave the old one as it was"
