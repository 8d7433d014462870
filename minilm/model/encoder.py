"""The encoder: a transformer without a future to hide, in which every token sees both sides.

B batch, T position, D d_model, H heads, V vocab_size
"""

import math

import torch
from torch import Tensor

from minilm.errors import MinilmError
from minilm.model.cache import KVCache
from minilm.model.config import TransformerConfig
from minilm.model.documents import check_documents
from minilm.model.positions import alibi, embed
from minilm.model.transformer import Transformer, check_length


class Encoder(Transformer):
    """An encoder-only transformer: token ids in, scores for the token at each position out.

    `model(ids)`: ids (B, T) -> logits (B, T, V). Parts and weights are those of `Transformer`, the
    mask is another. The scores at a position say which token stands there, not which comes next,
    so a token has to be hidden to make the question worth asking (`minilm.train.masked`). With
    `documents` (B, T), several documents share a row, and each is read as if it stood alone;
    padding is one of them. A `window` reaches to both sides.

    Raises MinilmError when the positions exceed the context length, for `documents` of another
    shape, and when asked for a cache: what comes later changes what was read before.

    Source: Devlin et al. 2019, "BERT"; the norms stand before each part, as in `Block`.
    """

    looks_ahead = True  # so that padding has to be told apart

    def hidden(
        self, ids: Tensor, cache: KVCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return the normalised last state of the residual stream: ids (B, T) -> (B, T, D)."""
        check_length(ids.shape[1], self.config.context_length)
        check_documents(documents, ids, cache)
        x = embed(ids, self.embedding, self.positions, documents=documents)  # (B, T) -> (B, T, D)
        one = torch.zeros_like(ids[:1])  # each row is one document
        mask = two_sided_mask(self.config, x, one if documents is None else documents)
        for block in self.blocks:
            x = block(x, self.rotary, mask=mask)
        return self.norm(x)

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> KVCache:
        """Raise MinilmError: there is nothing to remember for a text that is read at once."""
        raise MinilmError(
            "An encoder reads a whole text at once and cannot write on. Use a Transformer, or an"
            " EncoderDecoder, to write."
        )


def two_sided_mask(config: TransformerConfig, x: Tensor, documents: Tensor) -> Tensor:
    """Say who in the stream x (B, T, D) may look at whom: at all of one's own document.

    Booleans (B, 1, T, T), True where looking is allowed; with ALiBi, numbers for the scores,
    (B, H, T, T). `documents` (B, T) numbers them, and padding is a document of its own: nobody else
    looks at it. With a window, a position sees itself and the window - 1 positions to each side.
    """
    n = x.shape[1]
    mask = (documents[:, :, None] == documents[:, None, :]).unsqueeze(1)  # (B, 1, T, T)
    if config.window is not None:
        reach = config.window - 1
        mask &= torch.ones(n, n, dtype=torch.bool, device=x.device).tril(reach).triu(-reach)
    if config.position != "alibi":
        return mask
    return alibi(config.n_heads, n, n).to(x).masked_fill(~mask, -math.inf)
