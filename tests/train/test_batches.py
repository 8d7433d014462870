"""Batches lose nothing, repeat nothing, and depend on the step alone."""

import numpy as np
import pytest
import torch

from minilm.errors import MinilmError
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.batches import Batches


@pytest.fixture
def tokens(tmp_path):
    write_shards(
        [np.arange(1000)], tmp_path, vocab_size=1000, token_lengths=[1] * 1000, n_bytes=1000
    )
    return TokenShards.open(tmp_path)


def test_targets_are_the_next_tokens(tokens):
    inputs, targets = Batches(tokens, batch_size=4, context_length=10).batch(3)
    assert inputs.shape == targets.shape == (4, 10)
    assert inputs.dtype == torch.int64
    assert (targets == inputs + 1).all()


def test_an_epoch_sees_every_window_once(tokens):
    batches = Batches(tokens, batch_size=3, context_length=10)  # 99 windows, 33 steps
    starts = [row[0].item() for step in range(33) for row in batches.batch(step)[0]]
    assert sorted(starts) == list(range(0, 990, 10))
    again = [row[0].item() for step in range(33, 66) for row in batches.batch(step)[0]]
    assert sorted(again) == sorted(starts)
    assert again != starts


def test_a_batch_depends_on_the_step_and_the_seed_alone(tokens):
    first, second = (Batches(tokens, batch_size=7, context_length=10, seed=5) for _ in range(2))
    for step in range(20):
        first.batch(step)  # a history that the other does not have
    assert first.batch(20)[0].equal(second.batch(20)[0])
    other = Batches(tokens, batch_size=7, context_length=10, seed=6)
    assert not other.batch(20)[0].equal(second.batch(20)[0])


def test_too_little_text_is_refused(tokens):
    with pytest.raises(MinilmError, match="too few"):
        Batches(tokens, batch_size=200, context_length=10)
