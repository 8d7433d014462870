"""Normalisation: keep the scale of the residual stream from drifting with depth.

B batch, T position, D d_model
"""

import torch
from torch import Tensor, nn

from minilm.model.config import TransformerConfig, choose


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


class LayerNorm(nn.Module):
    """Subtract each vector's mean, divide by its standard deviation, then scale and shift.

    Works on the last dimension: (..., D) -> (..., D). Source: Ba et al. 2016, "Layer
    Normalization", section 3.
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Tensor) -> Tensor:
        centered = x - x.mean(dim=-1, keepdim=True)
        variance = centered.square().mean(dim=-1, keepdim=True)  # (..., D) -> (..., 1)
        return centered * torch.rsqrt(variance + self.eps) * self.weight + self.bias


def make_norm(config: TransformerConfig) -> RMSNorm | LayerNorm:
    """Return the norm that a config names, for the residual stream."""
    kinds: dict[str, type[RMSNorm | LayerNorm]] = {"rms": RMSNorm, "layer": LayerNorm}
    return choose("norm", config.norm, kinds)(config.d_model, config.norm_eps)
