"""MinHash and banding: texts that share most of their runs of words, found without comparing all.

A signature is 128 numbers, each the least of all the hashes of a text's runs under one hash
function. Two texts agree in one of them with a probability equal to their Jaccard similarity. The
signature is cut into bands of rows; texts that agree in a whole band become candidates.

Letters: N texts, H = 128 hashes in a signature, B bands of R rows each.
Sources: Broder 1997 for MinHash; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
chapter 3, for banding; Lee et al. 2022 (arXiv:2107.06499) for runs of five words. The signatures
are made by `rensa`, in Rust: eight times as fast as `datasketch` on the film reviews.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from minilm.errors import MinilmError
from minilm.prepare.grams import Numbers

N_HASHES = 128
MISSED = 0.01  # of the pairs exactly at the threshold; closer ones are missed far less often
SEED = 1

# Odd multipliers that make one number of a band's rows; this generator's raw stream never changes.
_MIX = np.random.PCG64(SEED).random_raw(N_HASHES).astype(np.uint64) | np.uint64(1)


def s_curve(similarity: float, bands: int, rows: int) -> float:
    """The probability that two texts of this Jaccard similarity become candidates.

    They agree in one row with probability s, in all rows of a band with s ** rows, and in at least
    one band with 1 - (1 - s ** rows) ** bands.
    """
    return float(1 - (1 - similarity**rows) ** bands)


def bands_and_rows(threshold: float, n_hashes: int = N_HASHES) -> tuple[int, int]:
    """How to band the hashes: as many rows to a band as a miss rate of `MISSED` allows.

    More rows mean fewer candidates that have to be compared in vain. Raises MinilmError for what
    is no threshold.
    """
    if not 0 < threshold <= 1:
        raise MinilmError(f"near_threshold is {threshold}; it must lie above 0 and at most at 1.")
    for rows in range(n_hashes, 1, -1):
        bands = n_hashes // rows
        if 1 - s_curve(threshold, bands, rows) <= MISSED:
            return bands, rows
    return n_hashes, 1


def signatures(grams: Sequence[Numbers]) -> npt.NDArray[np.uint32]:
    """The signature of each text, given the numbers of its runs of words: (N, H)."""
    from rensa import RMinHash  # here, because the course's later floors never need it

    if not grams:
        return np.empty((0, N_HASHES), np.uint32)
    ends = np.cumsum([0, *map(len, grams)], dtype=np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        np.concatenate(grams), ends, N_HASHES, SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32)


def band_keys(signature: npt.NDArray[np.uint32], bands: int, rows: int) -> Numbers:
    """One number for each band of each signature: (N, H) -> (N, B).

    Equal rows in the same band give equal numbers, anything else different ones (to 1 in 2^64).
    """
    banded = signature[:, : bands * rows].reshape(-1, bands, rows).astype(np.uint64)  # (N, B, R)
    keys = (banded * _MIX[: bands * rows].reshape(bands, rows)).sum(axis=2, dtype=np.uint64)
    keys ^= keys >> np.uint64(29)
    return np.asarray(keys * _MIX[:bands] + np.arange(bands, dtype=np.uint64))  # (N, B)
