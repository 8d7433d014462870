"""Mini-batches whose order is a function of the step, so that stopping loses and repeats nothing.

B batch, T position
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from minilm.errors import MinilmError
from minilm.prepare.packing import DOCUMENT, Plan, best_fit, by_length, joined, padded
from minilm.prepare.shards import TokenShards

IGNORED = -100  # a target that is not asked for; torch's cross_entropy knows it by this number
PLANS = {"joined": joined, "padded": padded, "best-fit": best_fit, "short-first": by_length}


class Dealer:
    """Deal rows out in batches, shuffled anew for each epoch; in an epoch each row comes once.

    The rows of a step depend on (seed, step), a rank's share of them on (seed, step, rank, world
    size), and nothing on what happened before: there is no position to save. `batch_size` is the
    batch of all ranks together. If their number changes, at whatever step, each step still has the
    same rows, in other hands.

    Raises MinilmError when the ranks cannot share a batch equally, or the rows do not fill one.
    """

    def __init__(
        self, n_rows: int, batch_size: int, seed: int = 0, rank: int = 0, world_size: int = 1
    ) -> None:
        if not 0 <= rank < world_size or batch_size % world_size:
            raise MinilmError(
                f"Rank {rank} of {world_size} cannot take an equal share of {batch_size} rows:"
                " count ranks from 0, and make batch_size a multiple of their number."
            )
        if n_rows < batch_size:
            raise MinilmError(
                f"The text makes {n_rows} rows, too few for one batch of {batch_size}. Use more"
                " text, a shorter context_length or a smaller batch_size."
            )
        self.n_rows, self.batch_size, self.seed = n_rows, batch_size, seed
        self.rank, self.world_size = rank, world_size
        self._order: tuple[int, npt.NDArray[Any]] = (-1, np.empty(0))

    def order(self, epoch: int) -> npt.NDArray[Any]:
        """Return the order of the rows in an epoch, (n_rows,)."""
        if self._order[0] != epoch:
            self._order = (epoch, self.shuffle(epoch))
        return self._order[1]

    def shuffle(self, epoch: int) -> npt.NDArray[Any]:
        return np.random.default_rng((self.seed, epoch)).permutation(self.n_rows)

    def hand(self, step: int) -> list[int]:
        """Return the rows of this rank in a step, (B,)."""
        share = self.batch_size // self.world_size
        first = step * self.batch_size + self.rank * share
        draws = [divmod(draw, self.n_rows) for draw in range(first, first + share)]
        return [int(self.order(epoch)[place]) for epoch, place in draws]


class Batches(Dealer):
    """Cut a token stream into windows, whatever documents it holds, and deal them out.

    A window has T + 1 tokens: the first T are the inputs, the last T the targets, so that each
    position is asked for the token after it.
    """

    def __init__(
        self,
        tokens: TokenShards,
        batch_size: int,
        context_length: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        n_windows = (len(tokens) - 1) // context_length
        super().__init__(n_windows, batch_size, seed, rank, world_size)
        self.tokens, self.context_length = tokens, context_length

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of this rank in a step, (B, T) int64 each."""
        starts = [row * self.context_length for row in self.hand(step)]
        rows = [self.tokens.read(start, start + self.context_length + 1) for start in starts]
        windows = torch.from_numpy(np.stack(rows))  # (B, T + 1)
        return windows[:, :-1], windows[:, 1:]


