"""Latent attention: keys and values of all heads, remembered as one short vector.

B batch, T position, S positions that are looked at, D d_model, H heads, K d_head, C kv_rank (the
latent), R d_rope
"""

import torch
from torch import Tensor, nn

from minilm.model.attention import attend_causally
from minilm.model.cache import LayerCache
from minilm.model.config import TransformerConfig
from minilm.model.norm import RMSNorm
from minilm.model.rope import Rotary


class LatentAttention(nn.Module):
    """Squeeze each position into a latent from which every head makes its key and its value.

    Shapes: (B, T, D) -> (B, T, D). The cache holds the latent (C numbers) and one rotary key for
    all heads (R numbers), where full attention holds 2 H K. The rotary key stands apart because a
    turned latent could not be absorbed (see `look_at_latents`). Queries and keys have K + R
    coordinates, values K.

    Source: DeepSeek-AI 2024, "DeepSeek-V2", section 2.1 and appendix C.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        d_model, eps = config.d_model, config.norm_eps
        self.n_heads, self.d_head = config.n_heads, config.head_width
        self.d_latent, self.d_rope = config.latent_width, config.rotary_width
        d_query = config.q_rank or d_model
        compressed = config.q_rank is not None
        self.query_compress = nn.Linear(d_model, d_query, bias=config.bias) if compressed else None
        self.query_norm = RMSNorm(d_query, eps) if compressed else nn.Identity()
        self.query = nn.Linear(d_query, self.n_heads * (self.d_head + self.d_rope), bias=False)
        self.compress = nn.Linear(d_model, self.d_latent + self.d_rope, bias=config.bias)
        self.latent_norm = RMSNorm(self.d_latent, eps)
        self.expand = nn.Linear(self.d_latent, self.n_heads * 2 * self.d_head, bias=False)
        self.out = nn.Linear(self.n_heads * self.d_head, d_model, bias=config.bias)

    def forward(
        self,
        x: Tensor,
        rotary: Rotary | None = None,
        cache: LayerCache | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        start = len(cache) if cache is not None else 0
        query, row = self.project(x, rotary, start)
        if cache is not None:
            row, _ = cache.extend(row, row[..., :0])  # (B, 1, T, C + R) -> (B, 1, S, C + R)
        one_by_one = cache is not None and x.shape[1] == 1
        look = self.look_at_latents if one_by_one else self.look_at_heads
        heads = look(query, row, mask)  # (B, H, T, K)
        return self.out(heads.transpose(1, 2).flatten(2))  # (B, H, T, K) -> (B, T, D)

    def project(
        self, x: Tensor, rotary: Rotary | None = None, start: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Turn x (B, T, D) into queries (B, H, T, K + R) and rows to remember (B, 1, T, C + R)."""
        compressed = self.query_compress(x) if self.query_compress is not None else x
        query = self.query(self.query_norm(compressed)).unflatten(-1, (self.n_heads, -1))
        row = self.compress(x).unsqueeze(2)  # (B, T, D) -> (B, T, 1, C + R)
        content, query_place = torch.split(query, [self.d_head, self.d_rope], dim=-1)
        latent, key_place = torch.split(row, [self.d_latent, self.d_rope], dim=-1)
        if rotary is not None:  # it reads pairs, which must not begin at odd places in memory
            query_place = rotary(query_place.clone(), start)
            key_place = rotary(key_place.clone(), start)
        query = torch.cat([content, query_place], dim=-1)  # (B, T, H, K + R)
        row = torch.cat([self.latent_norm(latent), key_place], dim=-1)  # (B, T, 1, C + R)
        return query.transpose(1, 2), row.transpose(1, 2)

    def look_at_heads(self, query: Tensor, row: Tensor, mask: Tensor | None) -> Tensor:
        """Make every head's keys and values, and attend: the plain form, for many queries."""
        latent, place = torch.split(row, [self.d_latent, self.d_rope], dim=-1)  # 2 x (B, 1, S, .)
        heads = self.expand(latent).unflatten(-1, (self.n_heads, -1)).squeeze(1)  # (B, S, H, 2 K)
        key, value = heads.transpose(1, 2).chunk(2, dim=-1)  # 2 x (B, H, S, K)
        place = place.expand(-1, self.n_heads, -1, -1)  # (B, 1, S, R) -> (B, H, S, R)
        return attend_causally(query, torch.cat([key, place], dim=-1), value, mask)

    def look_at_latents(self, query: Tensor, row: Tensor, mask: Tensor | None) -> Tensor:
        """Compare one query of each head with the rows as they are: the absorbed form.

        A score is q . (W c) = (W^T q) . c, so the matrix that makes keys can be put into the query,
        and the one that makes values can be applied to the average: no key is ever made.
        """
        to_key, to_value = self.expand.weight.view(self.n_heads, 2, self.d_head, -1).unbind(1)
        content, place = torch.split(query, [self.d_head, self.d_rope], dim=-1)
        query = torch.cat([content @ to_key, place], dim=-1)  # (B, H, 1, K) -> (B, H, 1, C + R)
        # All heads look at the same rows, so that they can be so many queries of one head.
        scale = (self.d_head + self.d_rope) ** -0.5
        latents = nn.functional.scaled_dot_product_attention(
            query.transpose(1, 2),  # (B, 1, H, C + R)
            row,
            row[..., : self.d_latent],
            mask.transpose(1, 2) if mask is not None else None,
            scale=scale,
        )
        return latents.transpose(1, 2) @ to_value.mT  # (B, H, 1, C) -> (B, H, 1, K)
