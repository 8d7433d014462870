"""Positions: how a transformer comes to know where a token stands.

Learned and sinusoidal positions are added to the embedding. Rotary ones (minilm.model.rope) turn
queries and keys in each layer, and ALiBi lowers the score of what is far away: both of them show
distances only.

B batch, T position, S positions that are looked at, D d_model, H heads
"""

import torch
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig, choose
from minilm.model.documents import places_within
from minilm.model.rope import Rotary
from minilm.model.stretched import StretchedRotary


class LearnedPositions(nn.Embedding):
    """Add a learned vector for each position, up to a last one.

    Shapes: x (B, T, D), places (T,) or (B, T) -> (B, T, D). Source: Gehring et al. 2017,
    "Convolutional Sequence to Sequence Learning", section 3.1; the choice of GPT-2.
    """

    def __init__(self, context_length: int, d_model: int) -> None:
        super().__init__(context_length, d_model)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:  # type: ignore[override]
        return x + super().forward(places)


class SinusoidalPositions(nn.Module):
    """Add sines and cosines of the position, from fast to slow ones; nothing is learned.

    Coordinates 2i and 2i + 1 hold the sine and the cosine of place / 10000^(2i/D). Embeddings are
    small and a sine is not, so the embedding is first multiplied by sqrt(D).
    Shapes: x (B, T, D), places (T,) or (B, T) -> (B, T, D).

    Source: Vaswani et al. 2017, "Attention Is All You Need", sections 3.4 and 3.5.
    """

    table: Tensor

    def __init__(self, context_length: int, d_model: int) -> None:
        super().__init__()
        speeds = 10_000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float32) / d_model)
        angles = torch.outer(torch.arange(context_length, dtype=torch.float32), speeds)  # (T, D/2)
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (T, D)
        self.register_buffer("table", table[:, :d_model], persistent=False)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        return x * x.shape[-1] ** 0.5 + self.table[places]


Positions = LearnedPositions | SinusoidalPositions


def make_positions(config: TransformerConfig) -> Positions | None:
    """Return what adds positions to the embedding, or None if they enter somewhere else."""
    kinds: dict[str, type[Positions] | None] = {"rope": None, "alibi": None, "none": None}
    kinds |= {"learned": LearnedPositions, "sinusoidal": SinusoidalPositions}
    kind = choose("position", config.position, kinds)
    return kind(config.context_length, config.d_model) if kind is not None else None


def make_rotary(config: TransformerConfig) -> Rotary | None:
    """Return what turns queries and keys, if that is how this transformer knows positions."""
    if config.position != "rope":
        return None
    if config.rotary_width % 2:
        raise MinilmError(
            f"Rotary positions turn pairs, and {config.rotary_width} coordinates are no pairs."
            " Choose an even d_head (and d_rope), or another position."
        )
    sizes = config.rotary_width, config.context_length, config.rope_base
    if config.rope_stretching is not None:
        return StretchedRotary(*sizes, config.rope_stretching)
    return Rotary(*sizes)


def embed(
    ids: Tensor,
    embedding: nn.Embedding,
    positions: Positions | None,
    start: int = 0,
    documents: Tensor | None = None,
) -> Tensor:
    """Return the beginning of the residual stream: ids (B, T) -> (B, T, D).

    Positions count from `start`, or, if several documents share a row, within each document.
    """
    x: Tensor = embedding(ids)  # (B, T) -> (B, T, D)
    if positions is None:
        return x
    if documents is not None:
        return positions(x, places_within(documents))
    return positions(x, torch.arange(start, start + ids.shape[1], device=ids.device))


def alibi_slopes(n_heads: int) -> Tensor:
    """Return how steeply each head's interest falls with the distance, (H,).

    Slopes fall geometrically, from 2^(-8/H) to 2^-8. Where H is no power of two, those of the
    largest power below it come first, then every other one of the next power.

    Source: Press et al. 2022, "Train Short, Test Long", section 3 and its published code.
    """
    power = 2 ** (n_heads.bit_length() - 1)  # the largest power of two up to H
    slopes = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    slopes += [2 ** (-8 * (i + 0.5) / power) for i in range(0, n_heads - power)]
    return torch.tensor(slopes)


def alibi(n_heads: int, n_queries: int, n_keys: int) -> Tensor:
    """Return what the distance takes off each score, (H, T, S): minus slope times distance.

    The queries are the last `n_queries` of `n_keys` positions. Distances count both ways; hiding
    the future is the mask's work.
    """
    places = torch.arange(n_keys)
    distance = (places[-n_queries:, None] - places).abs()  # (T, S)
    return -alibi_slopes(n_heads)[:, None, None] * distance
