"""One mask for all layers: by hand, and how fast and by-hand attention read it."""

import math

import pytest
import torch

from minilm.model.attention import attend, attend_causally, causal_mask
from minilm.model.config import TransformerConfig
from minilm.model.masks import make_mask, window_mask
from minilm.model.positions import alibi, alibi_slopes


def config(**changes):
    return TransformerConfig(9, context_length=32, n_heads=4, d_model=16, **changes)


def stream(n_new):
    return torch.zeros(1, n_new, 16)


def test_a_window_by_hand():
    assert window_mask(4, 4, window=2).int().tolist() == [
        [1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1],
    ]  # fmt: skip
    assert window_mask(2, 5, window=3).int().tolist() == [[0, 1, 1, 1, 0], [0, 0, 1, 1, 1]]
    assert window_mask(5, 5, window=9).equal(causal_mask(5, 5))


def test_no_mask_where_the_causal_kernel_is_enough():
    assert make_mask(config(), stream(7)) is None
    assert make_mask(config(), stream(7), start=20) is None
    assert make_mask(config(window=7), stream(7)) is None
    assert make_mask(config(window=6), stream(7)) is not None
    assert (
        make_mask(config(window=6), stream(1), start=20) is None
    )  # one query sees all that is held


def test_windows_and_documents_both_hide():
    documents = torch.tensor([[0, 0, 0, 1, 1]])
    mask = make_mask(config(window=2), stream(5), documents=documents)
    assert mask[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 1],
    ]  # fmt: skip


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("start", [0, 4])
def test_alibi_by_loops(window, start):
    """Scores minus slope times distance, softmax over what is in sight: written out."""
    torch.manual_seed(0)
    n_new, mask = 5, make_mask(config(position="alibi", window=window), stream(5), start)
    n_keys = mask.shape[-1]
    query, key, value = torch.randn(1, 4, n_new, 8), *torch.randn(2, 1, 4, n_keys, 8)
    found = attend_causally(query, key, value, mask)
    for h, slope in enumerate(alibi_slopes(4).tolist()):
        for t in range(n_new):
            here = n_keys - n_new + t
            places = [s for s in range(here + 1) if window is None or here - s < window]
            scores = torch.stack([query[0, h, t] @ key[0, h, s] / math.sqrt(8) - slope * (here - s)
                                  for s in places])  # fmt: skip
            expected = scores.softmax(0) @ value[0, h, places]
            torch.testing.assert_close(found[0, h, t], expected, atol=1e-5, rtol=1e-4)


DOCUMENTS = torch.tensor([[0, 0, 1, 1, 1, 1]])


@pytest.mark.parametrize("mask", [
    window_mask(6, 6, 3),
    alibi(4, 6, 6).masked_fill(~causal_mask(6, 6), -math.inf),
    make_mask(config(position="alibi", window=2), stream(6), documents=DOCUMENTS),
])  # fmt: skip
def test_the_fused_kernel_equals_the_definition_in_values_and_gradients(mask):
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, n, 6, 8, requires_grad=True) for n in (4, 2, 2))
    shared = (heads.repeat_interleave(2, dim=1) for heads in (key, value))
    wanted, _ = attend(query, *shared, mask)
    found = attend_causally(query, key, value, mask)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    gradients = [torch.autograd.grad(mixed.sin().sum(), [query, key, value], retain_graph=True)
                 for mixed in (found, wanted)]  # fmt: skip
    for got, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def test_costs_have_the_format_of_the_stream():
    assert make_mask(config(position="alibi"), stream(5).double()).dtype == torch.float64
