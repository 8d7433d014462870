"""Learning a vocabulary for WordPiece: join the pair that makes the text most likely.

BPE joins the most frequent pair. WordPiece asks in addition how frequent it would be by chance: two
frequent letters meet often without belonging together. With n the count of the pair, a and b the
counts of its tokens and N the count of all tokens, three rules are in use:

- "likelihood", n (log(n N / (a b)) - 1): what joining the pair adds to the log-likelihood of the
  text under a model that draws tokens independently (to first order in n / a and n / b). This is
  the rule of the paper, Schuster and Nakajima, "Japanese and Korean voice search" (2012).
- "ratio", n / (a b): the rule that is most often told. Without the factor n it prefers pairs of
  rare letters that always meet.
- "count", n: BPE's rule, and what the class WordPieceTrainer of the `tokenizers` library uses.

A letter inside a word is another token than the same letter at its beginning: it is written ##a.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from minilm.errors import MinilmError
from minilm.prepare.bpe import PairJoiner

CONTINUES = "##"
Rule = Literal["likelihood", "ratio", "count"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def likelihood(pairs: Ints, lefts: Ints, rights: Ints, total: int) -> Floats:
    """Score pairs by what they add to the log-likelihood of the text."""
    surprise: Floats = np.log(pairs * total / (lefts * rights))
    return pairs * (surprise - 1)


def ratio(pairs: Ints, lefts: Ints, rights: Ints, total: int) -> Floats:
    """Score pairs by how much more often they occur than their tokens would meet by chance."""
    return pairs / (lefts * rights)


SCORES: dict[str, Callable[[Ints, Ints, Ints, int], Floats]] = {
    "likelihood": likelihood,
    "ratio": ratio,
}


def train_wordpiece(
    word_counts: Mapping[str, int],
    vocab_size: int,
    rule: Rule = "likelihood",
    *,
    min_count: int = 2,
    progress: bool = False,
) -> list[str]:
    """Learn the tokens: the letters in order of their code points, then one for each merge.

    Of pairs with equal scores the one of the earlier tokens wins. Training stops early when no pair
    occurs `min_count` times.

    Raises MinilmError when there are no words or more letters than `vocab_size`.
    """
    letters = sorted({letter for word in word_counts for letter in split_letters(word)})
    if not letters or len(letters) > vocab_size:
        raise MinilmError(
            f"The text has {len(letters)} letters (those inside words counted apart), and"
            f" vocab_size is {vocab_size}: it must have at least one and fit."
        )
    character_of = {letter: chr(i) for i, letter in enumerate(letters)}
    spelled = {
        "".join(map(character_of.__getitem__, split_letters(word))): count
        for word, count in word_counts.items()
    }
    joiner = PairJoiner(spelled, min_count)
    if rule != "count":
        joiner = PairScorer(spelled, SCORES[rule], min_count)
    tokens, n_merges = letters, vocab_size - len(letters)
    for pair in tqdm(islice(joiner, n_merges), "merges", n_merges, disable=not progress):
        joiner.join(pair, chr(len(tokens)))
        left, right = (tokens[ord(token)] for token in pair)
        tokens.append(left + right.removeprefix(CONTINUES))
    return tokens


def split_letters(word: str) -> list[str]:
    """Cut a word into letters and mark those inside it: `["t", "##h", "##e"]`."""
    return [word[:1], *(CONTINUES + letter for letter in word[1:])]


class PairScorer(PairJoiner):
    """A joiner that picks the pair with the best score instead of the most frequent one.

    A score depends on the counts of the two tokens as well, which change with every merge that
    takes one of them away, and it may rise. So there is no heap: the counts lie in arrays, and all
    scores are computed again for each merge.
    """

    def __init__(
        self,
        word_counts: Mapping[str, int],
        score: Callable[[Ints, Ints, Ints, int], Floats],
        min_count: int = 2,
    ) -> None:
        self.score = score
        self.row_of: dict[str, int] = {}
        self.pairs = np.zeros((3, 1024), np.int64)  # the left and the right token, the pair's count
        self.token_counts = np.zeros(1024, np.int64)
        super().__init__(word_counts, min_count)
        for word, count in word_counts.items():
            for token in word:
                self._add_tokens(token, count)

    def _add_tokens(self, token: str, count: int) -> None:
        if ord(token) >= len(self.token_counts):
            self.token_counts = np.concatenate([self.token_counts, 0 * self.token_counts])
        self.token_counts[ord(token)] += count

    def _enter(self, pair: str, places: list[int]) -> None:
        self.counts[pair] = sum(map(self.word_counts.__getitem__, places))
        if self.counts[pair] < self.min_count:
            return
        self.places[pair] = places
        row = self.row_of[pair] = len(self.row_of)
        if row == self.pairs.shape[1]:
            self.pairs = np.concatenate([self.pairs, 0 * self.pairs], axis=1)
        self.pairs[:, row] = ord(pair[0]), ord(pair[1]), self.counts[pair]

    def _exchange(self, old: str, new: str, places: list[int]) -> None:
        super()._exchange(old, new, places)
        if old in self.row_of:
            self.pairs[2, self.row_of[old]] = self.counts[old]

    def __iter__(self) -> Iterator[str]:
        """Yield the pair with the best score, again after each `join`, while pairs are left."""
        while True:
            lefts, rights, counts = self.pairs[:, : len(self.row_of)]
            rows = np.flatnonzero(counts >= self.min_count)
            if len(rows) == 0:
                return
            if len(rows) < len(counts) // 2:
                self._forget_all_but(rows)
                continue
            total = int(self.token_counts.sum())
            of_left, of_right = self.token_counts[lefts[rows]], self.token_counts[rights[rows]]
            scores = self.score(counts[rows], of_left, of_right, total)
            best = rows[scores == scores.max()]
            left, right = min(zip(lefts[best].tolist(), rights[best].tolist(), strict=True))
            yield chr(left) + chr(right)

    def _forget_all_but(self, rows: Ints) -> None:
        """Drop the pairs that have become too rare, so that the arrays stay short."""
        self.pairs = np.concatenate([self.pairs[:, rows], self.pairs[:, rows]], axis=1)
        pairs = list(self.row_of)
        self.row_of = {pairs[row]: i for i, row in enumerate(rows)}

    def join(self, pair: str, new: str) -> None:
        """Join the pair everywhere, and count the two tokens and the new one again."""
        places = set(self.places[pair])
        before = self._n_tokens(places)
        super().join(pair, new)
        if pair in self.row_of:
            self.pairs[2, self.row_of[pair]] = 0
        n_joints = before - self._n_tokens(places)
        for token in pair:
            self._add_tokens(token, -n_joints)
        self._add_tokens(new, n_joints)

    def _n_tokens(self, places: Iterable[int]) -> int:
        return sum(len(self.words[i]) * self.word_counts[i] for i in places)
