"""Wrong attempts at the exercises of chapter 30, each with words that the answer must contain."""

import torch
import torch.nn.functional as F


def divided_by_the_old_totals(counts, k):
    return (counts + k) / counts.sum(dim=1, keepdim=True).clamp(min=1)


def only_the_zeros_get_something(counts, k):
    filled = torch.where(counts == 0, torch.tensor(float(k)), counts.float())
    return filled / filled.sum(dim=1, keepdim=True)


def pushed_away(table, ids):
    said = table.softmax(dim=1)
    gradient = torch.zeros_like(table)
    errors = F.one_hot(ids[1:], len(table)) - said[ids[:-1]]
    return gradient.index_add(0, ids[:-1], errors) / (len(ids) - 1)


def rows_weigh_alike(table, ids):
    n = len(table)
    counts = torch.bincount(ids[:-1] * n + ids[1:], minlength=n * n).view(n, n).float()
    return table.softmax(dim=1) - counts / counts.sum(dim=1, keepdim=True)


def what_comes_is_forgotten(table, ids):
    gradient = torch.zeros_like(table)
    return gradient.index_add(0, ids[:-1], table.softmax(dim=1)[ids[:-1]]) / (len(ids) - 1)


def how_often_instead(ids, vocab_size):
    return torch.bincount(ids[1:], minlength=vocab_size) / (len(ids) - 1)


def what_follows_it_instead(ids, vocab_size):
    pairs = (ids[:-1] * vocab_size + ids[1:]).unique()
    return torch.bincount(pairs // vocab_size, minlength=vocab_size) / len(pairs)


def oldest_first(ids, n):
    return F.pad(ids, (n - 1, 0), value=-1).unfold(0, n, 1)


def one_step_late(ids, n):
    return F.pad(ids, (n, 0), value=-1).unfold(0, n, 1).flip(1)[:-1]


def padded_with_a_token(ids, n):
    return F.pad(ids, (n - 1, 0)).unfold(0, n, 1).flip(1)


WRONG = [
    ("add_k", divided_by_the_old_totals, "the total grows too"),
    ("add_k", only_the_zeros_get_something, "counts of 3, 1 and 0"),
    ("bigram_gradient", pushed_away, "the wrong sign"),
    ("bigram_gradient", rows_weigh_alike, "how often does each token occur"),
    ("bigram_gradient", what_comes_is_forgotten, "must sum to 0"),
    ("continuation", how_often_instead, "different ones"),
    ("continuation", what_follows_it_instead, "you count [2.0"),
    ("contexts", oldest_first, "the newest comes first"),
    ("contexts", one_step_late, "sees itself and the two before"),
    ("contexts", padded_with_a_token, "before the beginning stands -1"),
]
