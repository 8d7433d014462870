"""Solutions to the exercises of chapter 31."""

import math

import torch
from torch import Tensor, nn


def gru_step(from_input: Tensor, from_state: Tensor, h: Tensor) -> Tensor:
    r_in, z_in, n_in = from_input.chunk(3, dim=-1)
    r_old, z_old, n_old = from_state.chunk(3, dim=-1)
    r, z = torch.sigmoid(r_in + r_old), torch.sigmoid(z_in + z_old)
    return z * h + (1 - z) * torch.tanh(n_in + r * n_old)


def clip(gradients: list[Tensor], limit: float) -> list[Tensor]:
    length = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
    return [gradient * min(1.0, limit / (length + 1e-9)) for gradient in gradients]


def forget_bias(distance: int) -> float:
    kept = 0.5 ** (1 / distance)  # each step, so that all of them together leave a half
    return math.log(kept / (1 - kept))  # the inverse of the sigmoid


def read_in_pieces(layer: nn.Module, x: Tensor, state: Tensor, size: int) -> Tensor:
    outputs = []
    for piece in x.split(size, dim=1):
        out, (state,) = layer(piece, (state.detach(),))
        outputs.append(out)
    return torch.cat(outputs, dim=1)
