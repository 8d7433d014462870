"""Solutions to the exercises of chapter 42."""

import math

import torch
from torch import Tensor


def clip_by_norm(gradients: list[Tensor], limit: float) -> list[Tensor]:
    length = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
    # One factor for all: the direction stays, and only what is too long becomes shorter.
    factor = min(1.0, limit / (length + 1e-12))
    return [gradient * factor for gradient in gradients]


def whole_gradient(gradients: list[Tensor], n_tokens: list[int]) -> Tensor:
    parts = [gradient * n for gradient, n in zip(gradients, n_tokens, strict=True)]
    return torch.stack(parts).sum(dim=0) / sum(n_tokens)


def cosine_schedule(step: int, steps: int, warmup: int) -> float:
    if step < warmup:
        return (step + 1) / (warmup + 1)
    way = (step - warmup) / (steps - warmup)  # from 0 at the top to 1 at the end
    return 0.5 * (1 + math.cos(math.pi * way))


def lion_step(weight: Tensor, gradient: Tensor, mean: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    direction = (0.9 * mean + 0.1 * gradient).sign()
    return weight - rate * direction, 0.99 * mean + 0.01 * gradient
