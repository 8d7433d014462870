"""All ways to write many words in pieces, at once: a graph that numpy walks letter by letter.

Between the letters of a word are nodes, and each known piece of the word is an edge from the node
before it to the node behind it; a path from the first node to the last is one way to write the
word. All words are walked in step: first the edges that end behind the first letter of any word,
then those behind the second, and so on. So the loops of Python run over the letters of the longest
word, not over the words.

Letters: N nodes of all words, E edges, P pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lattice:
    """The edges of all words, in the order of their letters (ends deep in a word come last).

    The edges that enter one node stand side by side. `depths[d]` is where the edges begin that end
    behind d letters.
    """

    starts: Ints  # (E,) the node that an edge leaves
    ends: Ints  # (E,) the node that it enters
    pieces: Ints  # (E,) the piece that it stands for
    depths: Ints  # (longest word + 2,)
    first_nodes: Ints  # (words,)
    last_nodes: Ints  # (words,)

    @classmethod
    def build(cls, lengths: Ints, words: Ints, starts: Ints, ends: Ints, pieces: Ints) -> Lattice:
        """Sort edges, given by their word and the letters where they start and end: each (E,)."""
        last_nodes = np.cumsum(lengths + 1) - 1
        first_nodes = last_nodes - lengths
        order = np.lexsort((starts, words, ends))
        nodes, ends = first_nodes[words[order]], ends[order]
        depths = np.searchsorted(ends, np.arange(lengths.max(initial=0) + 2))
        return cls(
            nodes + starts[order], nodes + ends, pieces[order], depths, first_nodes, last_nodes
        )

    def keep(self, edges: NDArray[np.bool_], new_pieces: Ints) -> Lattice:
        """Keep some of the edges (E,), and number the pieces anew: (P,)."""
        kept_before = np.concatenate([[0], np.cumsum(edges)])
        return replace(
            self,
            starts=self.starts[edges],
            ends=self.ends[edges],
            pieces=new_pieces[self.pieces[edges]],
            depths=kept_before[self.depths],
        )

    def _layers(self) -> Iterator[tuple[slice, Ints, Ints]]:
        """Yield the edges of each depth, where those of each node begin, and how many they are."""
        for begin, end in zip(self.depths[1:-1], self.depths[2:], strict=True):
            if begin < end:
                ends = self.ends[begin:end]
                first = np.concatenate([[0], np.flatnonzero(np.diff(ends)) + 1])
                yield slice(begin, end), first, np.diff(np.append(first, end - begin))

    def expected_counts(self, scores: Floats, word_counts: Floats) -> tuple[Floats, float]:
        """Count each piece over all ways to write the words, weighted by their probabilities.

        scores (P,) are log-probabilities. Returns the counts (P,) and the log-likelihood of the
        words: forward to the last letter, adding up probabilities, and back, handing out each
        word's count over the edges that led to it.
        """
        reached = np.zeros(self.last_nodes[-1] + 1)  # (N,) log-probability of all ways up to a node
        shares = np.empty(len(self.pieces))  # (E,) of its node's probability, what came on an edge
        layers = list(self._layers())
        for edges, first, sizes in layers:
            paths = reached[self.starts[edges]] + scores[self.pieces[edges]]
            best = np.maximum.reduceat(paths, first)
            weights = np.exp(paths - np.repeat(best, sizes))
            totals = np.add.reduceat(weights, first)
            shares[edges] = weights / np.repeat(totals, sizes)
            reached[self.ends[edges][first]] = best + np.log(totals)
        flow = np.zeros_like(reached)  # (N,) how often a node is passed
        flow[self.last_nodes] = word_counts
        for edges, _, _ in reversed(layers):
            shares[edges] *= flow[self.ends[edges]]
            np.add.at(flow, self.starts[edges], shares[edges])
        counts = np.bincount(self.pieces, weights=shares, minlength=len(scores)).astype(float)
        return counts, float(reached[self.last_nodes] @ word_counts)

    def best_paths(self, scores: Floats) -> tuple[Floats, Ints, Ints]:
        """Find the most probable way to write each word: Viterbi's algorithm.

        Returns the log-probability of each word, and the pieces of all best ways with the word that
        each belongs to. Of equally good ways the one whose last piece is longest wins.
        """
        reached = np.zeros(self.last_nodes[-1] + 1)
        came_on = np.zeros(len(reached), np.int64)  # (N,) the edge by which the best way arrives
        for edges, first, sizes in self._layers():
            paths = reached[self.starts[edges]] + scores[self.pieces[edges]]
            best = np.maximum.reduceat(paths, first)
            winners = np.flatnonzero(paths == np.repeat(best, sizes))
            winners = winners[np.searchsorted(winners, first)]
            nodes = self.ends[edges][first]
            reached[nodes], came_on[nodes] = best, winners + edges.start
        pieces: list[Ints] = [np.empty(0, np.int64)]
        words: list[Ints] = [np.empty(0, np.int64)]
        nodes, owners = self.last_nodes, np.arange(len(self.last_nodes))
        while len(nodes):
            under_way = nodes > self.first_nodes[owners]
            nodes, owners = nodes[under_way], owners[under_way]
            pieces.append(self.pieces[came_on[nodes]])
            words.append(owners)
            nodes = self.starts[came_on[nodes]]
        return reached[self.last_nodes], np.concatenate(pieces), np.concatenate(words)


def substrings(words: Sequence[str], longest: int) -> tuple[list[str], Ints, Ints, Ints, Ints]:
    """List the different pieces of the words, up to `longest` letters, and where each one stands.

    Returns the pieces (P,) and, for every place (E,): the word, the start, the end, the piece.
    """
    number: dict[str, int] = {}
    pieces: list[int] = []
    for word in words:
        n = len(word)
        for start in range(n):
            for end in range(start + 1, min(n, start + longest) + 1):
                pieces.append(number.setdefault(word[start:end], len(number)))
    lengths = np.array([len(word) for word in words], np.int64)
    starts, ends, owners = _places(lengths, longest)
    return list(number), owners, starts, ends, np.array(pieces, np.int64)


def _places(lengths: Ints, longest: int) -> tuple[Ints, Ints, Ints]:
    """The (start, end) of all substrings of words of these lengths, in the order of the loops."""
    tables = {}
    for n in set(lengths.tolist()):
        at = [(s, e) for s in range(n) for e in range(s + 1, min(n, s + longest) + 1)]
        tables[n] = np.array(at, np.int64).reshape(-1, 2)
    places = np.concatenate([tables[n] for n in lengths.tolist()])
    sizes = np.array([len(tables[n]) for n in lengths.tolist()])
    return places[:, 0], places[:, 1], np.repeat(np.arange(len(lengths)), sizes)
