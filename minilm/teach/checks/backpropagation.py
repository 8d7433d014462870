"""The checks of chapter 40."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from minilm.teach.check import Checks, exercise
from minilm.train.autograd import Value


@exercise
def sigmoid_of_value(attempt: Callable[[Value], Value]) -> Checks:
    """One more operation for Value: 1 / (1 + e^-x), with its slope, wherever x lies."""
    for number in (0.0, 2.0, -1.5):
        x = Value(number)
        result = attempt(x)
        right = 1 / (1 + math.exp(-number))
        yield (
            math.isclose(result.data, right, rel_tol=1e-9),
            f"the sigmoid of {number:g} is {right:.4f}, yours is {result.data:.4f}",
        )
        result.backward()
        slope = right * (1 - right)
        yield (
            math.isclose(x.grad, slope, rel_tol=1e-6),
            f"its slope at {number:g} is {slope:.4f}: σ times 1 - σ; yours is {x.grad:.4f}",
        )
    x = Value(2.0)
    (attempt(x * x) * x).backward()
    right = 1 / (1 + math.exp(-4))
    slope = right + 2 * 2 * 2 * right * (1 - right)
    yield (
        math.isclose(x.grad, slope, rel_tol=1e-6),
        f"the slope of σ(x·x)·x at 2 is {slope:.4f}, yours {x.grad:.4f}: does your result know its"
        " source?",
    )
    for number, limit in ((800.0, 1.0), (-800.0, 0.0)):
        try:
            data = attempt(Value(number)).data
        except OverflowError:
            data = math.nan
        yield data == limit, f"at {number:g} the sigmoid is {limit:g}; e^800 is too large a number"


@exercise
def matmul_slopes(
    attempt: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
) -> Checks:
    """The way back through y = x @ w: from the slopes along y to those along x and w."""
    generator = torch.Generator().manual_seed(0)
    for shape, name in (((5, 3), "x (5, 3)"), ((4, 4), "x (4, 4)"), ((2, 6, 3), "x (2, 6, 3)")):
        x = torch.randn(shape, generator=generator, requires_grad=True)
        width = 4 if shape == (4, 4) else 2
        w = torch.randn(shape[-1], width, generator=generator, requires_grad=True)
        slopes = torch.randn(*shape[:-1], width, generator=generator)
        along_x, along_w = attempt(x.detach(), w.detach(), slopes)
        right_x, right_w = torch.autograd.grad(x @ w, (x, w), slopes)
        for got, right, letter in ((along_x, right_x, "x"), (along_w, right_w, "w")):
            yield (
                got.shape == right.shape,
                f"{name}: the slopes along {letter} have its shape, {tuple(right.shape)}, not"
                f" {tuple(got.shape)}",
            )
            yield (
                torch.allclose(got, right, atol=1e-5),
                f"{name}: the shapes fit, but the slopes along {letter} are not those of torch",
            )


@exercise
def nudged_slopes(attempt: Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]) -> Checks:
    """All slopes of a function of several numbers, by nudging each up and down."""

    def curved(x: Tensor) -> Tensor:
        return (x**3).sum() + x[0] * x[-1]

    x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    before = x.clone()
    slopes = attempt(curved, x)
    right = torch.tensor([0.75 + 2.0, 3.0, 12.0 + 0.5], dtype=torch.float64)
    yield slopes.shape == x.shape, f"three numbers have three slopes, not {tuple(slopes.shape)}"
    yield x.equal(before), "x came back changed: nudge a copy, or take the nudge back"
    error = float((slopes - right).abs().max())
    yield (
        error < 0.5,
        f"the slopes are {right.tolist()}, yours {[round(s, 2) for s in slopes.tolist()]}: only one"
        " number may be nudged at a time, and the difference is divided by the whole way",
    )
    yield (
        error < 1e-6,
        f"off by {error:.0e}: a nudge to one side leaves an error as large as the nudge; go up and"
        " down",
    )


@exercise
def rms_norm_slope(attempt: Callable[[Tensor, Tensor], Tensor]) -> Checks:
    """The way back through y = x / sqrt(mean(x²) + 1e-6), over the last dimension."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 7, generator=generator, requires_grad=True)
    slopes = torch.randn(3, 7, generator=generator)
    y = x * (x.square().mean(dim=-1, keepdim=True) + 1e-6).rsqrt()
    (right,) = torch.autograd.grad(y, x, slopes)
    got = attempt(x.detach(), slopes)
    yield got.shape == right.shape, f"(3, 7) goes in, {tuple(got.shape)} came out"
    along = float((got * x.detach()).sum(dim=-1).abs().max())
    yield (
        along < 1e-3,
        f"making a row longer does not change y, so its slopes have no part along x; yours have"
        f" {along:.2f}",
    )
    yield torch.allclose(got, right, atol=1e-5), "the slopes differ from torch's"
    one, two = attempt(x.detach()[:1], slopes[:1]), got[:1]
    yield torch.allclose(one, two, atol=1e-6), "a row's slopes depend on the other rows"
