"""The knobs of sampling against those of transformers, and the draws against the odds."""

import math

import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from minilm.errors import MinilmError
from minilm.serve import sampling
from minilm.serve.sampling import filter_logits, sample_next


def scores(*shape, seed=0, spread=3.0):
    return spread * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def warped(logits, temperature, top_k, top_p):
    """What transformers' `generate` would leave of the logits (B, V)."""
    logits = TemperatureLogitsWarper(temperature)(None, logits)
    logits = TopKLogitsWarper(top_k)(None, logits) if top_k else logits
    return TopPLogitsWarper(top_p)(None, logits) if top_p else logits


@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7])
@pytest.mark.parametrize("top_k", [None, 1, 5, 40, 10_000])
@pytest.mark.parametrize("top_p", [None, 0.01, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(1, 7), (3, 100), (2, 3000)])
def test_what_is_left_equals_transformers(temperature, top_k, top_p, shape):
    logits = scores(*shape)
    ours = filter_logits(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    theirs = warped(logits, temperature, top_k, top_p)
    assert torch.equal(ours.isinf(), theirs.isinf())
    torch.testing.assert_close(ours.softmax(-1), theirs.softmax(-1), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("top_p", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("guess", [1, 3, 100, 1024])
def test_the_nucleus_does_not_depend_on_where_it_is_looked_for(top_p, guess, monkeypatch):
    logits = torch.cat([scores(2, 400), scores(1, 400, spread=0.01)])  # sure, sure, unsure
    expected = warped(logits, 1.0, None, top_p)
    monkeypatch.setattr(sampling, "NUCLEUS_GUESS", guess)
    ours = filter_logits(logits, top_p=top_p)
    assert torch.equal(ours.isinf(), expected.isinf())


@given(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=30), st.floats(0.01, 1))
def test_the_nucleus_is_the_smallest_set_that_is_enough(values, top_p):
    p = torch.tensor(values, dtype=torch.float32).double().softmax(-1)
    kept = p[~filter_logits(torch.tensor(values), top_p=top_p).isinf()]
    assert len(kept) >= 1
    assert kept.sum() >= top_p - 1e-6
    assert kept.sum() - kept.min() < top_p + 1e-6 or len(kept) == 1
    assert kept.min() >= p.sort(descending=True)[0][len(kept) - 1] - 1e-12


def test_top_p_renormalizes_after_top_k():
    logits = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()
    left = filter_logits(logits, top_k=2, top_p=0.5).softmax(-1)
    assert left.tolist() == pytest.approx([1, 0, 0, 0])  # 0.4 of 0.7 is enough; of 1 it is not
    assert filter_logits(logits, top_p=0.5).softmax(-1).tolist() == pytest.approx(
        [4 / 7, 3 / 7, 0, 0]
    )


@pytest.mark.parametrize("temperature", [0, 0.0, 1e-9, 1e-300])
def test_temperature_zero_is_argmax(temperature):
    logits = scores(5, 50)
    generator = torch.Generator().manual_seed(0)
    ids = sample_next(logits, temperature=temperature, top_k=3, top_p=0.9, generator=generator)
    assert torch.equal(ids, logits.argmax(-1))
    left = filter_logits(logits, temperature=temperature)
    assert torch.equal(left.softmax(-1).argmax(-1), ids)
    assert (~left.isinf()).sum() == 5


@pytest.mark.parametrize("shape", [(), (4,)])
def test_shapes_of_one_row_and_of_a_batch(shape):
    for knobs in ({}, {"top_k": 5}, {"top_p": 0.9}, {"temperature": 0}):
        ids = sample_next(scores(*shape, 20), **knobs)
        assert ids.shape == shape
        assert ids.dtype == torch.int64
        assert filter_logits(scores(*shape, 20), **knobs).shape == (*shape, 20)


@pytest.mark.parametrize(
    "knobs",
    [{}, {"temperature": 0.5}, {"temperature": 1.5, "top_k": 6}, {"top_p": 0.8}],
    ids=str,
)
def test_draws_follow_the_distribution(knobs):
    logits = scores(12, spread=1.0)
    generator = torch.Generator().manual_seed(7)
    ids = sample_next(logits.expand(20_000, 12), generator=generator, **knobs)
    counts = torch.bincount(ids, minlength=12)
    expected = filter_logits(logits, **knobs).softmax(-1).double()
    possible = expected > 0
    assert counts[~possible].sum() == 0
    expected = expected[possible] / expected.sum()
    assert scipy.stats.chisquare(counts[possible], 20_000 * expected).pvalue > 0.01


def test_the_generator_decides():
    logits = scores(64, 100)
    first, again, other = (
        sample_next(logits, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_impossible_tokens_are_never_drawn():
    logits = torch.full((5000, 4), -math.inf)
    logits[:, 1] = 0.0
    assert (sample_next(logits) == 1).all()
    assert (sample_next(logits, top_k=3, top_p=0.9) == 1).all()


@pytest.mark.parametrize("dart", [0.0, 1 - 2**-53])
def test_darts_at_either_end_of_the_line_hit_a_possible_token(dart, monkeypatch):
    logits = scores(500, 40)
    logits[:, [0, -1]] = -math.inf
    ends = logits.softmax(-1, dtype=torch.float64).cumsum(-1)[:, -1]
    assert (ends < 1 - 2**-53).any()  # some lines end short of 1 by rounding
    monkeypatch.setattr(torch, "rand", lambda size, dtype, **_: torch.full(size, dart, dtype=dtype))
    assert set(sample_next(logits).tolist()) == ({1} if dart == 0 else {38})


def test_a_small_nucleus_is_found_without_sorting_everything():
    best, places = sampling.nucleus(scores(2, 5000), 0.5)
    assert best.shape == places.shape == (2, sampling.NUCLEUS_GUESS)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype):
    logits = scores(3, 40).to(dtype)
    ids = sample_next(logits, temperature=0.01, top_k=5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ids, logits.argmax(-1))


def test_extreme_scores_do_not_overflow():
    logits = torch.tensor([3e38, 2e38, -3e38])
    assert filter_logits(logits, temperature=1e-5).softmax(-1).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"temperature": math.inf}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"top_k": -3}, "top_k"),
        ({"top_k": 2.5}, "top_k"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"top_p": math.nan}, "top_p"),
    ],
)
def test_bad_knobs_are_named(knobs, message):
    with pytest.raises(MinilmError, match=message):
        sample_next(scores(10), **knobs)
    with pytest.raises(MinilmError, match=message):
        filter_logits(scores(10), **knobs)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0, 1])
def test_broken_scores_are_not_sampled(bad, temperature):
    logits = scores(2, 10)
    logits[1, 3] = bad
    with pytest.raises(MinilmError, match="not finite"):
        sample_next(logits, temperature=temperature)
    with pytest.raises(MinilmError, match="not finite"):
        sample_next(torch.full((10,), -math.inf), temperature=temperature)
