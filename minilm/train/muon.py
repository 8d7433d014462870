"""Muon: for matrices, a step that moves every direction equally far."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def orthogonalize(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return roughly the nearest orthogonal matrix: the same directions, all equally strong.

    A few steps of an odd polynomial, x <- 3.4445 x - 4.7750 x^3 + 2.0315 x^5, applied to the
    singular values through matrix products alone, push values from 0.002 to 1 into about 0.7 to
    1.2; weaker ones grow without getting there. An exact 1 is not needed. Shapes: (M, N) -> (M, N).

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks".
    """
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)  # no singular value exceeds the Frobenius norm
    for _ in range(steps):
        gram = x @ x.T  # (M, M), the small side
        x = 3.4445 * x + torch.addmm(gram, gram, gram, beta=-4.7750, alpha=2.0315) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


class Muon(torch.optim.Optimizer):
    """Momentum whose step is made orthogonal, for the matrices inside a network.

    A gradient matrix is dominated by a few directions; after `orthogonalize` the rare ones move as
    far as the common ones. The step is scaled by sqrt(max(1, rows / columns)), so that its effect
    on the outputs does not depend on the matrix's shape. Give it matrices only; embeddings, the
    head and vectors belong to AdamW.

    Raises ValueError for a tensor that is not a matrix. Source: Jordan et al. 2024.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        if any(weight.ndim != 2 for group in self.param_groups for weight in group["params"]):
            raise ValueError("Muon moves matrices only; give vectors and embeddings to AdamW.")

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every matrix that has a gradient; `closure` is accepted for torch's sake, unused."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["mean"] = torch.zeros_like(weight)
                state["mean"].lerp_(weight.grad, 1 - group["momentum"])
                # Nesterov's look ahead: what the mean would be if this gradient came once more.
                ahead = weight.grad.lerp(state["mean"], group["momentum"])
                scale = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(orthogonalize(ahead), alpha=-group["lr"] * scale)
