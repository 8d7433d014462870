"""Normalisation: keep the scale of the residual stream from drifting with depth.

B batch, T position, D d_model
"""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """Divide each vector by its root mean square, then scale each coordinate by a learned weight.

    Works on the last dimension: (..., D) -> (..., D). Unlike LayerNorm it subtracts no mean and
    adds no bias. Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", eq. 4.
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Tensor) -> Tensor:
        mean_square = x.square().mean(dim=-1, keepdim=True)  # (..., D) -> (..., 1)
        return x * torch.rsqrt(mean_square + self.eps) * self.weight
