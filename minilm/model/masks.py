"""Who may look at whom, and what the distance costs: one mask, made once for all layers.

B batch, T new positions, S the positions in sight, H heads
"""

import math

from torch import Tensor

from minilm.model.attention import causal_mask
from minilm.model.config import TransformerConfig
from minilm.model.documents import document_mask
from minilm.model.positions import alibi


def window_mask(n_queries: int, n_keys: int, window: int) -> Tensor:
    """Let each query see its own position and the window - 1 before it: True there, (T, S).

    The queries are the last `n_queries` of `n_keys` positions. A layer hands on what it saw, so
    that L layers reach back L (window - 1) positions.

    Source: Beltagy et al. 2020, "Longformer", section 3.1; Jiang et al. 2023, "Mistral 7B".
    """
    return causal_mask(n_queries, n_keys).triu(diagonal=n_keys - n_queries - window + 1)


def make_mask(
    config: TransformerConfig, x: Tensor, start: int = 0, documents: Tensor | None = None
) -> Tensor | None:
    """Return the mask for the stream x (B, T, D) after `start` others; None if causal is enough.

    Booleans (B or 1, 1, T, S), True where looking is allowed; with ALiBi, numbers for the scores,
    (B or 1, H, T, S). With a window, S counts what is still in sight.
    """
    window = config.window or config.context_length
    n_new = x.shape[1]
    n_keys = min(start, window - 1) + n_new
    mask = None
    if n_keys > window:  # otherwise everything before is in sight
        mask = window_mask(n_new, n_keys, window).to(x.device)[None, None]  # (1, 1, T, S)
    if documents is not None:
        apart = document_mask(documents)  # (B, 1, T, T)
        mask = apart if mask is None else apart & mask
    if config.position != "alibi":
        return mask
    if mask is None:
        mask = causal_mask(n_new, n_keys).to(x.device)[None, None]
    costs = alibi(config.n_heads, n_new, n_keys).to(x)[None]  # (1, H, T, S)
    return costs.masked_fill(~mask, -math.inf)
