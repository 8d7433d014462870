"""Unigram: a word is cut in the most probable of all ways, or in any way, by chance.

Every piece has a probability, and a way to cut a word is as probable as the product of its pieces.
Nothing is greedy: the best way is found over all of them (Viterbi). And because every way has a
probability, one can be drawn: a model that sees the same word cut in several ways learns that they
mean the same (subword regularization).

Letters that no piece knows are written in bytes, so `decode(encode(text)) == text` for every text.

Source: Kudo, "Subword regularization" (2018, arXiv:1804.10959). Words are those of GPT-2's pattern,
with the space in front, as for BPE: so the tokenizers differ in how they cut a word, not in what
they call one. (SentencePiece writes spaces as ▁ instead.)
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minilm.errors import MinilmError
from minilm.prepare.bpe import count_words, split_words, to_utf8
from minilm.prepare.interface import END_OF_TEXT, TokenTable
from minilm.prepare.tokenizer import Cache
from minilm.prepare.unigram_training import UNKNOWN_PENALTY, train_unigram


class Unigram(TokenTable):
    """A Unigram tokenizer: ids 0 to 255 are the bytes, then come the pieces, the special tokens.

    `scores` maps each piece to its log-probability. Raises MinilmError for an empty piece or a
    score that is not a finite number.
    """

    format = "minilm unigram 1"

    def __init__(
        self, scores: Mapping[str, float], special_tokens: Sequence[str] = (END_OF_TEXT,)
    ) -> None:
        self.scores = dict(scores)
        if "" in self.scores or not all(map(math.isfinite, self.scores.values())):
            raise MinilmError("Each piece of a Unigram tokenizer needs letters and a finite score.")
        pieces = [piece.encode() for piece in self.scores]
        super().__init__([*(bytes([byte]) for byte in range(256)), *pieces], special_tokens)
        self._id_of = {piece: 256 + i for i, piece in enumerate(self.scores)}
        self._longest = max(map(len, self.scores), default=1)
        self._unknown = min(self.scores.values(), default=0.0) - UNKNOWN_PENALTY
        self._ids_of_word = Cache(self._encode_word)

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        special_tokens: Sequence[str] = (END_OF_TEXT,),
        *,
        coverage: float = 0.9995,
        progress: bool = False,
    ) -> Unigram:
        """Learn a tokenizer of `vocab_size` tokens: 256 bytes, the pieces, the special tokens."""
        word_counts = {word.decode(): count for word, count in count_words(texts).items()}
        n_pieces = vocab_size - 256 - len(special_tokens)
        scores = train_unigram(word_counts, n_pieces, coverage=coverage, progress=progress)
        return cls(scores, special_tokens)

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids; the names of special tokens in it are text like any other."""
        ids = map(self._ids_of_word.__getitem__, split_words(text))
        return [id_ for ids_of_word in ids for id_ in ids_of_word]

    def encode_bytes(self, data: bytes) -> list[int]:
        """Turn any bytes into ids; valid UTF-8 gets the ids that `encode` gives."""
        words = split_words(data.decode("utf-8", "surrogateescape"))
        return [id_ for word in words for id_ in self._ids(self.best(word))]

    def sample(self, text: str, alpha: float, generator: random.Random) -> list[int]:
        """Cut every word by chance: a way of probability p is drawn in proportion to p ** alpha.

        alpha 0 takes all ways as equal, a large alpha nearly always the best one; 0.1 to 0.5 are
        usual for training.
        """
        words = (to_utf8(word).decode() for word in split_words(text))
        return [id_ for word in words for id_ in self._ids(self.draw(word, alpha, generator))]

    def _encode_word(self, word: str) -> list[int]:
        return self._ids(self.best(to_utf8(word).decode()))

    def _ids(self, pieces: Iterable[str]) -> list[int]:
        ids: list[int] = []
        for piece in pieces:
            if (id_ := self._id_of.get(piece)) is not None:
                ids.append(id_)
            else:
                ids += piece.encode("utf-8", "surrogateescape")
        return ids

    def edges(self, word: str, start: int) -> Iterable[tuple[int, float]]:
        """Yield the end and the score of each piece of the word that begins at `start`.

        A letter that is no piece is an edge, too, with the score of the unknown.
        """
        if word[start] not in self.scores:
            yield start + 1, self._unknown
        for end in range(start + 1, min(len(word), start + self._longest) + 1):
            if (score := self.scores.get(word[start:end])) is not None:
                yield end, score

    def best(self, word: str) -> list[str]:
        """Cut a word in the most probable way."""
        reached = [0.0] + [-math.inf] * len(word)
        came_from = [0] * len(reached)
        for start in range(len(word)):
            for end, score in self.edges(word, start):
                if reached[start] + score > reached[end]:
                    reached[end], came_from[end] = reached[start] + score, start
        pieces, end = [], len(word)
        while end:
            pieces.append(word[came_from[end] : end])
            end = came_from[end]
        return pieces[::-1]

    def draw(self, word: str, alpha: float, generator: random.Random) -> list[str]:
        """Cut a word by chance: add up the ways from the left, then choose pieces from the right.

        This draws from all ways, not from the n best ones (Kudo 2018, section 3.3, l = infinity).
        """
        came: list[list[tuple[int, float]]] = [[] for _ in range(len(word) + 1)]
        reached = [0.0] * (len(word) + 1)  # log of the sum over all ways
        for start in range(len(word)):
            if start:
                largest = max(path for _, path in came[start])
                sum_of_ways = sum(math.exp(path - largest) for _, path in came[start])
                reached[start] = largest + math.log(sum_of_ways)
            for end, score in self.edges(word, start):
                came[end].append((start, reached[start] + alpha * score))
        pieces, end = [], len(word)
        while end:
            largest = max(path for _, path in came[end])
            weights = [math.exp(path - largest) for _, path in came[end]]
            [(start, _)] = generator.choices(came[end], weights)
            pieces.append(word[start:end])
            end = start
        return pieces[::-1]

    def arguments(self) -> dict[str, Any]:
        """What the tokenizer is made of: its pieces and their scores."""
        return super().arguments() | {"scores": self.scores}
