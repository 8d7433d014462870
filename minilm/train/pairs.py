"""Pairs of texts: read the source, write the target.

The decoder is taught with the true target in front of it (teacher forcing): at each position it
reads what should have been written so far and is asked for the next token, so that all positions
learn at once.

B batch, S source positions, T target positions, V vocab_size
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from minilm.errors import MinilmError
from minilm.evaluate.language import device_of, evaluating
from minilm.train.batches import IGNORED, Dealer, count_asked

Pair = tuple[Sequence[int], Sequence[int]]  # the ids of a source and of its target

POOL = 32  # batches whose rows are sorted by length together
EVALUATED = 64  # pairs that are evaluated at once


class PairDealer(Dealer):
    """Deal pairs of similar length together, so that little of a batch is padding.

    An epoch is shuffled, sorted by length within pools of many batches, cut into batches, and these
    are shuffled: rows of one batch are alike, neighbouring batches are not. What does not fill a
    last batch sits out the epoch.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(len(lengths), batch_size, seed, rank, world_size)
        self.lengths = np.asarray(lengths)
        self.n_rows -= len(lengths) % batch_size

    def shuffle(self, epoch: int) -> npt.NDArray[Any]:
        generator = np.random.default_rng((self.seed, epoch))
        order = generator.permutation(len(self.lengths))[: self.n_rows]
        pools = np.split(order, range(POOL * self.batch_size, len(order), POOL * self.batch_size))
        order = np.concatenate([pool[np.argsort(self.lengths[pool])] for pool in pools])
        return generator.permutation(order.reshape(-1, self.batch_size)).flatten()


class PairObjective:
    """What the two ways to learn from pairs share: the order of the pairs, and the scores.

    `evaluate` returns the loss (nats per token of the target) and the exact match, the share of
    targets that the model would write without a mistake. No text has to be written to know: always
    taking the best token, a model writes the target exactly if and only if the best token is right
    at each position where the true target stands before it.

    Raises MinilmError when there are too few pairs for a batch, or none to evaluate.
    """

    def __init__(
        self,
        train: Sequence[Pair],
        valid: Sequence[Pair],
        *,
        batch_size: int,
        end: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if not valid:
            raise MinilmError("There are no validation pairs: hold some out.")
        self.train, self.end = train, end
        self.valid = sorted(valid, key=_length)  # alike in length, so with little padding
        lengths = [_length(pair) for pair in train]
        self.dealer = PairDealer(lengths, batch_size, seed, rank, world_size)

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Return the tensors of this rank in a step, rows first."""
        return self.lay_out([self.train[row] for row in self.dealer.hand(step)])

    def loss(self, model: nn.Module, *batch: Tensor) -> Tensor:
        """Return the mean surprise at the targets, in nats per token: ()."""
        logits, targets = self.answer(model, *batch)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)

    def count(self, *batch: Tensor) -> int:
        """Count the tokens that are asked for."""
        return count_asked(self.targets(*batch))

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Return valid_loss and valid_exact_match."""
        total, asked, right, device = 0.0, 0, 0, device_of(model)
        with evaluating(model):
            for first in range(0, len(self.valid), EVALUATED):
                batch = self.lay_out(self.valid[first : first + EVALUATED])
                logits, targets = self.answer(model, *(rows.to(device) for rows in batch))
                total += F.cross_entropy(
                    logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED,
                    reduction="sum",
                ).item()  # fmt: skip
                asked += count_asked(targets)
                hits = (logits.argmax(-1) == targets) | (targets == IGNORED)  # (B, T)
                right += int(hits.all(dim=1).sum())
        return {"valid_loss": total / asked, "valid_exact_match": right / len(self.valid)}

    def lay_out(self, pairs: Sequence[Pair]) -> tuple[Tensor, ...]:
        """Turn pairs into tensors, rows first."""
        raise NotImplementedError

    def answer(self, model: nn.Module, *batch: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits (B, T, V) and the targets (B, T) of a batch."""
        raise NotImplementedError

    def targets(self, *batch: Tensor) -> Tensor:
        """Return which of a batch's tensors holds the targets."""
        raise NotImplementedError


class Translation(PairObjective):
    """Teach an encoder-decoder, `model(source, inputs, present)`, to turn sources into targets.

    `batch` returns source (B, S), inputs (B, T), targets (B, T) and present (B, S), True where the
    source is not padding. A source ends with `end`. The inputs are the target behind a first `end`,
    the targets are the target and then `end`: shifted by one, so that each position is asked for
    the token that it has not read yet.
    """

    def lay_out(self, pairs: Sequence[Pair]) -> tuple[Tensor, ...]:
        source = _padded([[*source, self.end] for source, _ in pairs], self.end)
        present = _padded([[1] * (len(source) + 1) for source, _ in pairs], 0).bool()
        inputs = _padded([[self.end, *target] for _, target in pairs], self.end)
        targets = _padded([[*target, self.end] for _, target in pairs], IGNORED)
        return source, inputs, targets, present

    def answer(self, model: nn.Module, *batch: Tensor) -> tuple[Tensor, Tensor]:
        source, inputs, targets, present = batch
        return model(source, inputs, present), targets

    def targets(self, *batch: Tensor) -> Tensor:
        return batch[2]


class Continuation(PairObjective):
    """Teach a model that only continues, `model(inputs)`, the same: the source is its prompt.

    `batch` returns inputs and targets, (B, T) each, a row being source, `end`, target, `end`. Only
    the target is asked for. A causal model needs no word about padding: it stands behind.
    """

    def lay_out(self, pairs: Sequence[Pair]) -> tuple[Tensor, ...]:
        inputs = _padded([[*source, self.end, *target] for source, target in pairs], self.end)
        targets = [[*[IGNORED] * len(source), *target, self.end] for source, target in pairs]
        return inputs, _padded(targets, IGNORED)

    def answer(self, model: nn.Module, *batch: Tensor) -> tuple[Tensor, Tensor]:
        inputs, targets = batch
        return model(inputs), targets

    def targets(self, *batch: Tensor) -> Tensor:
        return batch[1]


def _length(pair: Pair) -> int:
    return len(pair[0]) + len(pair[1])


def _padded(rows: list[list[int]], padding: int) -> Tensor:
    """Lay rows of any length into one tensor (B, T), filled up behind."""
    tensors = [torch.tensor(row) for row in rows]
    return pad_sequence(tensors, batch_first=True, padding_value=padding)
