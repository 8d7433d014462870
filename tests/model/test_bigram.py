"""The neural bigram learns the counted table, and no more."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.model.bigram import Bigram, BigramConfig, counted_table
from minilm.model.ngram import NGram


def some_text(n_tokens=400, vocab_size=6):
    """A text whose tokens depend on the one before; the last two of the vocabulary never occur."""
    torch.manual_seed(0)
    table = torch.rand(vocab_size - 2, vocab_size - 2).pow(3)
    ids = [0]
    for _ in range(n_tokens - 1):
        ids.append(int(torch.multinomial(table[ids[-1]], 1)))
    return torch.tensor(ids)


def loss_of(logits, ids):
    return F.cross_entropy(logits, ids[1:])


def test_at_its_optimum_it_is_the_counted_table():
    ids = some_text()
    table = counted_table(ids, 6)
    model = Bigram(BigramConfig(vocab_size=6)).double()
    floor = -table.double()[ids[:-1], ids[1:]].log().mean().item()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = loss_of(model(ids[None, :-1])[0], ids)
        loss.backward()
        assert loss.item() > floor - 1e-6  # counting is the floor of its loss
        return loss

    assert closure().item() > floor + 0.1  # it has something to learn
    optimizer.step(closure)
    assert closure().item() == pytest.approx(floor, abs=1e-4)
    learned = model(torch.arange(6)[None])[0].softmax(dim=-1).float()
    torch.testing.assert_close(learned, table, atol=5e-3, rtol=0)


def test_the_gradient_of_a_row_is_what_it_says_minus_what_was_counted():
    ids = some_text()
    model = Bigram(BigramConfig(vocab_size=6))
    torch.nn.init.normal_(model.embedding.weight)
    loss_of(model(ids[None, :-1])[0], ids).backward()
    shares = torch.bincount(ids[:-1], minlength=6) / (len(ids) - 1)
    said = model.embedding.weight.detach().softmax(dim=-1)
    wanted = shares[:, None] * (said - counted_table(ids, 6))
    torch.testing.assert_close(model.embedding.weight.grad, wanted)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=50))
def test_counting_by_the_definition(tokens):
    table = counted_table(torch.tensor(tokens), 5)
    pairs = list(pairwise(tokens))
    for a in range(5):
        followers = [y for x, y in pairs if x == a]
        for b in range(5):
            share = followers.count(b) / len(followers) if followers else 1 / 5
            assert table[a, b].item() == pytest.approx(share)


def test_it_looks_at_one_token():
    torch.manual_seed(0)
    model = Bigram(BigramConfig(vocab_size=31, rank=8))
    ids = torch.randint(0, 31, (2, 12))
    logits = model(ids)
    assert logits.shape == (2, 12, 31)
    for t in range(12):
        torch.testing.assert_close(model(ids[:, t : t + 1])[:, 0], logits[:, t])


def test_documents_change_nothing_but_must_fit():
    model = Bigram(BigramConfig(vocab_size=31, rank=8))
    ids = torch.arange(12).view(2, 6)
    documents = torch.tensor([[0, 0, 1, 1, 1, 2]] * 2)
    assert torch.equal(model(ids, documents=documents), model(ids))
    with pytest.raises(MinilmError, match="one number"):
        model(ids, documents=documents[:, 1:])


def test_it_starts_knowing_nothing_and_counts_its_numbers():
    whole, thin = Bigram(BigramConfig(31)), Bigram(BigramConfig(31, rank=8))
    assert whole.n_params() == 31 * 31
    assert thin.n_params() == 2 * 31 * 8
    assert (whole(torch.arange(31)[None]) == 0).all()
    assert thin(torch.arange(31)[None]).abs().max() < 1
    assert (whole.config.d_model, thin.config.d_model) == (31, 8)


def test_without_smoothing_new_pairs_cost_without_limit():
    ids = torch.tensor([0, 1, 0, 1, 2])
    assert counted_table(ids, 3)[0, 2] == 0
    assert NGram(2, 3).fit(ids.numpy()).probabilities([0])[2] > 0
