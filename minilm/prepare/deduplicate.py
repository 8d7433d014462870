"""The same text twice teaches nothing new, and in two parts of a split it spoils the test.

Texts whose numbers agree (a checksum, a band of a MinHash signature) become candidates by sorting
those numbers on disk; each pair of candidates is then compared as it is, so that what is found is
certain. What is the same as the same belongs together: documents form clusters, and the first of a
cluster stays. Nothing here depends on the order of the comparisons.

Letters: P pairs of documents, R records (`minilm.prepare.scratch.RECORD`).
Source: Lee et al. 2022 (arXiv:2107.06499), appendix A, for clusters of verified candidates.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minilm.prepare.grams import Numbers, gram_numbers
from minilm.prepare.minhash import band_keys, bands_and_rows, signatures
from minilm.prepare.scratch import Records, Scratch

REACH = 8  # neighbors in a group of candidates that a document is compared with, besides the first
RUN = 5  # words in a shingle
MOST_DOCUMENTS = 2**32  # a pair of document numbers is one 64-bit number


def shingles(text: str, n: int = RUN) -> set[str]:
    """The runs of `n` words of a text, without regard to case (a shorter text is one run)."""
    words = text.lower().split()
    runs = zip(*(words[i:] for i in range(n)), strict=False)
    return set(map(" ".join, runs)) or {" ".join(words)}


def shingle_numbers(text: str, n: int = RUN) -> Numbers:
    """The same runs as numbers, one for each place in the text: (G,)."""
    return gram_numbers(text.lower().split(), n)


def jaccard(a: set[str], b: set[str]) -> float:
    """The share of common elements among all elements of two sets."""
    return len(a & b) / len(a | b)


class Clusters:
    """Which documents belong together: joined pair by pair, each cluster named by its first.

    Eight bytes for each document. Source: Tarjan 1975, union-find with halving of paths.
    """

    def __init__(self, n: int) -> None:
        self._earlier = np.arange(n)  # of the same cluster; the first of one points to itself

    def first(self, number: int) -> int:
        """The first document of this one's cluster."""
        earlier = self._earlier
        while (parent := int(earlier[number])) != number:
            earlier[number] = earlier[parent]
            number = parent
        return number

    def join(self, a: int, b: int) -> None:
        """Let the clusters of two documents be one."""
        first, second = sorted((self.first(a), self.first(b)))
        self._earlier[second] = first

    def repeats(self) -> npt.NDArray[np.bool_]:
        """Which documents are not the first of their cluster: (N,)."""
        return np.asarray(self._earlier != np.arange(len(self._earlier)))


def candidates(
    blocks: Iterable[npt.NDArray[Any]], left_out: npt.NDArray[np.bool_]
) -> Iterator[Numbers]:
    """Pairs of documents whose records have the same key, each as earlier * 2^32 + later: (P,).

    Within a group of equal keys each document is paired with the first and with the `REACH` before
    it: what a large group has in common is found without the square of its size. Documents that
    are `left_out` (N,) have no part in it.
    """
    for block in blocks:
        records = block[~left_out[block["value"]]]  # (R,)
        keys, numbers = records["key"], records["value"]
        for step in range(1, min(REACH, len(keys) - 1) + 1):
            alike = keys[step:] == keys[:-step]
            yield numbers[:-step][alike] * np.uint64(MOST_DOCUMENTS) + numbers[step:][alike]
        places = np.arange(len(keys))
        begins = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
        first = np.maximum.accumulate(np.where(begins, places, 0))
        far = places - first > REACH
        yield numbers[first[far]] * np.uint64(MOST_DOCUMENTS) + numbers[far]


def join_candidates(
    clusters: Clusters, pairs: Records, alike: Callable[[int, int], bool]
) -> Clusters:
    """Join the documents of each pair that `alike` confirms, unless they are together already."""
    for block in pairs.blocks():
        for pair in np.unique(block["key"]).tolist():
            a, b = divmod(pair, MOST_DOCUMENTS)
            if clusters.first(a) != clusters.first(b) and alike(a, b):
                clusters.join(a, b)
    return clusters


def find_repeats(
    records: Records, left_out: npt.NDArray[np.bool_], alike: Callable[[int, int], bool]
) -> Clusters:
    """Cluster documents: those of equal keys in `records` (key, document) that are `alike`."""
    pairs = Records(records.path.with_name(f"{records.path.name}-pairs"), records.limit)
    try:
        for found in candidates(records.blocks(), left_out):
            pairs.add(found, 0)
        return join_candidates(Clusters(len(left_out)), pairs, alike)
    finally:
        pairs.delete()


def similar(
    text_of: Callable[[int], str], threshold: float, n: int = RUN
) -> Callable[[int, int], bool]:
    """A comparison of documents by number: is the Jaccard similarity at least `threshold`?"""

    @lru_cache(maxsize=16)
    def runs(number: int) -> set[str]:
        return shingles(text_of(number), n)

    return lambda a, b: jaccard(runs(a), runs(b)) >= threshold


def exact_duplicates(texts: Iterable[str]) -> dict[int, int]:
    """Map the index of each text that has occurred before to the index of the first."""
    first: dict[str, int] = {}
    indices = {index: first.setdefault(text, index) for index, text in enumerate(texts)}
    return {index: earlier for index, earlier in indices.items() if index != earlier}


def near_duplicates(
    texts: Sequence[str], threshold: float = 0.8, *, n: int = RUN
) -> dict[int, int]:
    """Map the index of each text that nearly repeats an earlier one to the first of its cluster.

    Nearly: the Jaccard similarity of their runs of `n` words is at least `threshold`, or there is a
    chain of such pairs between them. Pairs found are certain; of the pairs exactly at the threshold
    at most 1 in 100 is missed.
    """
    bands, rows = bands_and_rows(threshold)
    with tempfile.TemporaryDirectory() as folder, Scratch(Path(folder) / "scratch") as scratch:
        records = scratch.records("bands")
        for number, text in enumerate(texts):
            signature = signatures([shingle_numbers(text, n)])
            records.add(band_keys(signature, bands, rows), number)
        nobody = np.zeros(len(texts), bool)
        clusters = find_repeats(records, nobody, similar(texts.__getitem__, threshold, n))
    return {int(i): clusters.first(int(i)) for i in np.flatnonzero(clusters.repeats())}
