"""Mini-batches whose order is a function of the step, so that stopping loses and repeats nothing.

B batch, T position
"""

import numpy as np
import torch
from torch import Tensor

from minilm.errors import MinilmError
from minilm.prepare.shards import TokenShards


class Batches:
    """Cut a token stream into windows and deal them out, shuffled anew for each epoch.

    Within an epoch every window of T + 1 tokens is seen once: the first T are the inputs, the last
    T the targets, so that each position is asked for the token after it. `batch(step)` depends on
    (seed, step) and on nothing that happened before: there is no position to save.

    Raises MinilmError when the stream is too short for one batch.
    """

    def __init__(
        self, tokens: TokenShards, batch_size: int, context_length: int, seed: int = 0
    ) -> None:
        self.tokens, self.batch_size, self.context_length = tokens, batch_size, context_length
        self.seed = seed
        self.n_windows = (len(tokens) - 1) // context_length
        if self.n_windows < batch_size:
            raise MinilmError(
                f"{len(tokens)} tokens make {self.n_windows} windows of {context_length}, too few"
                f" for one batch of {batch_size}. Use more text, a shorter context_length or a"
                " smaller batch_size."
            )
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0))

    def order(self, epoch: int) -> np.ndarray:
        """Return the windows' order in an epoch, (n_windows,)."""
        if self._order[0] != epoch:
            generator = np.random.default_rng((self.seed, epoch))
            self._order = (epoch, generator.permutation(self.n_windows))
        return self._order[1]

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of a step, (B, T) int64 each."""
        rows = []
        for draw in range(step * self.batch_size, (step + 1) * self.batch_size):
            epoch, place = divmod(draw, self.n_windows)
            start = int(self.order(epoch)[place]) * self.context_length
            rows.append(self.tokens.read(start, start + self.context_length + 1))
        windows = torch.from_numpy(np.stack(rows))  # (B, T + 1)
        return windows[:, :-1], windows[:, 1:]
