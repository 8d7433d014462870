"""The table-based n-gram model against Kneser-Ney written down as its definition."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.evaluate.language import token_losses
from minilm.model.ngram import NGram


class NaiveKneserNey:
    """Chen and Goodman's definition, read aloud: dictionaries of tuples and recursion."""

    def __init__(self, order, vocab_size, ids):
        self.vocab_size, self.counts, self.discounts = vocab_size, {}, {}
        ids = tuple(ids)
        for n in range(1, order + 1):
            if n == order:
                grams = [ids[i : i + n] for i in range(len(ids) - n + 1)]
            else:
                longer = {ids[i : i + n + 1] for i in range(len(ids) - n)}
                grams = [gram[1:] for gram in longer]
            self.counts[n] = Counter(grams)
            n1 = sum(count == 1 for count in self.counts[n].values())
            n2 = sum(count == 2 for count in self.counts[n].values())
            self.discounts[n] = n1 / (n1 + 2 * n2) if n1 and n2 else 0.75

    def probability(self, context, token):
        n = len(context) + 1
        lower = self.probability(context[1:], token) if context else 1 / self.vocab_size
        followers = {g: c for g, c in self.counts[n].items() if g[:-1] == tuple(context)}
        if not followers:
            return lower
        total, discount = sum(followers.values()), self.discounts[n]
        seen = max(followers.get((*context, token), 0) - discount, 0) / total
        return seen + discount * len(followers) / total * lower


def markov_text(n_tokens, vocab_size, seed=0):
    """Tokens in which the next depends on the last, so that contexts matter and repeat."""
    rng = np.random.default_rng(seed)
    steps = rng.zipf(1.6, n_tokens)
    ids = [0]
    for step in steps[1:]:
        ids.append((ids[-1] * 3 + int(step)) % vocab_size)
    return np.array(ids)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
def test_losses_equal_the_definition(order):
    train, valid = markov_text(300, 9), markov_text(60, 9, seed=1)
    naive = NaiveKneserNey(order, 9, train)
    losses = NGram(order, 9).fit(train).token_losses(valid)
    expected = [
        -math.log(naive.probability(tuple(valid[max(0, i - order + 1) : i]), valid[i]))
        for i in range(len(valid))
    ]
    np.testing.assert_allclose(losses, expected, rtol=1e-12)


def test_a_case_small_enough_for_paper():
    # a b a b a c, bigrams: ab 2, ba 2, ac 1. Not both n1 and n2 at order 1: discount 0.75 there.
    model = NGram(2, vocab_size=4).fit([0, 1, 0, 1, 0, 2])
    # Order 1 counts kinds of predecessors: a after {b}, b after {a}, c after {a}: 1 each of 3.
    lower = 0.25 / 3 + 0.75 * 3 / 3 / 4
    discount = 1 / (1 + 2 * 2)
    expected = (2 - discount) / 3 + discount * 2 / 3 * lower
    assert model.probabilities([0])[1] == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=4, max_size=60),
    st.lists(st.integers(0, 6), max_size=6),
    st.integers(1, 4),
)
def test_every_context_gets_a_distribution(train, context, order):
    model = NGram(order, vocab_size=7).fit(train)
    probabilities = model.probabilities(context)
    assert probabilities.sum() == pytest.approx(1)
    assert (probabilities > 0).all()
    naive = NaiveKneserNey(order, 7, train)
    used = tuple(context[max(0, len(context) - order + 1) :])
    expected = [naive.probability(used, token) for token in range(7)]
    np.testing.assert_allclose(probabilities, expected, rtol=1e-12)


def test_an_unseen_context_backs_off_to_a_shorter_one():
    model = NGram(3, vocab_size=6).fit([0, 1, 2, 0, 1, 3, 0, 1, 2])
    np.testing.assert_array_equal(model.probabilities([5, 1]), model.probabilities([1]))
    np.testing.assert_array_equal(model.probabilities([5, 5]), model.probabilities([]))
    assert model.probabilities([0, 1]).argmax() == 2


