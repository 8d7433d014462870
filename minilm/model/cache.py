"""What a model remembers between two calls, so that each token is computed once.

B batch, T new positions, S all positions so far, G key and value heads, K d_head
"""

import torch
from torch import Tensor


class LayerCache:
    """The keys and values that one attention layer has seen: room for `length`, filled so far.

    The room is reserved at once, because growing a tensor by one row a token would copy
    everything each time.
    """

    def __init__(self, batch_size: int, n_kv_heads: int, length: int, d_head: int) -> None:
        self.keys = torch.zeros(batch_size, n_kv_heads, length, d_head)  # (B, G, length, K)
        self.values = torch.zeros_like(self.keys)
        self.filled = 0

    def __len__(self) -> int:
        return self.filled

    def extend(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append keys and values (B, G, T, K); return all so far, (B, G, S, K) each."""
        start, self.filled = self.filled, self.filled + key.shape[2]
        if self.keys.dtype != key.dtype or self.keys.device != key.device:
            self.keys, self.values = self.keys.to(key), self.values.to(value)
        self.keys[:, :, start : self.filled] = key
        self.values[:, :, start : self.filled] = value
        return self.keys[:, :, : self.filled], self.values[:, :, : self.filled]


class KVCache:
    """One `LayerCache` for each layer of a transformer; `len` is the number of positions held."""

    def __init__(
        self, n_layers: int, batch_size: int, n_kv_heads: int, length: int, d_head: int
    ) -> None:
        self.length = length
        self.layers = [LayerCache(batch_size, n_kv_heads, length, d_head) for _ in range(n_layers)]

    def __len__(self) -> int:
        return len(self.layers[0])
