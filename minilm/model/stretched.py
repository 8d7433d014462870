"""Rotary positions, stretched: how a model trained on short texts is made to read longer ones.

B batch, T position, H heads, K d_head
"""

import math

import torch
from torch import Tensor

from minilm.model.rope import Rotary

Stretching = tuple[float, ...]  # four numbers: factor, slow, fast, trained length


def stretch(speeds: Tensor, stretching: Stretching) -> Tensor:
    """Slow down the pairs that are slow already: (K/2,) -> (K/2,) radians per position.

    Within the trained length, fast pairs turn many times, so they have met every angle, and tell
    near positions apart; they stay as they are. Pairs that turn less than `slow` times would meet
    new angles in a longer text: they are slowed by `factor`. Between `slow` and `fast` turns the
    two are mixed.

    Source: Grattafiori et al. 2024, "The Llama 3 Herd of Models", and its published code, after
    Peng et al. 2023, "YaRN", section 3.2.
    """
    factor, slow, fast, trained = stretching
    turns = trained * speeds / (2 * math.pi)
    kept = ((turns - slow) / (fast - slow)).clamp(0, 1)
    return speeds * (kept + (1 - kept) / factor)


class StretchedRotary(Rotary):
    """Rotary positions whose slow pairs turn more slowly than the base says."""

    def __init__(
        self, d_head: int, context_length: int, base: float, stretching: Stretching
    ) -> None:
        super().__init__(d_head, context_length, base)
        speeds = base ** (-torch.arange(0, d_head, 2, dtype=torch.float32) / d_head)  # (K/2,)
        places = torch.arange(context_length, dtype=torch.float32)
        angles = torch.outer(places, stretch(speeds, stretching))  # (T, K/2)
        self.turns = torch.polar(torch.ones_like(angles), angles)[:, None, :]  # (T, 1, K/2)