class PackedBatches(Dealer):
    """Lay the pieces of documents into rows as a plan says, and deal the rows out.

    Every token is a target once in an epoch. It is asked for after the token before it, as in the
    stream, so the first one of a document follows the separator that closed the document before
    (and the first of all follows the last of all). Empty places and tokens that another piece asks
    for have the target `IGNORED`. `documents` numbers the pieces of a row, empty places are -1.

    A `curriculum` of n draws shuffles as ever, then sorts each n draws by the length of their
    documents: with n as long as the run, the run goes from short to long (Bengio et al. 2009).
    """

    def __init__(
        self,
        tokens: TokenShards,
        plan: Plan,
        batch_size: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        curriculum: int = 0,
    ) -> None:
        super().__init__(len(plan), batch_size, seed, rank, world_size)
        self.tokens, self.plan, self.curriculum = tokens, plan, curriculum
        self.starts = tokens.documents[1]
        if plan.pieces[:, DOCUMENT].max() >= len(self.starts):
            raise MinilmError(f"This plan is for other documents than those of {tokens.folder}.")

    def shuffle(self, epoch: int) -> npt.NDArray[Any]:
        order = super().shuffle(epoch)
        if not self.curriculum:
            return order
        longest = self.plan.longest  # (n_rows,)
        pools = np.split(order, range(self.curriculum, self.n_rows, self.curriculum))
        return np.concatenate([pool[np.argsort(longest[pool], kind="stable")] for pool in pools])

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs, targets and documents of this rank in a step, (B, T) int64 each."""
        return self.lay_out(self.hand(step))

    def lay_out(self, rows: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs, targets and documents of the given rows, (B, T) each."""
        shape = (len(rows), self.plan.capacity)
        inputs = torch.zeros(shape, dtype=torch.int64)
        targets, documents = torch.full_like(inputs, IGNORED), torch.full_like(inputs, -1)
        for b, row in enumerate(rows):
            end = 0
            for number, (document, start, stop, asked) in enumerate(self.plan[row].tolist()):
                ids = self.read(int(self.starts[document]) + start, stop - start)
                begin, end = end, end + stop - start
                inputs[b, begin:end], documents[b, begin:end] = ids[:-1], number
                targets[b, begin + asked - start : end] = ids[1 + asked - start :]
        return inputs, targets, documents

    def read(self, start: int, n_tokens: int) -> Tensor:
        """Return n tokens and, in front, the one before them: (n + 1,)."""
        if start:
            return torch.from_numpy(self.tokens.read(start - 1, start + n_tokens))
        last = self.tokens.read(len(self.tokens) - 1, len(self.tokens))
        return torch.from_numpy(np.concatenate([last, self.tokens.read(0, n_tokens)]))


def make_batches(
    tokens: TokenShards,
    packing: str,
    batch_size: int,
    context_length: int,
    seed: int = 0,
    rank: int = 0,
    world_size: int = 1,
    steps: int = 0,
) -> Batches | PackedBatches:
    """Return the batches that a packing names.

    "stream" cuts the stream into windows and lets attention look across documents; all others keep
    it inside. "joined" cuts it in the same way, "padded" gives each document a row of its own,
    "best-fit" fills rows with whole documents, "short-first" begins a run of `steps` with the
    shortest documents and ends it with the longest.

    Raises MinilmError for another name, and for shards that do not know their documents.
    """
    if packing == "stream":
        return Batches(tokens, batch_size, context_length, seed, rank, world_size)
    if packing not in PLANS:
        names = ", ".join(f'"{name}"' for name in ("stream", *PLANS))
        raise MinilmError(f"packing is {packing!r}; write one of {names} instead.")
    plan = PLANS[packing](tokens.document_lengths, context_length)
    curriculum = steps * batch_size if packing == "short-first" else 0
    return PackedBatches(tokens, plan, batch_size, seed, rank, world_size, curriculum)


def count_asked(targets: Tensor) -> int:
    """Count the targets that are asked for."""
    return int((targets != IGNORED).sum())


def asked_spans(batches: Batches | PackedBatches, step: int) -> list[tuple[int, int]]:
    """Return which tokens of the text a rank is asked for in a step: [start, stop), in order."""
    rows = batches.hand(step)
    if isinstance(batches, Batches):
        starts = [row * batches.context_length + 1 for row in sorted(rows)]
        return [(start, start + batches.context_length) for start in starts]
    pieces = np.concatenate([batches.plan[row] for row in rows]).tolist()
    starts = batches.starts.tolist()
    return sorted(
        (starts[document] + asked, starts[document] + stop) for document, _, stop, asked in pieces
    )
