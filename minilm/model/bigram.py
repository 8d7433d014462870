"""The bigram as a network: one table of scores, learned by gradients instead of counted.

B batch, T position, D width, V vocab_size
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from minilm.model.documents import check_documents
from minilm.model.last_tokens import LastTokens


@dataclass(frozen=True)
class BigramConfig:
    """The size of a bigram: a whole table of V x V scores, or one of `rank` D, in two thin pieces.

    The model looks at one token; `context_length` is how long the rows are that it trains on.
    """

    vocab_size: int
    context_length: int = 256
    rank: int | None = None

    @property
    def d_model(self) -> int:
        """The width of `hidden`: the rank, or V for the whole table."""
        return self.rank or self.vocab_size


class Bigram(nn.Module):
    """Predict the next token from this one alone: row `id` of a table holds the scores.

    `model(ids)`: ids (B, T) -> logits (B, T, V). The loss of the whole table is convex, so
    gradients lead to one optimum, where each row is the logarithm of what was counted: learning can
    reach the counted bigram and never pass it. The table starts at zero, all tokens equally likely.
    With a `rank` the table is a product (V, D) @ (D, V), and tokens that act alike share what they
    learn; it starts at nearly zero.

    A cache or `documents` (B, T) change nothing, for no position looks at another. Raises
    MinilmError for `documents` of another shape or with a cache.
    """

    def __init__(self, config: BigramConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.head: nn.Module = nn.Identity()  # the row is the scores
        if config.rank is None:
            nn.init.zeros_(self.embedding.weight)
        else:
            self.head = nn.Linear(config.rank, config.vocab_size, bias=False)
            nn.init.normal_(self.embedding.weight)
            nn.init.normal_(self.head.weight, std=0.02)

    def hidden(
        self, ids: Tensor, cache: LastTokens | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return each token's row: ids (B, T) -> (B, T, D)."""
        check_documents(documents, ids, cache)
        if cache is not None:
            cache.extend(ids)
        rows: Tensor = self.embedding(ids)
        return rows

    def forward(
        self, ids: Tensor, cache: LastTokens | None = None, documents: Tensor | None = None
    ) -> Tensor:
        logits: Tensor = self.head(self.hidden(ids, cache, documents))  # (B, T, D) -> (B, T, V)
        return logits

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> LastTokens:
        """Return a cache that remembers nothing: this token is all there is to know."""
        return LastTokens(0, batch_size)

    def n_params(self) -> int:
        """Count the learned numbers."""
        return sum(weight.numel() for weight in self.parameters())


@torch.no_grad()
def counted_table(ids: Tensor, vocab_size: int) -> Tensor:
    """Count which token follows which: a text (N,) -> probabilities (V, V), rows sum to one.

    Row a, column b is the share of b among the tokens that follow a. A token that nothing follows
    has a row of 1 / V: nothing is known. This is the table that a `Bigram` converges to.
    """
    pairs = ids[:-1] * vocab_size + ids[1:]  # (N - 1,), one number for each pair
    counts = torch.bincount(pairs, minlength=vocab_size**2).view(vocab_size, vocab_size)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals.clamp(min=1), 1 / vocab_size)
