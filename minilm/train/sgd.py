"""SGD: down the slope, with or without the memory of where it went before."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from minilm.train.rule import Rule, decay


class SGD(Rule):
    """Step against the gradient, or against a sum of gradients in which old ones fade.

    With g the gradient: s <- momentum * s + g, w <- w - lr * s. A slope that keeps its sign adds up
    to g / (1 - momentum), so 0.9 makes steps ten times longer where the way is straight; one that
    changes sign cancels. `nesterov` looks ahead and steps along g + momentum * s, what s would
    become if g came once more. `weight_decay` pulls matrices towards zero: through the gradient,
    as a penalty on their squares (L2), or, `decoupled`, straight at the weight, as in AdamW.

    Sources: Polyak 1964; Sutskever et al. 2013, section 2; Loshchilov and Hutter 2019, algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.1,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = True,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "nesterov": nesterov}
        super().__init__(params, {**defaults, "weight_decay": weight_decay, "decoupled": decoupled})

    def update(self, weights: list[Tensor], grads: list[Tensor], group: dict[str, Any]) -> None:
        """Move these weights along these gradients, with the settings of their group."""
        lr, momentum, pull = group["lr"], group["momentum"], group["weight_decay"]
        if group["decoupled"]:
            decay(weights, lr * pull)
        elif pull:
            pairs = zip(grads, weights, strict=True)
            grads = [g.add(w, alpha=pull) if w.ndim > 1 else g for g, w in pairs]
        if momentum:
            sums = self.remembered("sum", weights)
            torch._foreach_mul_(sums, momentum)
            torch._foreach_add_(sums, grads)
            if group["nesterov"]:
                sums = list(torch._foreach_add(grads, sums, alpha=momentum))
            grads = sums
        torch._foreach_add_(weights, grads, alpha=-lr)
