"""Wrong attempts at the exercises of chapter 32, each with words that the answer must contain."""

import torch


def window_is_one_too_wide(n, window):
    everything = torch.ones(n, n, dtype=torch.bool)
    return everything.tril() & everything.triu(diagonal=-window)


def window_looks_both_ways(n, window):
    everything = torch.ones(n, n, dtype=torch.bool)
    return everything.tril(diagonal=window - 1) & everything.triu(diagonal=1 - window)


def mask_of_numbers(n, window):
    return torch.ones(n, n).tril()


def softmax_without_a_maximum(scores):
    return scores.exp() / scores.exp().sum(dim=-1, keepdim=True)


def softmax_over_everything(scores):
    powers = (scores - scores.max()).exp()
    return powers / powers.sum()


def softmax_with_one_shift_for_all(scores):
    powers = (scores - scores.max()).exp()
    return powers / powers.sum(dim=-1, keepdim=True)


def heads_interleaved(heads):
    return heads.permute(0, 2, 3, 1).flatten(2)


def only_reshaped(heads):
    batch, n_heads, positions, width = heads.shape
    return heads.reshape(batch, positions, n_heads * width)


def wrong_dimensions_swapped(heads):
    return heads.transpose(1, 3).flatten(2)


def values_forgotten(n_layers, n_kv_heads, length, d_head):
    return n_layers * n_kv_heads * length * d_head


def bytes_counted(n_layers, n_kv_heads, length, d_head):
    return 2 * 4 * n_layers * n_kv_heads * length * d_head


WRONG = [
    ("sliding_window_mask", window_is_one_too_wide, "[1, 2, 3, 4, 4, 4, 4, 4]"),
    ("sliding_window_mask", window_looks_both_ways, "looks into the future"),
    ("sliding_window_mask", mask_of_numbers, "holds torch.float32"),
    ("stable_softmax", softmax_without_a_maximum, "e^1000 is infinite"),
    ("stable_softmax", softmax_over_everything, "each row must sum to one"),
    ("stable_softmax", softmax_with_one_shift_for_all, "a shift of its own"),
    ("merge_heads", heads_interleaved, "they are mixed"),
    ("merge_heads", only_reshaped, "numbers of other positions slipped in"),
    ("merge_heads", wrong_dimensions_swapped, "(2, 3, 4, 5) must become (2, 4, 15)"),
    ("cache_numbers", values_forgotten, "0.5 times as many"),
    ("cache_numbers", bytes_counted, "4 times as many"),
]
