"""Predict the next token by counting what followed the same few tokens before.

An n-gram model has no weights: it stores counts, and its one question is what to do when a context
was seen rarely or never. Interpolated Kneser-Ney answers: take a little off every count, and give
what was taken to a model with a shorter context, which counts differently: not how often a token
occurred, but after how many different tokens. ("Francisco" is frequent, yet nearly always follows
"San", so in a new place it is a poor guess.)

Shapes: N tokens, V vocab, G different n-grams of one length, C their different contexts, B batch,
T position.

Source: Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1998),
section 2.7, interpolated as in section 3, with one discount for each order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.documents import check_documents, continues
from minilm.model.last_tokens import LastTokens

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_ORDER = 6


@dataclass(frozen=True)
class NGramTable:
    """All n-grams of one length with their counts, sorted, so that a search finds them.

    An n-gram is one integer: the number of its context (a row of the table one order below) times
    V, plus its last token. Its own number is its row here, or -1 when it was never seen.
    """

    grams: Ints  # (G,) ascending
    counts: Ints  # (G,)
    totals: Ints  # (C,) the sum of the counts in each context
    kinds: Ints  # (C,) how many different tokens follow each context
    discount: float  # what is taken off every count, in (0, 1)

    def find(self, grams: Ints) -> Ints:
        """Return the number of each n-gram, -1 for those never seen."""
        rows = np.searchsorted(self.grams, grams).clip(max=len(self.grams) - 1)
        return np.where(self.grams[rows] == grams, rows, -1)

    def interpolate(self, contexts: Ints, grams: Ints, shorter: Floats) -> Floats:
        """Mix the discounted share of each n-gram with what the shorter context says.

        contexts, grams (numbers, -1 for unseen) and shorter (probabilities) are (N,).
        """
        # A number of -1 picks the last row below, and np.where discards what that gives.
        known = (contexts >= 0) & (self.totals[contexts] > 0)
        totals = np.where(known, self.totals[contexts], 1)
        counts = np.where(grams >= 0, self.counts[grams], 0)
        shares = np.maximum(counts - self.discount, 0) / totals
        left_over = self.discount * self.kinds[contexts] / totals
        return np.where(known, shares + left_over * shorter, shorter)


def make_table(grams: Ints, counts: Ints, n_contexts: int, vocab_size: int) -> NGramTable:
    """Add up the counts of each context and choose the discount n1 / (n1 + 2 n2).

    n1 and n2 are the numbers of n-grams counted once and twice. A text too small to have both
    gets 0.75, a usual value.
    """
    contexts = grams // vocab_size
    totals = np.bincount(contexts, weights=counts, minlength=n_contexts).astype(np.int64)
    kinds = np.bincount(contexts[counts > 0], minlength=n_contexts)
    once, twice = np.count_nonzero(counts == 1), np.count_nonzero(counts == 2)
    discount = float(once / (once + 2 * twice)) if once and twice else 0.75
    return NGramTable(grams, counts, totals, kinds, discount)


@dataclass(frozen=True)
class NGramConfig:
    """The size of an n-gram model; `context_length` is how long a prompt may be, and no more."""

    vocab_size: int
    order: int = 3
    context_length: int = 256

    @property
    def d_model(self) -> int:
        """The width of `hidden`: one log-probability for each token."""
        return self.vocab_size


class NGram(nn.Module):
    """An n-gram language model with interpolated Kneser-Ney smoothing.

    `order` is the length of the longest n-gram: order 3 predicts from the two tokens before. It has
    nothing to learn by gradients, but answers as every model here does: `model(ids)` turns ids
    (B, T) into log-probabilities (B, T, V). With `cache`, the ids continue what was read; with
    `documents` (B, T), each document is read as if it stood alone.

    Raises MinilmError for an order outside 1..6 and for token ids outside the vocabulary.
    """

    def __init__(self, order: int, vocab_size: int) -> None:
        if not 1 <= order <= MAX_ORDER:
            raise MinilmError(f"An n-gram model has an order from 1 to {MAX_ORDER}, not {order}.")
        if vocab_size < 1:
            raise MinilmError(f"vocab_size must be at least 1, not {vocab_size}.")
        super().__init__()
        self.config = NGramConfig(vocab_size, order)
        self.order = order
        self.vocab_size = vocab_size
        self.tables: list[NGramTable] = []  # tables[n] holds the n-grams of n + 1 tokens

    @classmethod
    def from_config(cls, config: NGramConfig) -> Self:
        """Return a model of that size, which has counted nothing yet."""
        return cls(config.order, config.vocab_size)

    def fit(self, ids: ArrayLike) -> Self:
        """Count the n-grams of a token sequence (N,), replacing what was counted before."""
        tokens = self._checked(ids)
        if len(tokens) < self.order:
            raise MinilmError(
                f"{len(tokens)} tokens are too few for n-grams of {self.order}: give a longer text"
                " or a smaller order."
            )
        grams: list[Ints] = []
        counts: list[Ints] = []
        numbers = np.zeros(len(tokens) + 1, np.int64)  # of the empty n-gram, between all tokens
        for n in range(self.order):
            found, first, longer, times = np.unique(
                numbers[:-1] * self.vocab_size + tokens[n:],  # (N - n,)
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            if n > 0:  # Kneser-Ney: a shorter n-gram counts once for each token seen before it
                counts[-1] = np.bincount(numbers[first + 1], minlength=len(grams[-1]))
            grams.append(found)
            counts.append(times)
            numbers = longer
        n_contexts = [1, *map(len, grams)]
        self.tables = [
            make_table(*row, self.vocab_size)
            for row in zip(grams, counts, n_contexts[:-1], strict=True)
        ]
        return self

    def token_losses(self, ids: ArrayLike) -> Floats:
        """Return the loss of every token of a sequence (N,) -> (N,), in nats.

        Each token is predicted from the order - 1 tokens before it, the first ones from as many as
        there are (the very first from none).
        """
        tokens = self._checked(ids)
        numbers = self._numbers(tokens)
        probabilities = np.full(len(tokens), 1 / self.vocab_size)
        for n, table in enumerate(self.tables):
            contexts, grams = numbers[n][:-1], numbers[n + 1]
            probabilities[n:] = table.interpolate(contexts, grams, probabilities[n:])
        return -np.log(probabilities)

    def probabilities(self, context: ArrayLike) -> Floats:
        """Return the distribution (V,) of the token that follows a context of any length."""
        tokens = self._checked(context)[-self.order :]
        numbers = self._numbers(tokens)
        return self._distribution([int(row[-1]) for row in numbers[: len(tokens) + 1]])

    def hidden(
        self, ids: Tensor, cache: LastTokens | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return all that the model has to say about each position: ids (B, T) -> (B, T, V)."""
        return self.forward(ids, cache, documents)

    def forward(
        self, ids: Tensor, cache: LastTokens | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return log-probabilities as logits, (B, T) -> (B, T, V)."""
        check_documents(documents, ids, cache)
        known = cache.extend(ids) if cache is not None else ids  # (B, S + T), S remembered
        joins = continues(documents if documents is not None else torch.zeros_like(known))
        rows = [
            torch.cat([self._predict(piece) for piece in row.split(lengths)])[-ids.shape[1] :]
            for row, lengths in zip(known, _lengths(joins), strict=True)
        ]
        return torch.stack(rows).to(ids.device)  # B x (T, V) -> (B, T, V)

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> LastTokens:
        """Return an empty cache; it keeps the order - 1 tokens that the next one depends on."""
        return LastTokens(self.order - 1, batch_size)

    def state_dict(self, *args: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return the counted n-grams of every length; all else follows from them."""
        return {
            f"{what}.{n}": torch.from_numpy(getattr(table, what))
            for n, table in enumerate(self.tables)
            for what in ("grams", "counts")
        }

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **options: Any) -> Any:
        """Take over what `state_dict` of a model of the same order returned."""
        names = {f"{what}.{n}" for n in range(self.order) for what in ("grams", "counts")}
        if state_dict.keys() != names:
            raise RuntimeError(f"an n-gram model of order {self.order} has {sorted(names)}")
        n_contexts = 1
        self.tables = []
        for n in range(self.order):
            grams, counts = (state_dict[f"{what}.{n}"].numpy() for what in ("grams", "counts"))
            self.tables.append(make_table(grams, counts, n_contexts, self.vocab_size))
            n_contexts = len(grams)

    def n_params(self) -> int:
        """Return how many counts the model stores: its nearest thing to parameters."""
        return sum(len(table.grams) for table in self.tables)

    def _predict(self, ids: Tensor) -> Tensor:
        """Return the log-probabilities after each token of one text: (T,) -> (T, V)."""
        numbers = self._numbers(self._checked(ids.cpu().numpy()))
        log_probabilities = np.empty((len(ids), self.vocab_size), np.float32)
        for t in range(len(ids)):
            contexts = [int(row[t + 1 - n]) for n, row in enumerate(numbers) if n <= t + 1]
            log_probabilities[t] = np.log(self._distribution(contexts))
        return torch.from_numpy(log_probabilities)

    def _numbers(self, tokens: Ints) -> list[Ints]:
        """Number the n-grams of every length, from 0 to order, that end before each position.

        Entry n is (N - n + 1,): before token n, n + 1, ..., and after the last.
        """
        if not self.tables:
            raise MinilmError("This n-gram model has counted nothing yet: call fit(ids) first.")
        numbers = [np.zeros(len(tokens) + 1, np.int64)]
        for n, table in enumerate(self.tables):
            numbers.append(table.find(numbers[n][:-1] * self.vocab_size + tokens[n:]))
        return numbers

    def _distribution(self, contexts: Sequence[int]) -> Floats:
        """Return the next token's distribution (V,); contexts[n] numbers the last n tokens."""
        probabilities = np.full(self.vocab_size, 1 / self.vocab_size)
        for context, table in zip(contexts, self.tables, strict=False):
            if context < 0 or table.totals[context] == 0:
                break  # never seen, and so neither is any longer context
            first = context * self.vocab_size
            rows = slice(*np.searchsorted(table.grams, [first, first + self.vocab_size]))
            shares = np.maximum(table.counts[rows] - table.discount, 0)
            probabilities *= table.discount * table.kinds[context] / table.totals[context]
            probabilities[table.grams[rows] - first] += shares / table.totals[context]
        return probabilities

    def _checked(self, ids: ArrayLike) -> Ints:
        """Return ids as (N,) int64 if every one is in the vocabulary."""
        tokens = np.asarray(ids)
        if tokens.ndim != 1 or (len(tokens) and tokens.dtype.kind not in "iu"):
            raise MinilmError(
                "An n-gram model reads one sequence (N,) of whole numbers, not"
                f" {tokens.dtype} of shape {tokens.shape}."
            )
        tokens = tokens.astype(np.int64)
        if len(tokens) and not 0 <= tokens.min() <= tokens.max() < self.vocab_size:
            wrong = tokens.max() if tokens.max() >= self.vocab_size else tokens.min()
            raise MinilmError(
                f"Token id {wrong} is outside the vocabulary of {self.vocab_size}: use the"
                " tokenizer that this model's vocab_size came from."
            )
        return tokens


def _lengths(joins: Tensor) -> list[list[int]]:
    """Return how long the pieces of each row are; a piece begins where `joins` (B, T) is False."""
    ends = torch.tensor([joins.shape[1]])
    starts = [torch.cat([(~row.cpu()).nonzero()[:, 0], ends]) for row in joins]
    return [row.diff().tolist() for row in starts]
