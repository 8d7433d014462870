"""The feed-forward layer: what each position does with what it has gathered, by itself.

B batch, T position, D d_model, F d_ff
"""

import torch.nn.functional as F
from torch import Tensor, nn


class SquaredReLU(nn.Module):
    """Widen, keep the positive part, square it, and narrow again: down(relu(up(x))^2).

    Shapes: (B, T, D) -> (B, T, D). Source: So et al. 2021, "Primer: Searching for Efficient
    Transformers for Language Modeling", section 3.
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        positive = F.relu(self.up(x))  # (B, T, D) -> (B, T, F)
        return self.down(positive * positive)


class SwiGLU(nn.Module):
    """Widen twice, let one half gate the other, and narrow again: down(silu(gate(x)) * up(x)).

    Shapes: (B, T, D) -> (B, T, D). Source: Shazeer 2020, "GLU Variants Improve Transformer".
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.silu(self.gate(x)) * self.up(x)  # (B, T, D) -> (B, T, F)
        return self.down(hidden)
