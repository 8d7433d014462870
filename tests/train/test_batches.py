"""Batches lose nothing, repeat nothing, and depend on the step alone, whoever takes part."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.packing import best_fit, by_length, joined, padded
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.batches import (
    IGNORED,
    Batches,
    Dealer,
    PackedBatches,
    asked_spans,
    count_asked,
    make_batches,
)


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


@given(
    n_rows=st.integers(1, 60),
    share=st.integers(1, 4),
    ranks=st.lists(st.sampled_from([1, 2, 3, 4, 6, 12]), min_size=1, max_size=6),
    seed=st.integers(0, 3),
)
def test_ranks_may_come_and_go_at_any_step(n_rows, share, ranks, seed):
    """At each step another number of ranks, each new and without a history."""
    batch_size = 12 * share
    if n_rows < batch_size:
        n_rows += batch_size
    alone = Dealer(n_rows, batch_size, seed)
    for step, world_size in enumerate(ranks):
        hands = [
            Dealer(n_rows, batch_size, seed, r, world_size).hand(step) for r in range(world_size)
        ]
        assert {len(hand) for hand in hands} == {batch_size // world_size}
        assert [row for hand in hands for row in hand] == alone.hand(step)


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 9))
def test_every_epoch_deals_every_row_once(n_rows, batch_size, seed):
    n_rows = max(n_rows, batch_size)
    dealer = Dealer(n_rows, batch_size, seed)
    drawn = [row for step in range(3 * n_rows) for row in dealer.hand(step)]
    assert dealer.hand(0) == drawn[:batch_size]  # after epochs that came later
    for epoch in range(3):
        assert sorted(drawn[epoch * n_rows : (epoch + 1) * n_rows]) == list(range(n_rows))


@pytest.mark.parametrize(("rank", "world_size"), [(0, 3), (2, 2), (-1, 2)])
def test_unequal_shares_are_refused(tokens, rank, world_size):
    with pytest.raises(MinilmError, match="equal share"):
        Batches(tokens, 4, 10, rank=rank, world_size=world_size)


def some_documents(folder, lengths):
    """Shards of documents in which no token occurs twice, so that each says where it was."""
    pieces = np.split(np.arange(sum(lengths)), np.cumsum(lengths)[:-1])
    n = max(2, sum(lengths))
    write_shards(pieces, folder, vocab_size=n, token_lengths=[1] * n, shard_tokens=13)
    return TokenShards.open(folder)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=12).filter(any),
    capacity=st.integers(1, 9),
    plan_of=st.sampled_from([joined, padded, best_fit, by_length]),
    stride=st.integers(1, 9),
)
def test_packed_rows_ask_for_every_token_after_the_one_before(
    tmp_path_factory, lengths, capacity, plan_of, stride
):
    tokens = some_documents(tmp_path_factory.mktemp("shards"), lengths)
    more = {} if plan_of is joined else {"stride": min(stride, capacity)}
    plan = plan_of(tokens.document_lengths, capacity, **more)
    batches = PackedBatches(tokens, plan, batch_size=1)
    n, asked = sum(lengths), []
    document_of = np.repeat(np.arange(len(lengths)), lengths)
    for step in range(len(plan)):
        inputs, targets, documents = (rows[0].numpy() for rows in batches.batch(step))
        assert len(inputs) == len(targets) == len(documents) == capacity
        assert (targets[documents < 0] == IGNORED).all()
        for number in range(documents.max() + 1):  # one number, one piece of one document
            after = (inputs[documents == number] + 1) % n
            assert (np.diff(after) == 1).all()
            assert len(np.unique(document_of[after])) == 1
        wanted = targets != IGNORED
        assert (targets[wanted] == (inputs[wanted] + 1) % n).all()
        asked += targets[wanted].tolist()
    assert sorted(asked) == list(range(n))


def test_packed_rows_are_shared_among_ranks(tmp_path):
    tokens = some_documents(tmp_path, [5, 3, 8, 2, 7, 4, 6, 9, 1, 5])
    plan = best_fit(tokens.document_lengths, 10)
    whole = PackedBatches(tokens, plan, 4, seed=3).batch(5)
    parts = [PackedBatches(tokens, plan, 4, 3, rank, 2).batch(5) for rank in range(2)]
    for rows, first, second in zip(whole, *parts, strict=True):
        assert rows.equal(torch.cat([first, second]))


def test_a_curriculum_goes_from_short_to_long_and_loses_nothing(tmp_path):
    tokens = some_documents(tmp_path, [*range(1, 10)] * 6)
    plan = padded(tokens.document_lengths, 9)
    batches = PackedBatches(tokens, plan, 6, curriculum=30)
    drawn = [row for step in range(9) for row in batches.hand(step)]
    assert sorted(drawn) == list(range(54))
    sizes = plan.longest[drawn]
    assert (np.diff(sizes[:30]) >= 0).all()
    assert (np.diff(sizes[30:]) >= 0).all()
    assert sizes[:6].max() < sizes[24:30].min()
    assert sizes[29] > sizes[30]  # a pool is a fair share of all lengths


def test_short_first_sorts_as_long_as_the_run(tmp_path):
    tokens = some_documents(tmp_path, [*range(1, 10)] * 9)
    batches = make_batches(tokens, "short-first", 4, 9, steps=6)
    longest = batches.plan.longest[[row for step in range(6) for row in batches.hand(step)]]
    assert (np.diff(longest) >= 0).all()
    assert longest[0] < longest[-1]


@pytest.mark.parametrize("packing", ["stream", "joined", "padded", "best-fit", "short-first"])
def test_a_packing_has_a_name(tmp_path, packing):
    tokens = some_documents(tmp_path, [9, 3, 8, 2, 7, 4, 6, 9])
    inputs, targets, *documents = make_batches(tokens, packing, 2, 10, steps=3).batch(0)
    assert inputs.shape == targets.shape == (2, 10)
    assert len(documents) == (packing != "stream")
    assert 2 <= count_asked(targets) <= 20


def test_unknown_packings_and_other_documents_are_refused(tmp_path):
    tokens = some_documents(tmp_path, [9, 3])
    with pytest.raises(MinilmError, match='"stream", "joined", "padded"'):
        make_batches(tokens, "bestfit", 2, 10)
    with pytest.raises(MinilmError, match="other documents"):
        PackedBatches(tokens, best_fit([4, 4, 4], 9), 1)


@pytest.mark.parametrize("packing", ["stream", "joined", "padded", "best-fit", "short-first"])
def test_spans_say_what_a_step_asks_for(tmp_path, packing):
    sizes = [5, 31, 2, 17, 40, 8, 11, 3]
    ids = iter(np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1]))
    write_shards(ids, tmp_path, vocab_size=200, token_lengths=[1] * 200)
    batches = make_batches(TokenShards.open(tmp_path), packing, 2, 12, steps=3)
    for step in range(6):
        targets = batches.batch(step)[1]
        asked = sorted(targets[targets != IGNORED].tolist())
        spans = asked_spans(batches, step)
        assert sorted(token for start, stop in spans for token in range(start, stop)) == asked
