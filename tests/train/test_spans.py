"""Span corruption: nothing is lost, shares hold, and source and target fit together."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.model.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.spans import SpanCorruption, cut_spans, random_lengths
from minilm.train.trainer import Trainer, TrainerConfig

SENTINELS = [100, 101, 102, 103, 104, 105, 106, 107]
END, VOCAB = 99, 108


def mend(source, target):
    """Put the pieces back where the sentinels stand."""
    pieces = {}
    for token in target:
        if token in SENTINELS:
            piece = pieces[token] = []
        else:
            piece.append(token)
    return [
        token for place in source
        for token in (pieces[place] if place in SENTINELS else [place])
    ]  # fmt: skip


@given(st.lists(st.integers(0, 98), min_size=1, max_size=100), st.integers(0, 9))
def test_source_and_target_together_are_the_text(ids, seed):
    source, target = cut_spans(np.array(ids), SENTINELS, np.random.default_rng(seed))
    assert mend(source, target) == ids
    here = [token for token in source if token in SENTINELS]
    assert [*here, SENTINELS[len(here)]] == [token for token in target if token in SENTINELS]
    n_cut = len(target) - len(here) - 1
    assert n_cut == max(1, round(0.15 * len(ids)))
    assert len(here) == min(max(1, round(n_cut / 3)), len(ids) - n_cut + 1)


def test_pieces_lie_anywhere_and_never_touch():
    generator = np.random.default_rng(0)
    places = set()
    for _ in range(3000):
        source, target = cut_spans(np.arange(8), SENTINELS, generator, 0.5, 2.0)
        assert (len(source), len(target)) == (4 + 2, 4 + 3)
        first, second = (source.index(sentinel) for sentinel in SENTINELS[:2])
        assert second > first + 1
        places.add((first, second, target.index(SENTINELS[1])))
    assert len(places) == 10 * 3  # where two pieces stand among 4 tokens, times how 4 are shared


def test_all_ways_to_cut_are_equally_likely():
    generator = np.random.default_rng(0)
    ways = [tuple(random_lengths(5, 3, generator)) for _ in range(6000)]
    assert all(sum(way) == 5 and min(way) > 0 for way in ways)
    counts = [ways.count(way) for way in set(ways)]
    assert len(counts) == 6  # 4 places for 2 borders
    assert max(counts) < 1.15 * min(counts)


def test_too_few_sentinels_or_tokens_are_refused():
    with pytest.raises(MinilmError, match="take 6 sentinels, of which there are 5"):
        cut_spans(np.arange(100), SENTINELS[:5], np.random.default_rng(0))
    with pytest.raises(MinilmError, match="row of 0 tokens"):
        cut_spans(np.arange(0), SENTINELS, np.random.default_rng(0))


@pytest.fixture
def shards(tmp_path):
    ids = np.arange(3000) * 7 % 30
    for part in ("train", "valid"):
        write_shards([ids], tmp_path / part, vocab_size=VOCAB, token_lengths=[2] * VOCAB)
    return TokenShards.open(tmp_path / "train"), TokenShards.open(tmp_path / "valid")


def asking(shards, **changes):
    usual = {"batch_size": 8, "context_length": 20, "end": END, "eval_tokens": 200}
    return SpanCorruption(*shards, SENTINELS, **(usual | changes))


def test_a_batch_depends_on_the_step_alone_and_ranks_share_it(shards):
    first, again = asking(shards), asking(shards)
    again.batch(2)
    assert all(map(torch.equal, first.batch(5), again.batch(5)))
    ranks = [asking(shards, rank=rank, world_size=2).batch(5)[0] for rank in (0, 1)]
    assert torch.cat(ranks).equal(first.batch(5)[0])
    source, inputs, targets, _ = first.batch(0)
    window = set(range(0, 30))
    text = [token for token in source[0].tolist() if token in window]
    cut = [token for token in targets[0].tolist() if token in window]
    assert len(text) + len(cut) == 20
    assert inputs[0, 1:].equal(targets[0, :-1])
    epochs = [asking(shards).batch(step)[0][0].tolist() for step in range(0, 150, 7)]
    assert len({tuple(row) for row in epochs}) > 15  # of 22, over three texts


def test_one_trainer_teaches_it(shards):
    torch.manual_seed(0)
    config = EncoderDecoderConfig(VOCAB, context_length=32, n_layers=1, n_heads=2, d_model=32)
    settings = TrainerConfig(
        steps=60, batch_size=8, learning_rate=0.01, eval_every=10, device="cpu", eval_tokens=200
    )
    history = Trainer(EncoderDecoder(config), settings, objective=asking(shards)).fit()
    assert history[-1]["valid_loss"] < 0.4 * history[9]["valid_loss"]
    assert history[-1]["valid_exact_match"] > 0.2
