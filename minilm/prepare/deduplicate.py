"""The same text twice teaches nothing new, and in two parts of a split it spoils the test.

Equal texts are found with a dictionary. Nearly equal ones are found by MinHash and locality
sensitive hashing (the library `datasketch`), in time that grows with the number of texts and not
with its square: texts that probably share most of their runs of five words become candidates, and
each candidate is then compared exactly.

Sources: Broder 1997 for MinHash; Lee et al. 2022 (arXiv:2107.06499) for runs of five words.
"""

import zlib
from collections.abc import Iterable, Sequence

from tqdm import tqdm

from minilm.errors import MinilmError

N_HASHES = 128
MISSED = 0.01  # of the pairs exactly at the threshold; closer ones are missed far less often


def exact_duplicates(texts: Iterable[str]) -> dict[int, int]:
    """Map the index of each text that has occurred before to the index of the first."""
    first: dict[str, int] = {}
    indices = {index: first.setdefault(text, index) for index, text in enumerate(texts)}
    return {index: earlier for index, earlier in indices.items() if index != earlier}


def shingles(text: str, n: int = 5) -> set[str]:
    """The runs of `n` words of a text, without regard to case (a shorter text is one run)."""
    words = text.lower().split()
    runs = zip(*(words[i:] for i in range(n)), strict=False)
    return set(map(" ".join, runs)) or {" ".join(words)}


def jaccard(a: set[str], b: set[str]) -> float:
    """The share of common elements among all elements of two sets."""
    return len(a & b) / len(a | b)


def bands_and_rows(threshold: float) -> tuple[int, int]:
    """How to band the hashes: as many rows to a band as a miss rate of `MISSED` allows.

    Two texts of similarity s agree in a row with probability s, in a whole band with s ** rows,
    and become candidates when they agree in any band. Raises MinilmError for no threshold.
    """
    if not 0 < threshold <= 1:
        raise MinilmError(f"near_threshold is {threshold}; it must lie above 0 and at most at 1.")
    for rows in range(N_HASHES, 1, -1):
        bands = N_HASHES // rows
        if (1 - threshold**rows) ** bands <= MISSED:
            return bands, rows
    return N_HASHES, 1


def near_duplicates(
    texts: Sequence[str], threshold: float = 0.8, *, n: int = 5, progress: bool = False
) -> dict[int, int]:
    """Map the index of each text that nearly repeats an earlier, kept one to that one's index.

    Nearly: the Jaccard similarity of their runs of `n` words is at least `threshold`. Pairs found
    are certain; of the pairs exactly at the threshold at most 1 in 100 is missed.
    """
    from datasketch import MinHash, MinHashLSH  # here, because scipy comes along: a second

    index = MinHashLSH(num_perm=N_HASHES, params=bands_and_rows(threshold))
    as_bytes = ([run.encode() for run in shingles(text, n)] for text in texts)
    hashes = MinHash.generator(as_bytes, num_perm=N_HASHES, seed=1, hashfunc=zlib.crc32)
    bar = tqdm(hashes, "near duplicates", len(texts), unit="doc", disable=not progress)
    duplicates: dict[int, int] = {}
    for number, min_hash in enumerate(bar):
        earlier = sorted(index.query(min_hash))
        own = shingles(texts[number], n) if earlier else set()
        for candidate in earlier:
            if jaccard(own, shingles(texts[candidate], n)) >= threshold:
                duplicates[number] = candidate
                break
        else:
            index.insert(number, min_hash, check_duplication=False)
    return duplicates
