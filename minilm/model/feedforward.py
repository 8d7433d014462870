"""The feed-forward layer: what each position does with what it has gathered, by itself.

B batch, T position, D d_model, F d_ff
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SquaredReLU(nn.Module):
    """Widen, keep the positive part, square it, and narrow again: down(relu(up(x))^2).

    Shapes: (B, T, D) -> (B, T, D). Source: So et al. 2021, "Primer: Searching for Efficient
    Transformers for Language Modeling", section 3.
    """

    def __init__(self, d_model: int, d_ff: int, bias: bool = False) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.down = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        positive = F.relu(self.up(x))  # (B, T, D) -> (B, T, F)
        return self.down(positive * positive)


class SwiGLU(nn.Module):
    """Widen twice, let one half gate the other, and narrow again: down(silu(gate(x)) * up(x)).

    Shapes: (B, T, D) -> (B, T, D). Source: Shazeer 2020, "GLU Variants Improve Transformer".
    """

    def __init__(self, d_model: int, d_ff: int, bias: bool = False) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=bias)
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.down = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.silu(self.gate(x)) * self.up(x)  # (B, T, D) -> (B, T, F)
        return self.down(hidden)


def gelu(x: Tensor) -> Tensor:
    """Keep a number by the chance that a normal one is smaller: x * P(X < x), nearly.

    This is the form with tanh that GPT-2 was trained with; it differs from the exact one by less
    than 0.001. The layer calls torch's, which makes one pass over memory where this makes eight.

    Source: Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", section 2.
    """
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class GELU(nn.Module):
    """Widen, bend softly, and narrow again: down(gelu(up(x))).

    Shapes: (B, T, D) -> (B, T, D). Source: Radford et al. 2019, GPT-2.
    """

    def __init__(self, d_model: int, d_ff: int, bias: bool = False) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.down = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.gelu(self.up(x), approximate="tanh")  # (B, T, D) -> (B, T, F)
        return self.down(hidden)
