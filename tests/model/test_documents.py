"""A document in a packed row is read as if it stood alone: logits and gradients say so."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.model.attention import attend, attend_causally
from minilm.model.documents import continues, document_mask
from minilm.model.mlp import MLP, MLPConfig
from minilm.model.recurrent import LSTM, LSTMConfig, Recurrent, RecurrentConfig
from minilm.model.transformer import Transformer, TransformerConfig

VOCAB, CONTEXT = 31, 24


def stirred(model):
    """The model with weights that all matter: branches of a new one begin at zero."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model.double()  # the turning of queries and keys stays single


def transformer(**changes):
    usual = {"n_layers": 3, "n_heads": 4, "d_model": 32}
    return stirred(Transformer(TransformerConfig(VOCAB, CONTEXT, **(usual | changes))))


MODELS = {
    "qk_norm, tied": transformer(),
    "shared keys, swiglu": transformer(
        n_kv_heads=2, feedforward="swiglu", qk_norm=False, tie_embeddings=False
    ),
    "lstm": stirred(LSTM(LSTMConfig(VOCAB, CONTEXT, d_model=16))),
    "rnn": stirred(Recurrent(RecurrentConfig(VOCAB, CONTEXT, "rnn", d_model=16))),
    "gru": stirred(Recurrent(RecurrentConfig(VOCAB, CONTEXT, "gru", d_model=16))),
    "mlp": stirred(MLP(MLPConfig(VOCAB, CONTEXT, d_token=8, d_model=16))),
}


def rows_of(lengths: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and documents of one row, padded to the context: (1, T) each."""
    torch.manual_seed(sum(lengths))
    ids = torch.randint(0, VOCAB, (1, CONTEXT))
    numbers = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    return ids, F.pad(numbers, (0, CONTEXT - len(numbers)), value=-1)[None]


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.integers(1, 8), min_size=1, max_size=3))
def test_packed_logits_and_gradients_equal_those_of_each_alone(name, lengths):
    model = MODELS[name]
    ids, documents = rows_of(lengths)
    parts = ids[0, : sum(lengths)].split(lengths)

    packed = model(ids, documents=documents)[0, : sum(lengths)]
    alone = torch.cat([model(part[None])[0] for part in parts])
    torch.testing.assert_close(packed, alone, atol=1e-5, rtol=1e-5)

    weights = torch.randn(alone.shape, dtype=alone.dtype)
    wanted = torch.autograd.grad((alone * weights).sum(), list(model.parameters()))
    found = torch.autograd.grad((packed * weights).sum(), list(model.parameters()))
    for got, expected in zip(found, wanted, strict=True):
        # A sum over positions rounds like its largest terms, not like what is left of them.
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(got, expected, atol=1e-5 * scale, rtol=1e-5)


def test_in_single_precision_they_agree_to_five_digits():
    model = Transformer(TransformerConfig(VOCAB, CONTEXT, n_layers=2, n_heads=2, d_model=32))
    model = stirred(model).float()
    ids, documents = rows_of([7, 9, 8])
    alone = torch.cat([model(part[None])[0] for part in ids[0].split([7, 9, 8])])
    torch.testing.assert_close(model(ids, documents=documents)[0], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_one_document_is_the_ordinary_row(name):
    model = MODELS[name]
    ids, _ = rows_of([1])
    one = torch.full_like(ids, 7)
    torch.testing.assert_close(model(ids, documents=one), model(ids), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(model(ids, documents=rows_of([3, 9])[1]), model(ids))


def test_rows_of_a_batch_keep_their_own_documents():
    model = MODELS["qk_norm, tied"]
    (first, one), (second, other) = rows_of([3, 9, 2]), rows_of([8, 1])
    both = model(torch.cat([first, second]), documents=torch.cat([one, other]))
    torch.testing.assert_close(both[:1], model(first, documents=one))
    torch.testing.assert_close(both[1:], model(second, documents=other))


def test_the_mask_by_hand():
    mask = document_mask(torch.tensor([[0, 0, 1, 0]]))
    assert mask.tolist() == [
        [
            [
                [True, False, False, False],
                [True, True, False, False],
                [False, False, True, False],
                [True, True, False, True],
            ]
        ]
    ]
    assert continues(torch.tensor([[4, 4, 1, 1, 4]])).tolist() == [
        [False, True, False, True, False]
    ]


def test_the_fused_kernel_takes_a_mask():
    torch.manual_seed(0)
    query, key, value = torch.randn(2, 4, 6, 8), torch.randn(2, 2, 6, 8), torch.randn(2, 2, 6, 8)
    mask = document_mask(torch.tensor([[0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 1, 1]]))
    wanted, _ = attend(
        query, key.repeat_interleave(2, dim=1), value.repeat_interleave(2, dim=1), mask
    )
    torch.testing.assert_close(attend_causally(query, key, value, mask), wanted)


@pytest.mark.parametrize("name", MODELS)
def test_documents_that_do_not_fit_are_refused(name):
    model = MODELS[name]
    ids, documents = rows_of([3])
    with pytest.raises(MinilmError, match="one number"):
        model(ids, documents=documents[:, :-1])
    with pytest.raises(MinilmError, match="cache"):
        model(ids, model.make_cache(), documents=documents)
