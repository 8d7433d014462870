"""Solutions to the exercises of chapter 34."""

import math

import torch
from torch import Tensor

from minilm.model.config import TransformerConfig


def windows_reach(n_layers: int, window: int) -> int:
    return n_layers * (window - 1)  # a window holds the position itself


def cache_bytes(config: TransformerConfig) -> int:
    if config.attention == "latent":
        numbers = config.latent_width + config.rotary_width  # one row for all heads
    else:
        numbers = 2 * (config.n_kv_heads or config.n_heads) * config.head_width  # key and value
    return 2 * config.n_layers * numbers


def distance_costs(slopes: list[float], n: int) -> Tensor:
    place = torch.arange(n)
    distance = (place[:, None] - place).float()  # (T, T), negative in the future
    distance = distance.masked_fill(distance < 0, math.inf)
    return -torch.tensor(slopes)[:, None, None] * distance  # (H, T, T)


def routing(scores: Tensor, n_active: int) -> tuple[Tensor, Tensor]:
    highest, chosen = scores.topk(n_active, dim=-1)
    return highest.softmax(dim=-1), chosen  # what the others scored cancels
