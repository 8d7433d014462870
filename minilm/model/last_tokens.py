"""A short memory: the last few tokens, for models that never look further back.

B batch, T new positions, S remembered positions
"""

import torch
from torch import Tensor


class LastTokens:
    """The last `length` tokens that were read; `len` is the number of all tokens read."""

    def __init__(self, length: int, batch_size: int = 1) -> None:
        self.length = length
        self.ids = torch.zeros(batch_size, 0, dtype=torch.int64)  # (B, S), S at most length
        self.read = 0

    def __len__(self) -> int:
        return self.read

    def extend(self, ids: Tensor) -> Tensor:
        """Return what is remembered, followed by the new: ids (B, T) -> (B, S + T)."""
        known = torch.cat([self.ids.to(ids.device), ids], dim=1)
        self.ids = known[:, max(0, known.shape[1] - self.length) :]
        self.read += ids.shape[1]
        return known
