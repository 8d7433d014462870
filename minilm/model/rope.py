"""Rotary position embedding: tell queries and keys where they stand by turning them.

B batch, T position, H heads, K d_head
"""

import torch
from torch import Tensor, nn


class Rotary(nn.Module):
    """Rotate each pair of coordinates by an angle that grows with the position.

    Pair i of a vector at position t turns by t / base^(2i/K) radians, so the dot product of a
    query at t with a key at s depends on their content and on t - s alone. Coordinates 2i and
    2i + 1 are read as one complex number: turning it is one multiplication. `start` is the
    position of the first row. Shapes: (B, T, H, K) -> (B, T, H, K).

    Source: Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding", 3.4.2.
    """

    turns: Tensor

    def __init__(self, d_head: int, context_length: int, base: float = 10_000.0) -> None:
        super().__init__()
        speeds = base ** (-torch.arange(0, d_head, 2, dtype=torch.float32) / d_head)  # (K/2,)
        angles = torch.outer(torch.arange(context_length, dtype=torch.float32), speeds)  # (T, K/2)
        turns = torch.polar(torch.ones_like(angles), angles)  # complex numbers of length one
        self.register_buffer("turns", turns[:, None, :], persistent=False)  # (T, 1, K/2)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        turns = self.turns[start : start + x.shape[1]]  # (T, 1, K/2)
        if torch.compiler.is_compiling():  # compiled kernels know real numbers only
            return turn_by_parts(x, turns)
        pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))  # (B, T, H, K/2)
        return torch.view_as_real(pairs * turns).flatten(-2).type_as(x)  # (B, T, H, K)


def turn_by_parts(x: Tensor, turns: Tensor) -> Tensor:
    """Multiply complex numbers in real ones: (a + bi)(c + di) = (ac - bd) + (ad + bc)i.

    Shapes: x (B, T, H, K), turns (T, 1, K/2), complex -> (B, T, H, K).
    """
    a, b = x.float().reshape(*x.shape[:-1], -1, 2).unbind(-1)  # (B, T, H, K/2) each
    c, d = torch.view_as_real(turns).unbind(-1)  # (T, 1, K/2) each
    return torch.stack([a * c - b * d, a * d + b * c], dim=-1).flatten(-2).type_as(x)
