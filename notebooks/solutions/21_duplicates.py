"""Solutions to the exercises of chapter 21."""

import math

import numpy as np

from minilm.prepare.minhash import s_curve


def containment(a, b):
    smaller = min(len(a), len(b))
    return len(a & b) / smaller if smaller else float(len(a) == len(b))


def minhash_signature(numbers, a, b, prime):
    return ((a[:, None] * numbers + b[:, None]) % prime).min(axis=1)  # (H, G) -> (H,)


def choose_bands(threshold, recall, n_hashes=256):
    rows = max(
        rows
        for rows in range(1, n_hashes + 1)
        if s_curve(threshold, n_hashes // rows, rows) >= recall
    )
    return n_hashes // rows, rows


def secret_exposure(log_probabilities, secret):
    scores = np.asarray(log_probabilities)
    return math.log2(len(scores)) - math.log2((scores >= scores[secret]).sum())
