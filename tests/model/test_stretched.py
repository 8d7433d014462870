"""Stretched positions: which pairs slow down (the logits are compared in test_pretrained.py)."""

import math

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig
from minilm.model.positions import make_rotary
from minilm.model.rope import Rotary
from minilm.model.stretched import StretchedRotary, stretch


def test_slow_pairs_are_slowed_fast_ones_kept_and_others_mixed():
    turns = torch.tensor([100.0, 4.0, 2.5, 1.0, 0.01])  # within 1,000 positions
    slowed = stretch(turns * 2 * math.pi / 1000, (8.0, 1.0, 4.0, 1000.0)) * 1000 / (2 * math.pi)
    mixed = 2.5 * (0.5 + 0.5 / 8)
    torch.testing.assert_close(slowed, torch.tensor([100.0, 4.0, mixed, 1 / 8, 0.01 / 8]))


def test_a_factor_of_one_changes_nothing():
    x = torch.randn(1, 20, 2, 8, generator=torch.Generator().manual_seed(0))
    stretched = StretchedRotary(8, 20, 100.0, (1.0, 1.0, 4.0, 10.0))
    torch.testing.assert_close(stretched(x), Rotary(8, 20, 100.0)(x))


def test_the_config_asks_for_it():
    config = TransformerConfig(vocab_size=9, rope_stretching=(8.0, 1.0, 4.0, 64.0))
    assert type(make_rotary(config)) is StretchedRotary
    assert type(make_rotary(TransformerConfig(vocab_size=9))) is Rotary
    with pytest.raises(MinilmError, match="four numbers"):
        TransformerConfig(vocab_size=9, rope_stretching=(8.0,))
