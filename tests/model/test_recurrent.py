"""Recurrent cells by hand against torch's, and the one language model around them."""

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.cells import GRULayer, LSTMLayer, RNNLayer
from minilm.model.recurrent import CELLS, LSTM, LSTMConfig, Recurrent, RecurrentConfig

PAIRS = {
    "rnn": (RNNLayer, torch.nn.RNN),
    "gru": (GRULayer, torch.nn.GRU),
    "lstm": (LSTMLayer, torch.nn.LSTM),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_layer_equals_torchs_in_outputs_states_and_gradients(name):
    torch.manual_seed(0)
    ours, theirs = PAIRS[name][0](12).double(), PAIRS[name][1](12, 12, batch_first=True).double()
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.input.weight)
        theirs.weight_hh_l0.copy_(ours.recurrent.weight)
        theirs.bias_ih_l0.copy_(ours.input.bias)
        theirs.bias_hh_l0.zero_()
    x, *state = (
        torch.randn(*shape, 12, dtype=torch.float64, requires_grad=True)
        for shape in [(3, 9), *[(3,)] * ours.n_states]
    )
    out, last = ours(x, tuple(state))
    start = tuple(part[None] for part in state)
    expected, end = theirs(x, start if name == "lstm" else start[0])
    end = end if name == "lstm" else (end,)
    torch.testing.assert_close(out, expected)
    for got, wanted in zip(last, end, strict=True):
        torch.testing.assert_close(got, wanted[0])

    weights = torch.randn_like(out)  # every output counts differently
    read = [x, *state]
    found = torch.autograd.grad((out * weights).sum(), [*read, *ours.parameters()])
    wanted = torch.autograd.grad(
        (expected * weights).sum(),
        [*read, theirs.weight_ih_l0, theirs.bias_ih_l0, theirs.weight_hh_l0],
    )
    for got, expected_gradient in zip(found, wanted, strict=True):
        torch.testing.assert_close(got, expected_gradient)


@pytest.mark.parametrize("cell", CELLS)
def test_reading_in_pieces_equals_reading_at_once(cell):
    torch.manual_seed(0)
    model = Recurrent(RecurrentConfig(vocab_size=31, cell=cell, d_model=16))
    ids = torch.randint(0, 31, (2, 20))
    cache = model.make_cache(batch_size=2)
    parts = [model(piece, cache) for piece in ids.split([1, 7, 12], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), atol=1e-5, rtol=1e-4)
    assert len(cache) == 20


@pytest.mark.parametrize("cell", CELLS)
def test_the_future_cannot_be_seen_and_the_past_is(cell):
    torch.manual_seed(0)
    model = Recurrent(RecurrentConfig(vocab_size=31, cell=cell, d_model=16))
    ids = torch.randint(0, 31, (1, 10))
    changed = ids.clone()
    changed[:, 6] = (ids[:, 6] + 1) % 31
    torch.testing.assert_close(model(ids)[:, :6], model(changed)[:, :6], atol=0, rtol=0)
    assert (model(ids)[:, 7:] != model(changed)[:, 7:]).any(dim=-1).all()


def test_the_model_is_torchs_layers_with_a_residual_connection_and_a_norm_around_each():
    torch.manual_seed(0)
    model = Recurrent(RecurrentConfig(vocab_size=31, cell="gru", n_layers=2, d_model=16))
    ids = torch.randint(0, 31, (2, 9))
    x = model.embedding(ids)
    for norm, layer in zip(model.norms, model.layers, strict=True):
        theirs = torch.nn.GRU(16, 16, batch_first=True)
        with torch.no_grad():
            theirs.weight_ih_l0.copy_(layer.input.weight)
            theirs.weight_hh_l0.copy_(layer.recurrent.weight)
            theirs.bias_ih_l0.copy_(layer.input.bias)
            theirs.bias_hh_l0.zero_()
        x = x + theirs(norm(x))[0]
    torch.testing.assert_close(model.hidden(ids), model.norm(x))
    torch.testing.assert_close(model(ids), model.norm(x) @ model.embedding.weight.T)


def test_memory_starts_open():
    for cell, block in [("gru", 1), ("lstm", 1)]:
        model = Recurrent(RecurrentConfig(vocab_size=31, cell=cell, d_model=16))
        for layer in model.layers:
            blocks = layer.input.bias.view(-1, 16)
            assert (blocks[block] == 1).all()
            assert blocks.sum() == 16
    plain = Recurrent(RecurrentConfig(vocab_size=31, cell="rnn", d_model=16))
    assert not any(layer.input.bias.any() for layer in plain.layers)


def test_the_lstm_is_the_recurrent_model_with_that_cell():
    torch.manual_seed(0)
    named = LSTM(LSTMConfig(vocab_size=31, d_model=16))
    torch.manual_seed(0)
    general = Recurrent(RecurrentConfig(vocab_size=31, d_model=16, cell="lstm"))
    ids = torch.randint(0, 31, (2, 9))
    torch.testing.assert_close(named(ids), general(ids), atol=0, rtol=0)
    assert named.state_dict().keys() == general.state_dict().keys()


@pytest.mark.parametrize(("cell", "blocks"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_parameters_by_the_formula(cell, blocks):
    v, d = 31, 16
    model = Recurrent(RecurrentConfig(vocab_size=v, cell=cell, n_layers=3, d_model=d))
    layer = 2 * blocks * d * d + blocks * d + d  # two matrices, a bias, a norm
    assert model.n_params() == v * d + 3 * layer + d


def test_a_cell_that_is_not_there_is_named():
    with pytest.raises(MinilmError, match='cell is \'elman\'; write one of "rnn", "gru", "lstm"'):
        Recurrent(RecurrentConfig(vocab_size=9, cell="elman"))
