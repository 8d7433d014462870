"""AdamW: every weight moves by its own remembered gradient, in units of that gradient's size."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class AdamW(torch.optim.Optimizer):
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
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "step": 0}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient; `closure` is accepted for torch's sake, unused."""
        for group in self.param_groups:
            group["step"] += 1
            for weight in group["params"]:
                if weight.grad is not None:
                    self.update(weight, group)

    def update(self, weight: Tensor, group: dict[str, Any]) -> None:
        """Move one weight tensor."""
        state = self.state[weight]
        if not state:
            state["mean"] = torch.zeros_like(weight)
            state["square"] = torch.zeros_like(weight)
        mean, square, (beta1, beta2) = state["mean"], state["square"], group["betas"]
        mean.lerp_(weight.grad, 1 - beta1)
        square.mul_(beta2).addcmul_(weight.grad, weight.grad, value=1 - beta2)
        # Both means began at zero; after t steps they hold a share 1 - beta^t of their weight.
        scale = (square / (1 - beta2 ** group["step"])).sqrt_().add_(group["eps"])
        if weight.ndim > 1:
            weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.addcdiv_(mean, scale, value=-group["lr"] / (1 - beta1 ** group["step"]))
