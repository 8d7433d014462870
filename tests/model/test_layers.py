"""Norms and feed-forward layers against torch's own operations, values and gradients."""

import pytest
import torch
import torch.nn.functional as F

from minilm.model.feedforward import GELU, SquaredReLU, SwiGLU, gelu
from minilm.model.norm import LayerNorm, RMSNorm


def test_rms_norm_equals_torchs():
    torch.manual_seed(0)
    norm, x = RMSNorm(12, eps=1e-3), torch.randn(3, 5, 12) * 7
    torch.nn.init.normal_(norm.weight)
    torch.testing.assert_close(norm(x), F.rms_norm(x, (12,), norm.weight, eps=1e-3))


def test_layer_norm_equals_torchs():
    torch.manual_seed(0)
    ours, theirs = LayerNorm(12, eps=1e-3), torch.nn.LayerNorm(12, eps=1e-3)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for weight in theirs.parameters():
        torch.nn.init.normal_(weight)
    ours.load_state_dict(theirs.state_dict())
    x = (torch.randn(3, 5, 12) * 7 + 3).requires_grad_()
    torch.testing.assert_close(ours(x), theirs(x))
    wanted = torch.autograd.grad(theirs(x).sin().sum(), [x, *theirs.parameters()])
    found = torch.autograd.grad(ours(x).sin().sum(), [x, *ours.parameters()])
    for got, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def test_gelu_equals_torchs():
    x = torch.linspace(-6, 6, 200, dtype=torch.float64).requires_grad_()
    torch.testing.assert_close(gelu(x), F.gelu(x, approximate="tanh"), atol=1e-9, rtol=1e-9)
    [wanted] = torch.autograd.grad(F.gelu(x, approximate="tanh").sum(), x)
    [found] = torch.autograd.grad(gelu(x).sum(), x)
    torch.testing.assert_close(found, wanted)
    assert (gelu(x) - F.gelu(x)).abs().max() < 1e-3  # the exact one, as the docstring says


@pytest.mark.parametrize("bias", [False, True])
def test_feedforward_layers_equal_their_formulas(bias):
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8)
    squared, gated, soft = (kind(8, 24, bias) for kind in (SquaredReLU, SwiGLU, GELU))

    def linear(layer, x):
        return x @ layer.weight.T + (layer.bias if bias else 0)

    assert sum(weight.ndim == 1 for weight in gated.parameters()) == 3 * bias
    expected = linear(squared.down, F.relu(linear(squared.up, x)) ** 2)
    torch.testing.assert_close(squared(x), expected)
    expected = linear(gated.down, F.silu(linear(gated.gate, x)) * linear(gated.up, x))
    torch.testing.assert_close(gated(x), expected)
    torch.testing.assert_close(soft(x), linear(soft.down, gelu(linear(soft.up, x))))
