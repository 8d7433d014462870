"""What a model remembers between two calls, so that each token is computed once.

B batch, T new positions, S the positions held, with the new ones, G key and value heads, K d_head
"""

import torch
from torch import Tensor

from minilm.model.config import TransformerConfig


class LayerCache:
    """The keys and values that one attention layer has seen: room for `length`, filled so far.

    The room is reserved at once, because growing a tensor by one row a token would copy
    everything each time. `len` is the number of positions read.
    """

    def __init__(
        self, batch_size: int, n_kv_heads: int, length: int, d_head: int, d_value: int | None = None
    ) -> None:
        d_value = d_head if d_value is None else d_value
        self.keys = torch.zeros(batch_size, n_kv_heads, length, d_head)  # (B, G, length, K)
        self.values = torch.zeros(batch_size, n_kv_heads, length, d_value)
        self.filled = 0

    def __len__(self) -> int:
        return self.filled

    def extend(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append keys and values (B, G, T, K); return all so far, (B, G, S, K) each."""
        self.match(key)
        start, self.filled = self.filled, self.filled + key.shape[2]
        self.keys[:, :, start : self.filled] = key
        self.values[:, :, start : self.filled] = value
        return self.keys[:, :, : self.filled], self.values[:, :, : self.filled]

    def match(self, new: Tensor) -> None:
        """Move to the device and number format of what is to be remembered."""
        if self.keys.dtype != new.dtype or self.keys.device != new.device:
            self.keys, self.values = self.keys.to(new), self.values.to(new)

    def select(self, rows: Tensor) -> None:
        """Keep these rows of the batch, in this order; a row may come more than once."""
        self.keys, self.values = self.keys[rows], self.values[rows]


class WindowCache(LayerCache):
    """The last `window` - 1 keys and values: all that the next position can see besides itself."""

    def __init__(
        self, batch_size: int, n_kv_heads: int, window: int, d_head: int, d_value: int | None = None
    ) -> None:
        super().__init__(batch_size, n_kv_heads, 0, d_head, d_value)
        self.window = window

    def extend(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append keys and values (B, G, T, K); return these and those before them in sight."""
        self.match(key)
        self.filled += key.shape[2]
        keys = torch.cat([self.keys, key], dim=2)  # (B, G, S, K)
        values = torch.cat([self.values, value], dim=2)
        out_of_sight = max(0, keys.shape[2] - self.window + 1)  # for the position that comes next
        self.keys, self.values = keys[:, :, out_of_sight:], values[:, :, out_of_sight:]
        return keys, values


class KVCache:
    """One `LayerCache` for each layer of a transformer; `len` is the number of positions read.

    With a `window`, each layer remembers only what is in sight.
    """

    def __init__(
        self,
        n_layers: int,
        batch_size: int,
        n_kv_heads: int,
        length: int,
        d_head: int,
        d_value: int | None = None,
        window: int | None = None,
    ) -> None:
        self.length = length
        kind, room = (LayerCache, length) if window is None else (WindowCache, window)
        sizes = (batch_size, n_kv_heads, room, d_head, d_value)
        self.layers = [kind(*sizes) for _ in range(n_layers)]

    def __len__(self) -> int:
        return len(self.layers[0])

    def select(self, rows: Tensor) -> None:
        """Keep these rows of the batch, in this order; a row may come more than once."""
        for layer in self.layers:
            layer.select(rows)

    def numbers(self) -> int:
        """Count the numbers that are reserved or held."""
        return sum(layer.keys.numel() + layer.values.numel() for layer in self.layers)


def make_cache(config: TransformerConfig, batch_size: int, length: int) -> KVCache:
    """Return an empty cache for a transformer of this config.

    Latent attention keeps one row for all heads, and reads its values from the front of its keys.
    """
    n_layers, window = config.n_layers, config.window
    if config.attention == "latent":
        width = config.latent_width + config.rotary_width
        return KVCache(n_layers, batch_size, 1, length, width, d_value=0, window=window)
    n_kv_heads, d_head = config.n_kv_heads or config.n_heads, config.head_width
    return KVCache(n_layers, batch_size, n_kv_heads, length, d_head, window=window)
