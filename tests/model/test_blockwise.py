"""Causal attention by blocks of queries: held against torch's kernel, outputs and gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from minilm.model import blockwise
from minilm.model.attention import attend, attend_causally, causal_mask
from minilm.model.blockwise import BLOCK, LONGEST, attend_in_blocks, pays_in_blocks


def heads(length: int, width: int = 8, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Return queries, keys and values as `CausalSelfAttention` makes them: views, not copies."""
    torch.manual_seed(length)
    x = torch.randn(2, length, 9, width, dtype=dtype)  # (B, T, 3 H, K)
    return [part.transpose(1, 2).requires_grad_() for part in x.split(3, dim=2)]


@pytest.mark.parametrize("length", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_outputs_and_gradients_are_those_of_torchs_kernel(length):
    query, key, value = heads(length)
    found = attend_in_blocks(query, key, value)
    wanted = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(found, wanted)
    weight = torch.randn_like(wanted)
    for ours, theirs in zip(
        torch.autograd.grad(found, (query, key, value), weight),
        torch.autograd.grad(wanted, (query, key, value), weight),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_values_may_have_another_width():
    query, key, _ = heads(BLOCK + 3, width=6)
    value = heads(BLOCK + 3, width=4)[2]
    wanted, _ = attend(query, key, value, causal_mask(BLOCK + 3, BLOCK + 3))
    torch.testing.assert_close(attend_in_blocks(query, key, value), wanted)


def test_scores_of_the_future_are_never_computed():
    """What stands behind a block's end may even be no number."""
    query, key, value = (x.detach() for x in heads(2 * BLOCK))
    clean = attend_in_blocks(query, key, value)
    key[:, :, BLOCK:], value[:, :, BLOCK:] = float("nan"), float("nan")
    torch.testing.assert_close(
        attend_in_blocks(query, key, value)[:, :, :BLOCK], clean[:, :, :BLOCK]
    )


@pytest.mark.parametrize(
    ("length", "n_keys", "dtype", "by_blocks"),
    [
        (16, 16, torch.float32, True),
        (LONGEST, LONGEST, torch.float32, True),
        (LONGEST + 1, LONGEST + 1, torch.float32, False),  # too long
        (16, 16, torch.bfloat16, False),
        (1, 16, torch.float32, False),  # a new token, with a cache
    ],
)
def test_it_is_used_where_it_pays(length, n_keys, dtype, by_blocks, monkeypatch):
    called = []
    monkeypatch.setattr(
        "minilm.model.attention.attend_in_blocks",
        lambda *heads: called.append(heads) or blockwise.attend_in_blocks(*heads),
    )
    query, _, _ = heads(length, dtype=dtype)
    _, key, value = heads(n_keys, dtype=dtype)
    attend_causally(query, key, value)
    assert bool(called) == by_blocks
    called.clear()
    attend_causally(query[:, :2], key[:, :1], value[:, :1])  # grouped heads: torch shares the keys
    with torch.autocast("cpu", torch.bfloat16):
        attend_causally(query, key, value)
    assert not called


@pytest.mark.parametrize("kernel", [SDPBackend.MATH, SDPBackend.FLASH_ATTENTION])
def test_who_has_chosen_a_kernel_gets_it(kernel):
    query, key, _ = heads(8, dtype=torch.float32)
    with sdpa_kernel(kernel):
        assert not pays_in_blocks(query, key)
    assert pays_in_blocks(query, key)


def test_a_second_derivative_is_refused_and_not_wrong():
    query, key, value = heads(5)
    (first,) = torch.autograd.grad(
        attend_in_blocks(query, key, value).square().sum(), query, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
