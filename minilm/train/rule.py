"""What all optimisers here share: who is moved, and what is remembered of each weight."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

Tensors = list[Tensor] | tuple[Tensor, ...]


class Rule(torch.optim.Optimizer):
    """An optimiser that is one rule, `update`, for a list of weights and their gradients.

    A rule is a handful of arithmetic on lists: `torch._foreach_mul_(means, 0.9)` multiplies every
    mean, with the very numbers of a loop. What it remembers of a weight is in `state` by name, in
    tensors of the weight's own shape, so that a checkpoint holds all of it.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient; `closure` is accepted for torch's sake, unused."""
        for group in self.param_groups:
            group["step"] = group.get("step", 0) + 1
            moved = [weight for weight in group["params"] if weight.grad is not None]
            for weights in self.split(moved):
                grads = [weight.grad for weight in weights if weight.grad is not None]
                self.update(weights, grads, group)

    def split(self, weights: list[Tensor]) -> list[list[Tensor]]:
        """Return the weights in lists that are moved by one call.

        A GPU gets all at once, since starting a kernel takes it longer than the arithmetic. A CPU
        gets the vectors at once, for the same reason, and the matrices one by one: a weight that is
        still in the cache at the next operation is worth more than calls saved.
        """
        if not weights or weights[0].device.type != "cpu":
            return [weights] if weights else []
        vectors = [weight for weight in weights if weight.ndim < 2]
        matrices = [[weight] for weight in weights if weight.ndim > 1]
        return [*matrices, vectors] if vectors else matrices

    @abstractmethod
    def update(self, weights: list[Tensor], grads: list[Tensor], group: dict[str, Any]) -> None:
        """Move these weights along these gradients, with the settings of their group."""

    def remembered(self, name: str, weights: list[Tensor]) -> list[Tensor]:
        """Return what is remembered of each weight under a name: zeros at first."""
        for weight in weights:
            if name not in self.state[weight]:
                self.state[weight][name] = torch.zeros_like(weight)
        return [self.state[weight][name] for weight in weights]


def decay(weights: list[Tensor], rate: float) -> None:
    """Pull the matrices towards zero by a share of themselves, w <- w - rate * w.

    Vectors (norm weights, biases) are left alone: at zero they would switch a coordinate off.
    """
    matrices = [weight for weight in weights if weight.ndim > 1]
    if matrices and (torch.compiler.is_compiling() or rate):  # compiled, a rate has no value yet
        torch._foreach_mul_(matrices, 1 - rate)


def add_quotients(weights: list[Tensor], above: Tensors, below: Tensors, rate: float) -> None:
    """Move every weight by a quotient, w <- w + rate * above / below."""
    if torch.compiler.is_compiling():  # a rate is a tensor then, and is multiplied apart
        above, rate = torch._foreach_mul(above, rate), 1.0
    torch._foreach_addcdiv_(weights, above, below, value=rate)
