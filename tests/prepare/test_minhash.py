"""Signatures estimate Jaccard similarity, and bands follow the S-curve."""

import numpy as np
import pytest

from minilm.errors import MinilmError
from minilm.prepare.minhash import (
    N_HASHES,
    band_keys,
    bands_and_rows,
    s_curve,
    signatures,
)


def pairs_of_sets(similarity: float, n_pairs: int, seed: int = 0):
    """Pairs of sets of 200 numbers; return both sides and their exact similarity."""
    rng = np.random.default_rng(seed)
    common = round(400 * similarity / (1 + similarity))
    sets = [rng.integers(0, 2**64, 400 - common, dtype=np.uint64) for _ in range(n_pairs)]
    return [s[:200] for s in sets], [s[200 - common :] for s in sets], common / (400 - common)


def test_the_s_curve_by_hand() -> None:
    assert s_curve(0.8, 1, 1) == pytest.approx(0.8)
    assert s_curve(0.5, 2, 1) == pytest.approx(1 - 0.5 * 0.5)
    assert s_curve(0.5, 3, 2) == pytest.approx(1 - 0.75**3)
    assert s_curve(0, 20, 5) == 0
    assert s_curve(1, 20, 5) == 1


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.8])
def test_equal_rows_are_as_frequent_as_the_similarity(similarity: float) -> None:
    left, right, exact = pairs_of_sets(similarity, 300)
    agreement = (signatures(left) == signatures(right)).mean(axis=1)
    deviation = (exact * (1 - exact) / N_HASHES) ** 0.5
    assert agreement.mean() == pytest.approx(exact, abs=4 * deviation / 300**0.5)
    assert agreement.std() < 1.2 * deviation


@pytest.mark.parametrize(("bands", "rows"), [(21, 6), (14, 9), (32, 4)])
@pytest.mark.parametrize("similarity", [0.4, 0.6, 0.8])
def test_candidates_are_as_frequent_as_the_s_curve_says(bands, rows, similarity) -> None:
    left, right, exact = pairs_of_sets(similarity, 500, seed=rows)
    keys = [band_keys(signatures(side), bands, rows) for side in (left, right)]
    found = (keys[0] == keys[1]).any(axis=1).mean()
    expected = s_curve(exact, bands, rows)
    assert found == pytest.approx(expected, abs=4 * (0.25 / 500) ** 0.5)


def test_keys_are_equal_exactly_when_bands_are() -> None:
    rng = np.random.default_rng(1)
    signature = rng.integers(0, 3, (200, N_HASHES)).astype(np.uint32)  # many equal rows
    keys = band_keys(signature, 40, 3)
    bands = {}
    for i in range(200):
        for band in range(40):
            rows = tuple(signature[i, band * 3 : band * 3 + 3].tolist())
            bands.setdefault((band, rows), set()).add(int(keys[i, band]))
    assert all(len(same) == 1 for same in bands.values())
    assert len(set.union(*bands.values())) == len(bands), "two bands share a key"


def test_bands_promise_few_misses() -> None:
    for threshold in (0.2, 0.5, 0.8, 0.95, 1.0):
        bands, rows = bands_and_rows(threshold)
        assert bands * rows <= N_HASHES
        assert s_curve(threshold, bands, rows) >= 0.99
    assert s_curve(0.8, *bands_and_rows(0.8)) >= 0.95
    for threshold in (0, -1, 1.01):
        with pytest.raises(MinilmError, match="near_threshold"):
            bands_and_rows(threshold)


def test_no_texts() -> None:
    assert signatures([]).shape == (0, N_HASHES)
    assert band_keys(signatures([]), 21, 6).shape == (0, 21)
