"""The noise scale of gradients whose noise is known."""

import math

import pytest
import torch
from torch import nn

from minilm.train.noise import gradient_noise_scale


class Weight(nn.Module):
    """One vector; the gradient of a row x under `pull` is x itself."""

    def __init__(self, size):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(size))


def pull(model, rows):
    return (rows @ model.w).mean()


@pytest.mark.parametrize(("mean", "spread"), [(0.1, 1.0), (0.3, 1.0), (0.1, 0.5)])
def test_it_is_the_variance_over_the_squared_mean(mean, spread):
    generator = torch.Generator().manual_seed(0)
    rows = mean + spread * torch.randn(400, 8, 50, generator=generator)
    scale = gradient_noise_scale(Weight(50), pull, ((batch,) for batch in rows))
    assert scale == pytest.approx(spread**2 / mean**2, rel=0.1)


def test_it_counts_rows_whatever_the_batch():
    generator = torch.Generator().manual_seed(0)
    rows = 0.1 + torch.randn(6400, 50, generator=generator)
    scales = [
        gradient_noise_scale(Weight(50), pull, ((batch,) for batch in rows.split(size)))
        for size in (2, 16)
    ]
    assert scales[0] == pytest.approx(scales[1], rel=0.1)


def test_without_noise_one_row_is_enough_and_without_signal_none():
    same = torch.ones(10, 4, 3)
    assert gradient_noise_scale(Weight(3), pull, ((b,) for b in same)) == pytest.approx(0, abs=1e-9)
    opposite = torch.stack([torch.ones(4, 3), -torch.ones(4, 3)])
    assert gradient_noise_scale(Weight(3), pull, ((b,) for b in opposite)) == math.inf


def test_the_model_stays_as_it_was():
    model = Weight(3)
    gradient_noise_scale(model, pull, [(torch.ones(4, 3),), (torch.zeros(4, 3),)])
    assert model.w.grad is None
    assert model.w.tolist() == [0, 0, 0]
