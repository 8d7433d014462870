"""Span corruption: cut pieces out of a text, and let the decoder write them.

Masked language modelling for encoder-decoders. Each piece leaves one token behind, a sentinel, so
the source gets shorter, and the target holds what was cut out and nothing else:

    source  Thank you <0> me to your party <1> week
    target  <0> for inviting <1> last <2>

N tokens in a row, M of them cut out, in P pieces
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor

from minilm.errors import MinilmError
from minilm.prepare.shards import TokenShards
from minilm.train.batches import Batches
from minilm.train.pairs import Pair, Translation

Ids = npt.NDArray[np.int64]


def cut_spans(
    ids: Ids,
    sentinels: Sequence[int],
    generator: np.random.Generator,
    share: float = 0.15,
    mean_length: float = 3.0,
) -> Pair:
    """Cut a share of a row (N,) out, in pieces of a mean length; return the source and the target.

    How much is cut, and into how many pieces, depends on N alone; where the pieces lie is drawn,
    all ways in which no two touch being equally likely. (T5 always ends a row with a piece that
    goes, which its long rows do not notice.)

    Raises MinilmError for an empty row, and when there are too few sentinels.
    Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning" (T5), section 3.1.4.
    """
    n_cut = max(1, round(share * len(ids)))
    n_stay = len(ids) - n_cut
    n_pieces = min(max(1, round(n_cut / mean_length)), n_cut, n_stay + 1)
    if not 0 < n_pieces < len(sentinels):
        raise MinilmError(
            f"A row of {len(ids)} tokens has {n_pieces} pieces to cut out, and with the end of the"
            f" target they take {n_pieces + 1} sentinels, of which there are {len(sentinels)}. Add"
            " special tokens, or shorten the rows."
        )
    goes = random_lengths(n_cut, n_pieces, generator)
    stays = random_lengths(n_stay + 2, n_pieces + 1, generator)  # nothing may stand at an end
    stays[0], stays[-1] = stays[0] - 1, stays[-1] - 1
    source: list[int] = []
    target: list[int] = []
    start = 0
    for sentinel, n_stay, n_go in zip(sentinels, stays, goes, strict=False):
        middle, stop = start + n_stay, start + n_stay + n_go
        source += [*ids[start:middle].tolist(), sentinel]
        target += [sentinel, *ids[middle:stop].tolist()]
        start = stop
    return [*source, *ids[start:].tolist()], [*target, sentinels[n_pieces]]


def random_lengths(total: int, n_parts: int, generator: np.random.Generator) -> list[int]:
    """Cut `total` into positive parts, every way with the same probability."""
    borders = generator.choice(total - 1, n_parts - 1, replace=False) + 1
    return np.diff([0, *sorted(borders.tolist()), total]).tolist()


class SpanCorruption(Translation):
    """Teach an encoder-decoder to write what was cut out of the windows of a text.

    What is cut depends on the seed and the row's place in the run alone. The first `eval_tokens` of
    the validation text are cut in the same way every time.
    """

    def __init__(
        self,
        train: TokenShards,
        valid: TokenShards,
        sentinels: Sequence[int],
        *,
        batch_size: int,
        context_length: int,
        end: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        eval_tokens: int = 20_000,
    ) -> None:
        self.rows = Batches(train, batch_size, context_length, seed, rank, world_size)
        self.sentinels, self.end = sentinels, end
        text = valid.read(0, min(eval_tokens, len(valid)))
        starts = range(0, len(text) - 1, context_length)
        self.valid = [
            cut_spans(text[start : start + context_length], sentinels, np.random.default_rng(start))
            for start in starts
        ]

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Return source, inputs, targets and present of this rank in a step, rows first."""
        windows, _ = self.rows.batch(step)
        share = self.rows.batch_size // self.rows.world_size
        first = step * self.rows.batch_size + self.rows.rank * share
        return self.lay_out(
            [
                cut_spans(window, self.sentinels, np.random.default_rng((self.rows.seed, draw, 1)))
                for draw, window in enumerate(windows.numpy(), start=first)
            ]
        )
