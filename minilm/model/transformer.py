"""The transformer: a residual stream that attention and feed-forward layers write into in turn.

B batch, T position, D d_model, V vocab_size
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.attention import CausalSelfAttention
from minilm.model.cache import KVCache, LayerCache
from minilm.model.documents import check_documents, document_mask
from minilm.model.feedforward import SquaredReLU, SwiGLU
from minilm.model.norm import RMSNorm
from minilm.model.rope import Rotary


@dataclass(frozen=True)
class TransformerConfig:
    """The sizes and choices that define a transformer; two equal configs hold the same weights.

    `d_ff` defaults to 4 times the width for the squared ReLU and to 8/3 times, rounded up to a
    multiple of 8, for SwiGLU, which has three matrices, so that both cost the same.
    """

    vocab_size: int
    context_length: int = 256
    n_layers: int = 4
    n_heads: int = 4
    n_kv_heads: int | None = None
    d_model: int = 128
    d_ff: int | None = None
    feedforward: str = "relu2"
    tie_embeddings: bool = True
    qk_norm: bool = True
    rope_base: float = 10_000.0
    norm_eps: float = 1e-5


class Block(nn.Module):
    """One layer: gather from other positions, then think at each one; each adds to the stream.

    Shapes: (B, T, D) -> (B, T, D). The norm stands before each part, on the branch, so the stream
    itself stays an uninterrupted sum (Xiong et al. 2020, "On Layer Normalization in the
    Transformer Architecture").
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        d_model, d_ff = config.d_model, config.d_ff
        self.attention_norm = RMSNorm(d_model, config.norm_eps)
        self.attention = CausalSelfAttention(
            d_model, config.n_heads, config.n_kv_heads, config.qk_norm
        )
        self.feedforward_norm = RMSNorm(d_model, config.norm_eps)
        self.feedforward: nn.Module
        if config.feedforward == "relu2":
            self.feedforward = SquaredReLU(d_model, d_ff or 4 * d_model)
        elif config.feedforward == "swiglu":
            self.feedforward = SwiGLU(d_model, d_ff or math.ceil(d_model / 3) * 8)
        else:
            raise MinilmError(
                f'feedforward is {config.feedforward!r}; write "relu2" or "swiglu" instead.'
            )

    def forward(
        self,
        x: Tensor,
        rotary: Rotary,
        cache: LayerCache | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        x = x + self.attention(self.attention_norm(x), rotary, cache, mask)
        x = x + self.feedforward(self.feedforward_norm(x))
        return x


class Transformer(nn.Module):
    """A decoder-only transformer: token ids in, scores for each next token out.

    `model(ids)`: ids (B, T) -> logits (B, T, V). With `cache`, the ids continue what the cache
    holds. With `documents` (B, T), several documents share a row, and each is read as if it stood
    alone: attention stays inside equal numbers.

    Raises MinilmError when the positions exceed the context length, and for `documents` of another
    shape or with a cache.

    Source: Vaswani et al. 2017; the choices follow Touvron et al. 2023, "LLaMA".
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        d_head = config.d_model // config.n_heads
        self.rotary = Rotary(d_head, config.context_length, config.rope_base)
        start_as_identity(self)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight

    def hidden(
        self, ids: Tensor, cache: KVCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return the normalised last state of the residual stream: ids (B, T) -> (B, T, D)."""
        start = len(cache) if cache is not None else 0
        check_length(start + ids.shape[1], self.config.context_length)
        check_documents(documents, ids, cache)
        mask = document_mask(documents) if documents is not None else None  # for all layers
        x = self.embedding(ids)  # (B, T) -> (B, T, D)
        for i, block in enumerate(self.blocks):
            x = block(x, self.rotary, cache.layers[i] if cache is not None else None, mask)
        return self.norm(x)

    def forward(
        self, ids: Tensor, cache: KVCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        states = self.hidden(ids, cache, documents)  # (B, T) -> (B, T, D)
        return F.linear(states, self.head.weight)  # (B, T, D) -> (B, T, V)

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> KVCache:
        """Return an empty cache for `batch_size` sequences of up to `length` positions."""
        n_layers, n_heads = self.config.n_layers, self.config.n_heads
        n_kv_heads, d_head = self.config.n_kv_heads or n_heads, self.config.d_model // n_heads
        length = length or self.config.context_length
        return KVCache(n_layers, batch_size, n_kv_heads, length, d_head)

    def n_params(self) -> int:
        """Count the learned numbers; a tied matrix counts once."""
        return sum(weight.numel() for weight in self.parameters())


@torch.no_grad()
def start_as_identity(model: nn.Module) -> None:
    """Begin with branches that add nothing: each ends in a zero matrix, so only embeddings act.

    The other matrices get a standard deviation of 1/sqrt(inputs), which keeps the scale of what
    goes through them. A zero branch hands on no gradient to its inside at the first step, but its
    last matrix learns at once and then the rest does.
    """
    for name, weight in model.named_parameters():
        if name.endswith(("out.weight", "down.weight")):
            weight.zero_()
        elif name.startswith(("embedding", "head")):
            weight.normal_(std=0.02)
        elif weight.ndim == 2:
            weight.normal_(std=weight.shape[1] ** -0.5)


def check_length(n_positions: int, context_length: int) -> None:
    """Raise MinilmError when a text has more positions than the model's context."""
    if n_positions > context_length:
        raise MinilmError(
            f"The text has {n_positions} tokens, but this model's context is {context_length}."
            " Shorten the text, or train with a larger context_length."
        )
