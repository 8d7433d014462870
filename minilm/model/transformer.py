"""The transformer: a residual stream that attention and feed-forward layers write into in turn.

B batch, T position, D d_model, V vocab_size
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.attention import CausalSelfAttention
from minilm.model.cache import KVCache, LayerCache, make_cache
from minilm.model.config import TransformerConfig as TransformerConfig
from minilm.model.config import choose
from minilm.model.documents import check_documents
from minilm.model.experts import Experts, extra_loss
from minilm.model.feedforward import GELU, SquaredReLU, SwiGLU
from minilm.model.latent import LatentAttention
from minilm.model.masks import make_mask
from minilm.model.norm import make_norm
from minilm.model.positions import embed, make_positions, make_rotary
from minilm.model.rope import Rotary


class Block(nn.Module):
    """One layer: gather from other positions, then think at each one; each adds to the stream.

    Shapes: (B, T, D) -> (B, T, D). The norm stands before each part, on the branch, so the stream
    itself stays an uninterrupted sum (Xiong et al. 2020, "On Layer Normalization in the
    Transformer Architecture").
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention_norm = make_norm(config)
        self.attention = make_attention(config)
        self.feedforward_norm = make_norm(config)
        self.feedforward = make_feedforward(config)

    def forward(
        self,
        x: Tensor,
        rotary: Rotary | None = None,
        cache: LayerCache | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        x = x + self.attention(self.attention_norm(x), rotary, cache, mask)
        x = x + self.feedforward(self.feedforward_norm(x))
        return x


def make_attention(config: TransformerConfig) -> CausalSelfAttention | LatentAttention:
    """Return the attention layer that a config names."""
    if choose("attention", config.attention, {"grouped": False, "latent": True}):
        return LatentAttention(config)
    return CausalSelfAttention(
        config.d_model, config.n_heads, config.n_kv_heads, config.qk_norm, config.d_head,
        config.bias, config.norm_eps,
    )  # fmt: skip


def make_feedforward(config: TransformerConfig) -> nn.Module:
    """Return the feed-forward layer that a config names."""
    kinds = {"relu2": SquaredReLU, "swiglu": SwiGLU, "gelu": GELU, "experts": Experts}
    kind = choose("feedforward", config.feedforward, kinds)
    if kind is Experts:
        return Experts(config)
    return kind(config.d_model, config.feedforward_width, config.bias)


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
        self.positions = make_positions(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = make_norm(config)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.rotary = make_rotary(config)
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
        x = embed(ids, self.embedding, self.positions, start, documents)  # (B, T) -> (B, T, D)
        mask = make_mask(self.config, x, start, documents)  # for all layers
        for i, block in enumerate(self.blocks):
            x = block(x, self.rotary, cache.layers[i] if cache is not None else None, mask)
        return self.norm(x)

    def forward(
        self, ids: Tensor, cache: KVCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        return F.linear(self.hidden(ids, cache, documents), self.head.weight)  # (B, T, V)

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> KVCache:
        """Return an empty cache for `batch_size` sequences of up to `length` positions."""
        return make_cache(self.config, batch_size, length or self.config.context_length)

    def extra_loss(self) -> Tensor | float:
        """Return what the last call in training adds to the loss, if there are experts."""
        return extra_loss(self)

    def n_params(self) -> int:
        """Count the learned numbers; a tied matrix counts once."""
        return sum(weight.numel() for weight in self.parameters())


@torch.no_grad()
def start_as_identity(model: nn.Module) -> None:
    """Begin with branches that add nothing: each ends in a zero matrix, so only embeddings act.

    The other matrices get a standard deviation of 1/sqrt(inputs), which keeps the scale of what
    goes through them; biases begin at zero. A zero branch hands on no gradient to its inside at the
    first step, but its last matrix learns at once and then the rest does.
    """
    for name, weight in model.named_parameters():
        if name.endswith(("out.weight", "down.weight", "bias")):
            weight.zero_()
        elif name.startswith(("embedding", "positions", "head")):
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
