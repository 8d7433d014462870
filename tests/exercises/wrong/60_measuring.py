"""Wrong attempts at the exercises of chapter 60, each with words that the answer must contain."""

import math

import numpy as np


def in_nats(perplexity, n_tokens, n_bytes):
    return math.log(perplexity) * n_tokens / n_bytes


def bits_per_token(perplexity, n_tokens, n_bytes):
    return math.log2(perplexity)


def perplexity_per_byte(perplexity, n_tokens, n_bytes):
    return math.log2(perplexity * n_tokens / n_bytes)


def plain_accuracy(labels, predictions):
    return float((np.asarray(labels) == np.asarray(predictions)).mean())


def mean_precision(labels, predictions):
    truth, guesses = np.asarray(labels), np.asarray(predictions)
    said = [truth[guesses == c] == c for c in (0, 1)]
    return float(np.mean([right.mean() if len(right) else 0.05 for right in said]))


def width_instead_of_reach(accuracy, reach):
    return math.ceil(accuracy * (1 - accuracy) * (1.96 / (reach / 2)) ** 2)


def root_forgotten(accuracy, reach):
    return math.ceil(accuracy * (1 - accuracy) * 1.96 / reach)


def not_rounded(accuracy, reach):
    return accuracy * (1 - accuracy) * (1.96 / reach) ** 2


def one_sided(first, second):
    first, second = np.asarray(first), np.asarray(second)
    n, fewer = (first != second).sum(), min((first > second).sum(), (first < second).sum())
    return sum(math.comb(int(n), k) for k in range(int(fewer) + 1)) / 2 ** int(n)


def agreements_counted(first, second):
    first, second = np.asarray(first), np.asarray(second)
    n, fewer = len(first), min((first > second).sum(), (first < second).sum())
    if (first != second).all():
        return min(1.0, 2 * sum(math.comb(n, k) for k in range(int(fewer) + 1)) / 2**n)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(int(first.sum()) + 1)) / 2**n)


WRONG = [
    ("bits_from_report", in_nats, "are 8 bits per byte, not 5.545"),
    ("bits_from_report", bits_per_token, "1 bit per byte, not 4.000"),
    ("bits_from_report", perplexity_per_byte, "1 bit per byte, not 2.000"),
    ("balanced_accuracy", plain_accuracy, "0.5, not 0.950"),
    ("balanced_accuracy", mean_precision, "91 of 95 and 4 of 5 found"),
    ("examples_needed", width_instead_of_reach, "bootstrap interval is ±"),
    ("examples_needed", root_forgotten, "bootstrap interval is ±"),
    ("examples_needed", not_rounded, "a whole number"),
    ("sign_test", one_sided, "0.0625, not 0.0312"),
    ("sign_test", agreements_counted, "say nothing about who is better"),
]
