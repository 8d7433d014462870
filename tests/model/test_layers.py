"""Norms and feed-forward layers against torch's own operations."""

import torch
import torch.nn.functional as F

from minilm.model.feedforward import SquaredReLU, SwiGLU
from minilm.model.norm import RMSNorm


def test_rms_norm_equals_torchs():
    torch.manual_seed(0)
    norm, x = RMSNorm(12, eps=1e-3), torch.randn(3, 5, 12) * 7
    torch.nn.init.normal_(norm.weight)
    torch.testing.assert_close(norm(x), F.rms_norm(x, (12,), norm.weight, eps=1e-3))


def test_squared_relu_and_swiglu_equal_their_formulas():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8)
    squared, gated = SquaredReLU(8, 24), SwiGLU(8, 24)
    expected = F.relu(x @ squared.up.weight.T) ** 2 @ squared.down.weight.T
    torch.testing.assert_close(squared(x), expected)
    expected = (F.silu(x @ gated.gate.weight.T) * (x @ gated.up.weight.T)) @ gated.down.weight.T
    torch.testing.assert_close(gated(x), expected)
