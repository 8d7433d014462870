"""What training is tested on: a stream with something to learn, in a tenth of a second."""

import numpy as np
import pytest

from minilm.prepare.shards import TokenShards, write_shards


@pytest.fixture
def shards(tmp_path):
    """A stream in which each token tells the next one: (train, valid)."""
    ids = np.arange(4000) * 7 % 30
    for part in ("train", "valid"):
        folder = tmp_path / part
        write_shards([ids], folder, vocab_size=30, token_lengths=[2] * 30, n_bytes=8000)
    return TokenShards.open(tmp_path / "train"), TokenShards.open(tmp_path / "valid")
