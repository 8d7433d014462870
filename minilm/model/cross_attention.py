"""Cross-attention: one text asks, and another one answers.

B batch, T positions that ask, S positions that answer, D d_model, H query heads, G key and value
heads (G divides H), K d_head
"""

import torch.nn.functional as F
from torch import Tensor, nn

from minilm.model.attention import head_size
from minilm.model.config import TransformerConfig
from minilm.model.norm import RMSNorm


class CrossAttention(nn.Module):
    """Let each position of one text gather what it needs from all positions of another.

    Shapes: x (B, T, D), and the keys and values of the other text, (B, G, S, K) each -> (B, T, D).
    It is attention with two inputs: queries come from the text that is being written, keys and
    values from the text that is read. That one does not change while the other grows, so `remember`
    computes them once. Nothing turns by its position: the distance between a word and its
    translation has no meaning, and the states that are read know their places already.
    `mask` (B, 1, 1, S) is True where the other text holds a token and not padding.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.3.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.d_head, n_heads = config.head_width, config.n_heads
        self.n_kv_heads = config.n_kv_heads or n_heads
        head_size(config.d_model, n_heads, self.n_kv_heads)
        inside, kv = n_heads * self.d_head, 2 * self.n_kv_heads * self.d_head
        self.query = nn.Linear(config.d_model, inside, bias=config.bias)
        self.kv = nn.Linear(config.d_model, kv, bias=config.bias)
        self.out = nn.Linear(inside, config.d_model, bias=config.bias)
        norm, eps = config.qk_norm, config.norm_eps
        self.query_norm = RMSNorm(self.d_head, eps) if norm else nn.Identity()
        self.key_norm = RMSNorm(self.d_head, eps) if norm else nn.Identity()

    def remember(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Turn the states of the text that is read (B, S, D) into keys and values (B, G, S, K)."""
        heads = self.kv(states).unflatten(-1, (-1, self.d_head))  # (B, S, D) -> (B, S, 2 G, K)
        key, value = heads.transpose(1, 2).chunk(2, dim=1)  # (B, S, 2 G, K) -> 2 x (B, G, S, K)
        return self.key_norm(key), value

    def ask(self, x: Tensor) -> Tensor:
        """Turn x (B, T, D) into queries (B, H, T, K)."""
        query = self.query(x).unflatten(-1, (-1, self.d_head))  # (B, T, D) -> (B, T, H, K)
        return self.query_norm(query).transpose(1, 2)

    def forward(self, x: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
        query = self.ask(x)
        shared = query.shape[1] > key.shape[1]  # groups of query heads share a key head
        heads = F.scaled_dot_product_attention(query, key, value, mask, enable_gqa=shared)
        return self.out(heads.transpose(1, 2).flatten(2))  # (B, H, T, K) -> (B, T, D)
