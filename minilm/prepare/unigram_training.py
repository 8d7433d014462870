"""Learning a Unigram vocabulary: begin with far too many pieces, drop what is missed least.

BPE grows a vocabulary; this shrinks one. Every piece has a probability, a word is as probable as
all the ways to write it in pieces together, and two steps alternate:

1. expectation-maximization sets the probabilities: count each piece in all ways to write each
   word, weighted by how probable the way is; the shares of the counts are the new probabilities;
2. for each piece, ask how much less probable the text would be without it, and drop the quarter
   whose loss is smallest. Single letters stay, so that words can always be written.

Source: Kudo, "Subword regularization" (2018), section 3.2; the estimate of the loss is the one of
his SentencePiece. The `tokenizers` library differs in two points. It counts a piece of the seed
once for each different word, and so fills the seed with rare words' pieces; here a piece counts as
often as it occurs. And it takes the digamma function of the counts before the shares, which pushes
rare pieces down and makes no difference in length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from minilm.errors import MinilmError
from minilm.prepare.lattice import Floats, Ints, Lattice, substrings

LONGEST_PIECE = 16  # letters
LONGEST_WORD = 64  # letters; what is longer is cut for the training
UNKNOWN_PENALTY = 10.0  # how much less probable an unknown letter is than the rarest piece (nats)
ROUNDS = 2  # of expectation-maximization between two prunings
KEPT = 0.75  # of the pieces, in one pruning


def train_unigram(
    word_counts: Mapping[str, int],
    vocab_size: int,
    *,
    coverage: float = 0.9995,
    seed_size: int | None = None,
    progress: bool = False,
) -> dict[str, float]:
    """Learn `vocab_size` pieces and their log-probabilities, most probable first.

    The most frequent letters that make up `coverage` of the text become pieces; the others will be
    written in bytes. Training begins with the `seed_size` substrings (default: eight times
    `vocab_size`) that cover most of the text and occur at least twice.

    Raises MinilmError when there are no words, or more letters than `vocab_size`.
    """
    words = cut_long(word_counts)
    if not words:
        raise MinilmError("There is no text to train a tokenizer on. Give it at least one word.")
    trainer = UnigramTrainer(words, coverage, seed_size or 8 * vocab_size)
    n_letters = int(trainer.is_letter.sum())
    if n_letters > vocab_size:
        raise MinilmError(
            f"The text has {n_letters} letters, and vocab_size is {vocab_size}:"
            " ask for more pieces, or for a smaller coverage."
        )
    bar = tqdm(desc="pieces dropped", total=max(0, len(trainer.pieces) - vocab_size),
               unit="piece", disable=not progress)  # fmt: skip
    while len(trainer.pieces) > vocab_size:
        n_pieces = len(trainer.pieces)
        trainer.maximize(ROUNDS)
        trainer.prune(max(vocab_size, int(KEPT * n_pieces)))
        bar.update(n_pieces - len(trainer.pieces))
    bar.close()
    trainer.maximize(ROUNDS)
    best_first = np.argsort(-trainer.scores[:-1], kind="stable")
    return {trainer.pieces[i]: float(trainer.scores[i]) for i in best_first}


def cut_long(word_counts: Mapping[str, int]) -> dict[str, int]:
    """Cut words of more than 64 letters into parts, which count as words of their own."""
    counts: Counter[str] = Counter()
    for word, count in word_counts.items():
        for start in range(0, len(word), LONGEST_WORD):
            counts[word[start : start + LONGEST_WORD]] += count
    return counts


def frequent_letters(word_counts: Mapping[str, int], coverage: float) -> set[str]:
    """Return the most frequent letters that together make up `coverage` of the text."""
    counts: Counter[str] = Counter()
    for word, count in word_counts.items():
        for letter in word:
            counts[letter] += count
    wanted, total, letters = coverage * counts.total(), 0, set()
    for letter, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if total >= wanted:
            break
        letters.add(letter)
        total += count
    return letters


class UnigramTrainer:
    """The pieces that are left, their log-probabilities, and all ways to write the words in them.

    `scores` has one entry more than `pieces`: the last one is that of an unknown letter.
    """

    def __init__(self, word_counts: Mapping[str, int], coverage: float, seed_size: int) -> None:
        words = list(word_counts)
        self.word_counts = np.array(list(word_counts.values()), float)
        pieces, owners, starts, ends, numbers = substrings(words, LONGEST_PIECE)
        counts = np.bincount(numbers, weights=self.word_counts[owners], minlength=len(pieces))
        letters = frequent_letters(word_counts, coverage)
        lengths = np.array([len(piece) for piece in pieces])
        is_letter = np.array([piece in letters for piece in pieces])
        covers = np.where((lengths > 1) & (counts >= 2), counts * lengths, 0)
        seed = np.argsort(-covers, kind="stable")[: max(0, seed_size - len(letters))]
        chosen = is_letter.copy()
        chosen[seed[covers[seed] > 0]] = True
        is_used = chosen[numbers] | (ends - starts == 1)  # an unknown letter is an edge, too
        new_numbers = np.where(chosen, np.cumsum(chosen) - 1, chosen.sum())
        self.pieces = [piece for piece, kept in zip(pieces, chosen, strict=True) if kept]
        self.is_letter = is_letter[chosen]
        n_letters = np.array([len(word) for word in words], np.int64)
        places = (owners[is_used], starts[is_used], ends[is_used], new_numbers[numbers[is_used]])
        self.lattice = Lattice.build(n_letters, *places)
        self.scores = self._shares(counts[chosen])
        self.alternatives = self._lattice_of_pieces()

    def _lattice_of_pieces(self) -> Lattice:
        """All ways to write each piece in other pieces."""
        number = {piece: i for i, piece in enumerate(self.pieces)}
        texts, owners, starts, ends, numbers = substrings(self.pieces, LONGEST_PIECE)
        numbers = np.array([number.get(text, -1) for text in texts])[numbers]
        # A single letter is always an edge: known, unknown, or the piece itself, which then stays.
        used = (numbers >= 0) & (numbers != owners) | (ends - starts == 1)
        numbers = np.where(numbers < 0, len(self.pieces), numbers)
        lengths = np.array([len(piece) for piece in self.pieces], np.int64)
        return Lattice.build(lengths, owners[used], starts[used], ends[used], numbers[used])

    def _shares(self, counts: Floats) -> Floats:
        """Log-probabilities from counts; the last entry is that of an unknown letter."""
        scores = np.log(np.maximum(counts, 1e-6) / counts.sum())
        return np.append(scores, scores.min() - UNKNOWN_PENALTY)

    def maximize(self, rounds: int) -> float:
        """Set the probabilities by expectation-maximization; return the last log-likelihood."""
        likelihood = -np.inf
        for _ in range(rounds):
            counts, likelihood = self.lattice.expected_counts(self.scores, self.word_counts)
            self.scores = self._shares(counts[:-1])
        return likelihood

    def losses(self) -> Floats:
        """Estimate, for each piece, the log-likelihood that the text would lose without it: (P,).

        The piece's places in the best ways to write the words go to the best way to write the piece
        in others, whose probabilities rise by that.
        """
        _, used, owners = self.lattice.best_paths(self.scores)
        counts = np.bincount(used, weights=self.word_counts[owners], minlength=len(self.scores))
        _, parts, wholes = self.alternatives.best_paths(self.scores)
        total, n_parts = counts.sum(), np.bincount(wholes, minlength=len(self.pieces))
        counts = np.maximum(counts, 1e-6)
        of_whole = counts[: len(self.pieces)]
        new_total = total + of_whole * (n_parts - 1)
        gained = np.log((counts[parts] + of_whole[wholes]) / new_total[wholes])
        without = np.bincount(wholes, weights=gained, minlength=len(self.pieces))
        return of_whole * (np.log(of_whole / total) - without)

    def prune(self, n_kept: int) -> None:
        """Keep the letters, and of the other pieces those that would be missed most."""
        losses = np.where(self.is_letter, np.inf, self.losses())
        kept = np.zeros(len(self.pieces), bool)
        kept[np.argsort(-losses, kind="stable")[:n_kept]] = True
        self._drop(kept)

    def _drop(self, kept: NDArray[np.bool_]) -> None:
        """Drop pieces from the lists and from both lattices."""
        new: Ints = np.append(np.cumsum(kept) - 1, kept.sum())
        stays = np.append(kept, True)
        self.lattice = self.lattice.keep(stays[self.lattice.pieces], new)
        self.pieces = [piece for piece, stay in zip(self.pieces, kept, strict=True) if stay]
        self.is_letter, self.scores = self.is_letter[kept], self.scores[stays]
        self.alternatives = self._lattice_of_pieces()
