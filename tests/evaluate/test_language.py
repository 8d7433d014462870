"""Losses of a text against predicting it token by token, and their two summaries."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from minilm.errors import MinilmError
from minilm.evaluate.language import (
    bits_per_byte,
    evaluating,
    perplexity,
    token_losses,
    windows,
)
from minilm.model.ngram import NGram

VOCAB = 11


def text(n_tokens, seed=0):
    return torch.randint(VOCAB, (n_tokens,), generator=torch.Generator().manual_seed(seed))


def counting_model(ids):
    """Logits that depend on every token of the window so far, and so on where it began."""
    seen = nn.functional.one_hot(ids, VOCAB).float().cumsum(1)  # (B, L, V)
    return torch.sin(seen * torch.arange(1, VOCAB + 1))


def losses_one_by_one(ids, context_length, stride):
    """Each token from the window that the docstring of token_losses promises it."""
    length, losses, end = min(context_length, len(ids) - 1), [], 0
    while end < len(ids) - 1:
        new_end = min(end + (stride if end else length), len(ids) - 1)
        start = new_end - length
        for target in range(end + 1, new_end + 1):
            logits = counting_model(ids[None, start:target])[0, -1]
            losses.append(-logits.log_softmax(-1)[ids[target]])
        end = new_end
    return torch.stack(losses)


@pytest.mark.parametrize("n_tokens", [2, 3, 8, 9, 10, 16, 17, 40, 41])
@pytest.mark.parametrize("stride", [1, 3, 4, 8])
@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_losses_equal_predicting_token_by_token(n_tokens, stride, batch_size):
    ids = text(n_tokens)
    losses = token_losses(counting_model, ids, 8, stride=stride, batch_size=batch_size)
    assert losses.shape == (n_tokens - 1,)
    torch.testing.assert_close(losses, losses_one_by_one(ids, 8, stride))


def test_the_default_stride_is_half_a_context():
    ids = text(50)
    torch.testing.assert_close(
        token_losses(counting_model, ids, 9), token_losses(counting_model, ids, 9, stride=4)
    )


@given(st.integers(2, 200), st.integers(1, 20), st.data())
def test_windows_judge_every_token_once_with_enough_context(n_tokens, context_length, data):
    stride = data.draw(st.integers(1, context_length))
    starts, n_new = windows(torch.zeros(n_tokens), context_length, stride)
    length = min(context_length, n_tokens - 1)
    judged = [
        (start + place + 1, place + 1)  # which token, from how many tokens before it
        for start, new in zip(starts, n_new, strict=True)
        for place in range(length - new, length)
    ]
    assert [token for token, _ in judged] == list(range(1, n_tokens))
    for token, n_context in judged:
        assert n_context >= min(token, context_length - stride + 1)
    assert all(0 <= start <= n_tokens - 1 - length for start in starts)


def test_overlapping_windows_flatter_a_model_that_needs_context():
    ids = torch.arange(300) % 7 + (torch.arange(300) % 3 == 0)
    model = NGram(6, VOCAB).fit(ids)
    whole, half = (token_losses(model, ids, 10, stride=s).mean() for s in (10, 5))
    assert half < whole


def test_an_ngram_passes_the_same_door_as_a_network():
    ids = text(120)
    model = NGram(3, VOCAB).fit(text(400, seed=1))
    losses = token_losses(model, ids, context_length=16)
    np.testing.assert_allclose(losses, model.token_losses(ids)[1:], rtol=1e-5)


class Dropped(nn.Module):
    """A network whose losses are noise unless dropout is off, with one frozen part."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, VOCAB)
        self.drop = nn.Dropout(0.5)
        self.frozen = nn.Dropout(0.5).eval()
        self.saw_gradients = False

    def forward(self, ids):
        self.saw_gradients |= torch.is_grad_enabled()
        return self.frozen(self.drop(self.embed(ids)))


def test_a_module_is_evaluated_and_left_as_it_was():
    model = Dropped()
    model.train()
    model.frozen.eval()
    losses = token_losses(model, text(30), 8)
    torch.testing.assert_close(losses, token_losses(model, text(30), 8))
    assert not model.saw_gradients
    assert not losses.requires_grad
    assert (model.training, model.drop.training, model.frozen.training) == (True, True, False)
    model.eval()
    token_losses(model, text(30), 8)
    assert not model.training


def test_modes_come_back_after_an_error():
    model = Dropped()
    with pytest.raises(IndexError), evaluating(model):
        model(torch.tensor([[VOCAB]]))
    assert model.training
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("dtype", [np.uint16, np.int64])
def test_ids_may_come_from_a_token_shard(dtype):
    ids = text(20)
    losses = token_losses(counting_model, ids.numpy().astype(dtype), 8)
    torch.testing.assert_close(losses, token_losses(counting_model, ids, 8))


def test_logits_in_half_precision_are_summed_in_float32():
    losses = token_losses(lambda ids: counting_model(ids).half(), text(20), 8)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, token_losses(counting_model, text(20), 8), atol=2e-3, rtol=0)


def test_progress_is_shown_by_choice(capsys):
    token_losses(counting_model, text(20), 8)
    assert capsys.readouterr().err == ""
    token_losses(counting_model, text(20), 8, progress=True)
    assert "19/19" in capsys.readouterr().err


def test_a_model_that_knows_nothing():
    losses = token_losses(lambda ids: torch.zeros(*ids.shape, 256), text(100), 8)
    assert perplexity(losses) == pytest.approx(256)
    assert bits_per_byte(losses, n_bytes=99) == pytest.approx(8)  # one byte a token
    assert bits_per_byte(losses, n_bytes=2 * 99) == pytest.approx(4)


def test_bits_per_byte_survives_another_tokenizer_and_perplexity_does_not():
    # The same text, the same belief about it (1 nat a byte), cut into tokens of 1 or of 4 bytes.
    by_byte, by_word = np.full(400, 1.0), np.full(100, 4.0)
    assert bits_per_byte(by_byte, 400) == pytest.approx(bits_per_byte(by_word, 400))
    assert perplexity(by_byte) == pytest.approx(math.e)
    assert perplexity(by_word) == pytest.approx(math.e**4)


def test_perplexity_of_hopeless_losses_is_infinite():
    assert perplexity([1000.0]) == math.inf


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: token_losses(counting_model, text(1), 8), "two or more tokens"),
        (lambda: token_losses(counting_model, [], 8), "two or more tokens"),
        (lambda: token_losses(counting_model, text(8).view(2, 4), 8), r"\(2, 4\)"),
        (lambda: token_losses(counting_model, text(9), 8, stride=9), "stride of 9"),
        (lambda: token_losses(counting_model, text(9), 8, stride=0), "stride of 0"),
        (lambda: token_losses(counting_model, text(9), 8, batch_size=0), "batch_size"),
        (lambda: perplexity([]), "no losses"),
        (lambda: bits_per_byte([], 5), "no losses"),
        (lambda: bits_per_byte([1.0], 0), "n_bytes"),
    ],
)
def test_bad_input_is_named(wrong, message):
    with pytest.raises(MinilmError, match=message):
        wrong()
