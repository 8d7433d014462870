"""AdamW: every weight moves by its own remembered gradient, in units of that gradient's size."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from minilm.train.rule import Rule, add_quotients, decay


class AdamW(Rule):
    """Step along a running mean of the gradient, divided by the root of a running mean square.

    With g the gradient, m and v the two means, corrected for starting at zero:
    w <- w - lr * weight_decay * w - lr * m / (sqrt(v) + eps). The decay acts on the weight itself
    and not through the gradient, which is what the W stands for. Vectors (norm weights, biases)
    are not decayed: pulling a scale to zero would switch a coordinate off.

    Sources: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 3e-4,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    def update(self, weights: list[Tensor], grads: list[Tensor], group: dict[str, Any]) -> None:
        """Move these weights along these gradients, with the settings of their group."""
        means, squares = self.remembered("mean", weights), self.remembered("square", weights)
        lr, t, (beta1, beta2) = group["lr"], group["step"], group["betas"]
        torch._foreach_lerp_(means, grads, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, grads, grads, value=1 - beta2)
        # Both means began at zero; after t steps they hold a share 1 - beta^t of their weight.
        scales = torch._foreach_div(squares, 1 - beta2**t)
        torch._foreach_sqrt_(scales)
        torch._foreach_add_(scales, group["eps"])
        decay(weights, lr * group["weight_decay"])
        add_quotients(weights, means, scales, -lr / (1 - beta1**t))