def test_a_context_that_nothing_followed_backs_off_too():
    model = NGram(3, vocab_size=5).fit([0, 1, 0, 1, 0, 2, 3])  # 3 and (2, 3) end the text
    np.testing.assert_array_equal(model.probabilities([2, 3]), model.probabilities([]))
    loss = model.token_losses([2, 3, 1])[2]
    assert loss == pytest.approx(-math.log(model.probabilities([])[1]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=4, max_size=60),
    st.lists(st.integers(0, 6), max_size=20),
    st.integers(1, 4),
)
def test_losses_and_distributions_agree(train, ids, order):
    model = NGram(order, vocab_size=7).fit(train)
    expected = [-math.log(model.probabilities(ids[:i])[ids[i]]) for i in range(len(ids))]
    np.testing.assert_allclose(model.token_losses(ids), expected, rtol=1e-12)


def test_a_repeating_text_is_learned_and_longer_contexts_help():
    ids = markov_text(4000, 50)
    train, valid = ids[:3500], ids[3500:]
    means = [NGram(order, 50).fit(train).token_losses(valid).mean() for order in (1, 2)]
    assert means[1] < means[0] < math.log(50) + 0.1


def test_logits_are_the_same_distributions():
    ids = markov_text(500, 12)
    model = NGram(3, 12).fit(ids)
    batch = torch.tensor(ids[:40].reshape(2, 20))
    logits = model(batch)  # (B, T) -> (B, T, V)
    assert logits.shape == (2, 20, 12)
    torch.testing.assert_close(logits.softmax(-1), logits.exp())  # normalised already
    for row, tokens in zip(logits, batch, strict=True):
        losses = -row[:-1].gather(1, tokens[1:, None])[:, 0]
        np.testing.assert_allclose(losses, model.token_losses(tokens)[1:], rtol=1e-5)


def test_reading_in_pieces_and_in_documents():
    ids = markov_text(500, 12)
    model = NGram(4, 12).fit(ids)
    rows = torch.tensor(ids[:40].reshape(2, 20))
    cache = model.make_cache(batch_size=2)
    parts = [model(piece, cache) for piece in rows.split([1, 2, 7, 10], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(rows))
    assert (len(cache), tuple(cache.ids.shape)) == (20, (2, 3))
    documents = torch.tensor([[0] * 6 + [1] * 14, [5] * 13 + [2] * 3 + [5] * 4])
    packed = model(rows, documents=documents)
    for b, lengths in [(0, [6, 14]), (1, [13, 3, 4])]:
        alone = [model(part[None])[0] for part in rows[b].split(lengths)]
        torch.testing.assert_close(packed[b], torch.cat(alone))
    assert not torch.equal(packed, model(rows))


def test_evaluation_takes_it_like_any_model():
    ids = markov_text(500, 12)
    model = NGram(3, 12).fit(ids[:400])
    losses = token_losses(model, ids[400:], context_length=40, stride=30)
    np.testing.assert_allclose(losses[3:], model.token_losses(ids[400:])[4:], rtol=1e-5)


def test_large_vocabularies_do_not_overflow():
    ids = [49_999, 49_998] * 5 + [7, 49_999, 49_998]
    model = NGram(6, 50_000).fit(ids)
    assert model.probabilities([49_999, 49_998] * 3).argmax() == 49_999
    assert model.n_params() == sum(
        len({tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)}) for n in range(1, 7)
    )


@pytest.mark.parametrize("n_tokens", [0, 1, 2])
def test_sequences_shorter_than_the_order(n_tokens):
    model = NGram(4, 9).fit(markov_text(100, 9))
    ids = list(range(n_tokens))
    losses = model.token_losses(ids)
    assert losses.shape == (n_tokens,)
    for i, loss in enumerate(losses):
        assert loss == pytest.approx(-math.log(model.probabilities(ids[:i])[ids[i]]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: NGram(0, 9), "order from 1 to 6"),
        (lambda: NGram(7, 9), "order from 1 to 6"),
        (lambda: NGram(3, 0), "vocab_size"),
        (lambda: NGram(3, 9).fit([1, 2]), "too few"),
        (lambda: NGram(3, 9).fit([1, 2, 9]), "id 9 is outside"),
        (lambda: NGram(3, 9).fit([1, 2, -1]), "id -1 is outside"),
        (lambda: NGram(3, 9).fit([[1, 2], [3, 4]]), r"shape \(2, 2\)"),
        (lambda: NGram(3, 9).fit([0.5, 1.5, 2.5]), "whole numbers"),
        (lambda: NGram(3, 9).token_losses([1, 2]), "call fit"),
    ],
)
def test_bad_input_is_named(wrong, message):
    with pytest.raises(MinilmError, match=message):
        wrong()
