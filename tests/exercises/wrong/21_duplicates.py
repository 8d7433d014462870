"""Wrong attempts at the exercises of chapter 21."""

import math

from minilm.prepare.minhash import s_curve


def jaccard_again(a, b):
    return len(a & b) / len(a | b) if a | b else 1.0


def share_of_the_first(a, b):
    return len(a & b) / len(a) if a else 1.0


def forgets_empty(a, b):
    return len(a & b) / max(1, min(len(a), len(b)))


def least_of_each_number(numbers, a, b, prime):
    return ((a[:, None] * numbers + b[:, None]) % prime).min(axis=0)


def modulo_too_late(numbers, a, b, prime):
    return (a[:, None] * numbers + b[:, None]).min(axis=1) % prime


def first_number_only(numbers, a, b, prime):
    return (a * numbers.min() + b) % prime


def too_many_hashes(threshold, recall, n_hashes=256):
    return n_hashes, 2


def safe_but_costly(threshold, recall, n_hashes=256):
    return n_hashes, 1


def recall_of_a_band(threshold, recall, n_hashes=256):
    rows = max(r for r in range(1, n_hashes + 1) if threshold**r >= 1 - recall)
    return n_hashes // rows, rows


def wastes_hashes(threshold, recall, n_hashes=256):
    rows = max(r for r in range(1, n_hashes + 1) if s_curve(threshold, n_hashes // r, r) >= recall)
    bands = next(b for b in range(1, n_hashes) if s_curve(threshold, b, rows) >= recall)
    return bands, rows


def best_rank_of_equals(log_probabilities, secret):
    rank = 1 + sum(score > log_probabilities[secret] for score in log_probabilities)
    return math.log2(len(log_probabilities)) - math.log2(rank)


def in_nats(log_probabilities, secret):
    rank = sum(score >= log_probabilities[secret] for score in log_probabilities)
    return math.log(len(log_probabilities)) - math.log(rank)


def rank_from_below(log_probabilities, secret):
    rank = sum(score <= log_probabilities[secret] for score in log_probabilities)
    return math.log2(len(log_probabilities)) - math.log2(rank)


WRONG = [
    ("containment", jaccard_again, "lies within"),
    ("containment", share_of_the_first, "order of the sets"),
    ("containment", forgets_empty, "two empty sets"),
    ("minhash_signature", least_of_each_number, "shape (4,)"),
    ("minhash_signature", modulo_too_late, "modulo 13 give"),
    ("minhash_signature", first_number_only, "modulo 13 give"),
    ("choose_bands", too_many_hashes, "need 512 hashes"),
    ("choose_bands", safe_but_costly, "rows are too few"),
    ("choose_bands", recall_of_a_band, "find only"),
    ("choose_bands", wastes_hashes, "would fit"),
    ("secret_exposure", best_rank_of_equals, "nothing is known"),
    ("secret_exposure", in_nats, "bits"),
    ("secret_exposure", rank_from_below, "rank 1 of 4"),
]
