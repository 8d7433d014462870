"""The LSTM by hand against torch.nn.LSTM."""

import torch

from minilm.model.cells import LSTMLayer
from minilm.model.recurrent import LSTM, LSTMConfig


def test_a_layer_equals_torchs_in_outputs_states_and_gradients():
    torch.manual_seed(0)
    ours, theirs = LSTMLayer(12), torch.nn.LSTM(12, 12, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.input.weight)
        theirs.weight_hh_l0.copy_(ours.recurrent.weight)
        theirs.bias_ih_l0.copy_(ours.input.bias)
        theirs.bias_hh_l0.zero_()
    x, h, c = torch.randn(3, 9, 12), torch.randn(3, 12), torch.randn(3, 12)
    out, (h1, c1) = ours(x, (h, c))
    expected, (h2, c2) = theirs(x, (h[None], c[None]))
    for got, wanted in [(out, expected), (h1, h2[0]), (c1, c2[0])]:
        torch.testing.assert_close(got, wanted, atol=1e-6, rtol=1e-5)
    out.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(ours.recurrent.weight.grad, theirs.weight_hh_l0.grad)
    torch.testing.assert_close(ours.input.weight.grad, theirs.weight_ih_l0.grad)


def test_reading_in_pieces_equals_reading_at_once():
    torch.manual_seed(0)
    model = LSTM(LSTMConfig(vocab_size=31, d_model=16))
    ids = torch.randint(0, 31, (2, 20))
    cache = model.make_cache(batch_size=2)
    parts = [model(piece, cache) for piece in ids.split([1, 7, 12], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), atol=1e-5, rtol=1e-4)
    assert len(cache) == 20


def test_the_future_cannot_be_seen_and_memory_starts_open():
    torch.manual_seed(0)
    model = LSTM(LSTMConfig(vocab_size=31, d_model=16))
    ids = torch.randint(0, 31, (1, 10))
    changed = ids.clone()
    changed[:, 6] = (ids[:, 6] + 1) % 31
    torch.testing.assert_close(model(ids)[:, :6], model(changed)[:, :6], atol=0, rtol=0)
    assert (model.layers[0].input.bias[16:32] == 1).all()
    assert model.n_params() == sum({id(w): w.numel() for w in model.parameters()}.values())
