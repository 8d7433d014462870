"""Muon: for matrices, a step that moves every direction equally far."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from minilm.train.rule import Rule, decay


def orthogonalize(matrices: Tensor, steps: int = 5) -> Tensor:
    """Return roughly the nearest orthogonal matrix: the same directions, all equally strong.

    A few steps of an odd polynomial, x <- 3.4445 x - 4.7750 x^3 + 2.0315 x^5, applied to the
    singular values through matrix products alone, push values from 0.002 to 1 into about 0.7 to
    1.2; weaker ones grow without getting there. An exact 1 is not needed. Each step multiplies x by
    a factor made of x x^T, so the factors are multiplied first, on the smaller side of x. Takes one
    matrix or several of a shape: (..., M, N) -> (..., M, N).

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks".
    """
    x = matrices.reshape(-1, *matrices.shape[-2:])  # (..., M, N) -> (B, M, N)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)  # no singular value exceeds this norm
    wide = x.shape[1] <= x.shape[2]
    gram = x @ x.mT if wide else x.mT @ x  # (B, K, K), K the smaller of M and N
    product = factor = factor_of(gram)
    for _ in range(steps - 1):
        gram = factor @ gram @ factor  # what x x^T has become
        factor = factor_of(gram)
        product = factor @ product
    return (product @ x if wide else x @ product).view_as(matrices)


def factor_of(gram: Tensor) -> Tensor:
    """Return 3.4445 - 4.7750 G + 2.0315 G^2: (B, K, K) -> (B, K, K)."""
    factor = torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315)
    factor.diagonal(dim1=1, dim2=2).add_(3.4445)
    return factor


class Muon(Rule):
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

    def split(self, weights: list[Tensor]) -> list[list[Tensor]]:
        """Return lists of small matrices of one shape, which share calls; large ones stay alone."""
        lists = []
        for shape in dict.fromkeys(weight.shape for weight in weights):
            alike = [weight for weight in weights if weight.shape == shape]
            size = max(1, 2**20 // shape.numel())
            lists += [alike[first : first + size] for first in range(0, len(alike), size)]
        return lists

    def update(self, weights: list[Tensor], grads: list[Tensor], group: dict[str, Any]) -> None:
        """Move these matrices of one shape along these gradients."""
        means, lr, momentum = self.remembered("mean", weights), group["lr"], group["momentum"]
        torch._foreach_lerp_(means, grads, 1 - momentum)
        # Nesterov's look ahead: what the mean would be if this gradient came once more.
        ahead = list(torch._foreach_lerp(grads, means, momentum))
        rows, columns = ahead[0].shape
        scale = max(1.0, rows / columns) ** 0.5
        decay(weights, lr * group["weight_decay"])
        torch._foreach_add_(weights, self.directions(ahead), alpha=-lr * scale)

    def directions(self, ahead: list[Tensor]) -> list[Tensor]:
        """Make matrices of one shape orthogonal."""
        return list(orthogonalize(torch.stack(ahead)).unbind())
