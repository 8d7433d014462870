"""A step that must not be taken: notice it, and find where it began.

B batch, T position
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from minilm.errors import MinilmError

WINDOW = 50  # losses that say what is usual
USUAL = 8.0  # how many deviations a loss may lie above the median of these
LEAST = 0.5  # nats above it that count as a jump at all


class BadStepError(MinilmError):
    """A step that would spoil the weights; its message says what was seen, when, and where."""


def trouble(loss: float, norm: float, losses: Sequence[float]) -> str | None:
    """Say what is wrong with a step, from its loss, its gradient's length and the losses before.

    A jump is measured in deviations from the median of the last losses, both of them robust: one
    bad batch does not move what is usual. Only the first loss of a jump counts; if the next ones
    are as high, they are what is usual now.
    """
    if not math.isfinite(loss):
        return "The loss is not a number"
    if not math.isfinite(norm):
        return "The gradient is not a number"
    recent = losses[-WINDOW:]
    if len(recent) < WINDOW // 2:
        return None
    middle = statistics.median(recent)
    deviation = 1.4826 * statistics.median(abs(other - middle) for other in recent)
    most = middle + max(USUAL * deviation, LEAST)
    if loss > most >= recent[-1]:
        return f"The loss jumped from {middle:.2f} to {loss:.2f}"
    return None


def gradient_norms(model: nn.Module) -> dict[str, float]:
    """Return the length of each weight's gradient, by the weight's name."""
    norms = {
        name: weight.grad.norm()
        for name, weight in model.named_parameters()
        if weight.grad is not None
    }
    # of a weight in shares, the length over all ranks
    return {name: float(getattr(n, "full_tensor", lambda n=n: n)()) for name, n in norms.items()}


def loudest(model: nn.Module) -> str:
    """Say which weight has the longest gradient, and how much of the whole that is."""
    norms = gradient_norms(model)
    name = max(norms, key=lambda name: norms[name])
    share = norms[name] ** 2 / sum(norm**2 for norm in norms.values())
    return f"the longest gradient is that of {name}, {share:.0%} of the squared norm"


def locate(model: nn.Module, losses: Iterable[Callable[[], Tensor]]) -> str:
    """Say where the first number went bad that is infinite or none: in which layer, on which way.

    `losses` compute the loss of each mini-batch with `model`, whose weights are those of the bad
    step. Every layer's inputs and outputs are watched in the order in which they are computed,
    first forward, then backward; the first bad one is where it began, all later ones have caught
    it. Gradients are cleared before and after.
    """
    # No way out before the end: many ranks do all of this together, and only one may have found it.
    found = [
        f"the weight {name} is not finite, before the step"
        for name, weight in model.named_parameters()
        if not is_finite(weight)
    ]

    def look(tensor: Any, what: str) -> None:
        numbers = isinstance(tensor, Tensor) and tensor.is_floating_point()
        if numbers and not found and not is_finite(tensor):
            found.append(f"{what} is the first that is not finite")

    def watch(tensors: Any, what: str) -> None:
        for tensor in tensors if isinstance(tensors, tuple) else (tensors,):
            look(tensor, what)
            if isinstance(tensor, Tensor) and tensor.requires_grad:
                tensor.register_hook(partial(look, what=f"the gradient of {what}"))  # type: ignore[no-untyped-call]

    hooks = []
    for name, module in model.named_modules():
        at = name or "the model"
        hooks += [
            module.register_forward_pre_hook(lambda _, x, at=at: watch(x, f"the input of {at}")),
            module.register_forward_hook(lambda _, x, y, at=at: watch(y, f"the output of {at}")),
        ]
    model.zero_grad()
    try:
        for loss in losses:
            result = loss()
            look(result, "the loss")
            result.backward()  # type: ignore[no-untyped-call]
        for name, weight in model.named_parameters():
            look(weight.grad, f"the gradient of the weight {name}")
    finally:
        for hook in hooks:
            hook.remove()
        model.zero_grad()
    return found[0] if found else "all layers are finite"


def is_finite(tensor: Tensor) -> bool:
    """Whether all numbers are finite; of a tensor in shares, those of this rank."""
    here = getattr(tensor, "to_local", lambda: tensor)()
    return bool(torch.isfinite(here).all())
