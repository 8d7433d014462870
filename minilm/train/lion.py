"""Lion: every weight moves by the same amount, and the gradient only says which way."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from minilm.train.rule import Rule, decay


class Lion(Rule):
    """Step by the sign of a running mean of the gradient: one memory per weight, AdamW has two.

    With g the gradient and m the mean: w <- w - lr * (sign(b1 * m + (1 - b1) * g) + weight_decay *
    w), then m <- b2 * m + (1 - b2) * g. The step gives the newest gradient a larger share than the
    mean that is kept (b1 < b2). Each step is as long as AdamW's longest, so `lr` is three to ten
    times smaller than there, and `weight_decay` as many times larger. Vectors are not decayed.

    Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.3,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def update(self, weights: list[Tensor], grads: list[Tensor], group: dict[str, Any]) -> None:
        """Move these weights along these gradients, with the settings of their group."""
        means, lr, (beta1, beta2) = self.remembered("mean", weights), group["lr"], group["betas"]
        ahead = torch._foreach_lerp(means, grads, 1 - beta1)
        torch._foreach_sign_(ahead)
        decay(weights, lr * group["weight_decay"])
        torch._foreach_add_(weights, ahead, alpha=-lr)
        torch._foreach_lerp_(means, grads, 1 - beta2)
