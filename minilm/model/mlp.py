"""The first neural language model: tokens become vectors, and alike contexts predict alike.

B batch, T position, N tokens that are looked at, E width of one token's vector, D d_model, V vocab
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.model.documents import check_documents
from minilm.model.last_tokens import LastTokens


@dataclass(frozen=True)
class MLPConfig:
    """The sizes of Bengio's network: `n_tokens` looked at, `d_token` wide, `d_model` hidden units.

    `context_length` is how long the rows are that it trains on.
    """

    vocab_size: int
    context_length: int = 256
    n_tokens: int = 4
    d_token: int = 64
    d_model: int = 128


class MLP(nn.Module):
    """Put the vectors of the last N tokens side by side, mix them once, and score every token.

    `model(ids)`: ids (B, T) -> logits (B, T, V), with h = tanh(d + H x) and logits b + U h, where x
    are the N vectors in a row, the newest first. Counting knows a context or does not; this network
    has learned that some tokens are alike, and so knows something about contexts it has never met.
    Places before the beginning are zeros. With `cache`, the ids continue what was read. With
    `documents` (B, T), tokens of other documents are zeros as well.

    Raises MinilmError for `documents` of another shape or with a cache.

    Source: Bengio et al. 2003, "A Neural Probabilistic Language Model", section 2, without the
    optional direct connections from x to the scores.
    """

    def __init__(self, config: MLPConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_token)
        self.mix = nn.Linear(config.n_tokens * config.d_token, config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size)
        nn.init.normal_(self.mix.weight, std=self.mix.in_features**-0.5)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.mix.bias)
        nn.init.zeros_(self.head.bias)

    def hidden(
        self, ids: Tensor, cache: LastTokens | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return the hidden units: ids (B, T) -> (B, T, D)."""
        check_documents(documents, ids, cache)
        known = cache.extend(ids) if cache is not None else ids  # (B, S + T), S remembered
        x = self.embedding(known)  # (B, S + T) -> (B, S + T, E)
        views = [back(x, n) for n in range(self.config.n_tokens)]
        if documents is not None:
            for n, view in enumerate(views):
                views[n] = view * (documents == back(documents, n))[:, :, None]
        side_by_side = torch.cat(views, dim=-1)[:, -ids.shape[1] :]  # (B, T, N E)
        return torch.tanh(self.mix(side_by_side))

    def forward(
        self, ids: Tensor, cache: LastTokens | None = None, documents: Tensor | None = None
    ) -> Tensor:
        return self.head(self.hidden(ids, cache, documents))  # (B, T, D) -> (B, T, V)

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> LastTokens:
        """Return an empty cache; it keeps the N - 1 tokens that the next one needs beside it."""
        return LastTokens(self.config.n_tokens - 1, batch_size)

    def n_params(self) -> int:
        """Count the learned numbers."""
        return sum(weight.numel() for weight in self.parameters())


def back(x: Tensor, n: int) -> Tensor:
    """Let every position have what stood n places before it, or 0: (B, T, ...) -> (B, T, ...)."""
    if n == 0:
        return x
    ahead = [0] * (2 * (x.ndim - 2)) + [n, 0]
    return F.pad(x, ahead)[:, : x.shape[1]]
