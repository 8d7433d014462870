"""The encoder-decoder: read one text from both sides, then write another, looking back and across.

B batch, S source positions, T target positions, D d_model, G key and value heads, K d_head,
V vocab_size
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.model.cache import KVCache, LayerCache, make_cache
from minilm.model.config import TransformerConfig
from minilm.model.cross_attention import CrossAttention
from minilm.model.documents import check_documents
from minilm.model.encoder import two_sided_mask
from minilm.model.experts import extra_loss
from minilm.model.masks import make_mask
from minilm.model.norm import make_norm
from minilm.model.positions import embed, make_positions, make_rotary
from minilm.model.rope import Rotary
from minilm.model.transformer import Block, check_length, start_as_identity


@dataclass(frozen=True)
class EncoderDecoderConfig(TransformerConfig):
    """The sizes and choices of both halves.

    `n_layers` counts the decoder's blocks, `n_encoder_layers` the encoder's (default: as many).
    The context length holds for the source and for the target, each by itself.
    """

    n_encoder_layers: int | None = None


@dataclass(frozen=True)
class Memory:
    """What the decoder keeps of the source: keys and values for each of its blocks, and the mask.

    `keys_values` holds pairs of (B, G, S, K); `mask` (B, 1, 1, S) is True where there is a token.
    """

    keys_values: list[tuple[Tensor, Tensor]]
    mask: Tensor | None

    def select(self, rows: Tensor) -> Memory:
        """Return the memory of these rows of the batch, in this order; a row may come twice."""
        pairs = [(key[rows], value[rows]) for key, value in self.keys_values]
        return Memory(pairs, self.mask[rows] if self.mask is not None else None)


class DecoderBlock(Block):
    """A block with a third part: gather from the own past, then from the source, then think.

    Shapes: x (B, T, D), key and value of the source (B, G, S, K) -> (B, T, D).
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.cross_norm = make_norm(config)
        self.cross_attention = CrossAttention(config)

    def forward(  # type: ignore[override]
        self,
        x: Tensor,
        key: Tensor,
        value: Tensor,
        source_mask: Tensor | None = None,
        rotary: Rotary | None = None,
        cache: LayerCache | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        x = x + self.attention(self.attention_norm(x), rotary, cache, mask)
        x = x + self.cross_attention(self.cross_norm(x), key, value, source_mask)
        x = x + self.feedforward(self.feedforward_norm(x))
        return x


class EncoderDecoder(nn.Module):
    """A transformer in two halves: the encoder reads the source, the decoder writes the target.

    `model(source, target)`: ids (B, S) and (B, T) -> logits (B, T, V) for the token after each
    position of the target. `present` (B, S) is False where the source is only padding. Padding
    behind the target needs no mask: nothing before it can look there.

    To write, `encode` reads the source once, and `decode` takes the new tokens alone, with a cache.
    One embedding serves both halves and, when tied, the head.

    Raises MinilmError when the source or the target is longer than the context.
    Source: Vaswani et al. 2017, with the norms of `Block`; Raffel et al. 2020 (T5).
    """

    looks_ahead = True  # in `hidden`, so that padding has to be told apart

    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        self.config = config
        n_encoder_layers = config.n_encoder_layers or config.n_layers
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions, self.rotary = make_positions(config), make_rotary(config)
        self.encoder = nn.ModuleList(Block(config) for _ in range(n_encoder_layers))
        self.encoder_norm = make_norm(config)
        self.decoder = nn.ModuleList(DecoderBlock(config) for _ in range(config.n_layers))
        self.norm = make_norm(config)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        start_as_identity(self)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight

    def hidden(self, ids: Tensor, documents: Tensor | None = None) -> Tensor:
        """Return the encoder's states of a source: ids (B, S) -> (B, S, D), as `Encoder` does."""
        check_length(ids.shape[1], self.config.context_length)
        check_documents(documents, ids, None)
        x = embed(ids, self.embedding, self.positions, documents=documents)  # (B, S) -> (B, S, D)
        one = torch.zeros_like(ids[:1])  # each row is one document
        mask = two_sided_mask(self.config, x, one if documents is None else documents)
        for block in self.encoder:
            x = block(x, self.rotary, mask=mask)
        return self.encoder_norm(x)

    def encode(self, source: Tensor, present: Tensor | None = None) -> Memory:
        """Read the source once, for all that will be written: ids (B, S)."""
        states = self.hidden(source, present)  # padding looks at padding, and nobody looks at it
        pairs = [
            cast(DecoderBlock, block).cross_attention.remember(states) for block in self.decoder
        ]
        return Memory(pairs, None if present is None else present[:, None, None, :])

    def decode(self, target: Tensor, memory: Memory, cache: KVCache | None = None) -> Tensor:
        """Return scores for the token after each of these: ids (B, T) -> (B, T, V).

        With a cache, the ids continue the target that it holds.
        """
        start = len(cache) if cache is not None else 0
        check_length(start + target.shape[1], self.config.context_length)
        x = embed(target, self.embedding, self.positions, start)  # (B, T) -> (B, T, D)
        mask = make_mask(self.config, x, start)
        for i, block in enumerate(self.decoder):
            layer = cache.layers[i] if cache is not None else None
            x = block(x, *memory.keys_values[i], memory.mask, self.rotary, layer, mask)
        return F.linear(self.norm(x), self.head.weight)  # (B, T, D) -> (B, T, V)

    def forward(self, source: Tensor, target: Tensor, present: Tensor | None = None) -> Tensor:
        return self.decode(target, self.encode(source, present))

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> KVCache:
        """Return an empty cache for `batch_size` targets of up to `length` positions."""
        return make_cache(self.config, batch_size, length or self.config.context_length)

    def extra_loss(self) -> Tensor | float:
        """Return what the last call in training adds to the loss, if there are experts."""
        return extra_loss(self)

    def n_params(self) -> int:
        """Count the learned numbers; a tied matrix counts once."""
        return sum(weight.numel() for weight in self.parameters())
