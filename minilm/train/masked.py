"""Masked language modelling: hide some tokens of a text, and ask for them from both sides.

N tokens in a row, B batch, T position, V vocab_size
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.evaluate.language import device_of, evaluating, perplexity
from minilm.evaluate.masked import pseudo_losses
from minilm.prepare.shards import TokenShards
from minilm.train.batches import IGNORED, make_batches
from minilm.train.objective import RowsOfTokens

Ids = npt.NDArray[np.int64]
EVALUATED = 32  # rows that are evaluated at once


@dataclass(frozen=True)
class Masking:
    """How many tokens are asked for, and what the model reads in their place.

    `share` of the tokens of a row are asked for. Of these, `hidden` are replaced by `mask_id` and
    `swapped` by a token drawn from all but the mask; the rest stay as they are. A model that has to
    answer at masks alone learns to care for masks, and there are none in the texts that it reads
    later; so it is also asked at tokens that may be right or wrong, without being told which.

    Raises MinilmError for shares outside their range. Source: Devlin et al. 2019, "BERT", 3.1.
    """

    mask_id: int
    share: float = 0.15
    hidden: float = 0.8
    swapped: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or min(self.hidden, self.swapped, self.kept) < 0:
            raise MinilmError(
                f"share {self.share} must be above 0 and up to 1; hidden {self.hidden} and swapped"
                f" {self.swapped} at least 0 and together at most 1."
            )

    @property
    def kept(self) -> float:
        """The part of the tokens asked for that the model reads as they are."""
        return round(1 - self.hidden - self.swapped, 9)


def mask_tokens(
    ids: Ids,
    masking: Masking,
    vocab_size: int,
    generator: np.random.Generator,
    begins_word: npt.NDArray[np.bool_] | None = None,
) -> tuple[Ids, Ids]:
    """Choose tokens to ask for and hide them: a row (N,) -> what is read and what is asked, (N,).

    Whole units are chosen, in random order, until `share` of the tokens are; never fewer than one.
    A unit is a token or, with `begins_word` (V,), a word: a token of which it is True, with those
    behind it. Each unit is hidden, swapped or kept as a whole, for half a word would give the other
    half away. A target that is not asked for is `IGNORED`.
    """
    begins = begins_word[ids] if begins_word is not None else np.ones(len(ids), bool)
    unit_of = np.cumsum(begins) - begins[0]  # (N,) the number of each token's unit
    sizes = np.bincount(unit_of)
    order = generator.permutation(len(sizes))
    before = np.cumsum(sizes[order]) - sizes[order]  # how many tokens are chosen before each unit
    chosen = order[before < max(1, round(masking.share * len(ids)))]
    dice = np.full(len(sizes), 2.0)
    dice[chosen] = generator.random(len(chosen))
    thrown = dice[unit_of]  # (N,), 2 where nothing is asked
    others = generator.integers(vocab_size - 1, size=len(ids))
    others += others >= masking.mask_id  # all tokens but the mask
    read = np.where(thrown < masking.hidden + masking.swapped, others, ids)
    read = np.where(thrown < masking.hidden, masking.mask_id, read)
    return read, np.where(thrown < 1, ids, IGNORED)


def begins_word(token_bytes: Iterable[bytes]) -> npt.NDArray[np.bool_]:
    """Say which tokens begin a word, from the bytes of all tokens: (V,).

    A token continues the word before it if it begins with a letter, a digit or a byte beyond ASCII;
    with a space, a line break or a mark begins something new.
    """
    first = [token[:1] for token in token_bytes]
    return np.array([not (byte.isalnum() or byte >= b"\x80") for byte in first])


class MaskedTokens(RowsOfTokens):
    """Ask a model that looks both ways, `model(ids)`, for the tokens that were hidden from it.

    Rows are made as for `NextToken` (see `minilm.train.batches.make_batches`); what is hidden in a
    row depends on the seed and on the row's place in the run alone, so it is hidden differently in
    each epoch, and equally for any number of ranks.

    `evaluate` hides the same tokens of the validation text every time, all of them behind the mask,
    and returns valid_loss (nats per hidden token), valid_accuracy (the share that the best guess
    hits) and, if `pseudo_tokens` are to be read, valid_pseudo_perplexity.
    """

    def __init__(
        self,
        train: TokenShards,
        valid: TokenShards,
        masking: Masking,
        *,
        batch_size: int,
        context_length: int,
        vocab_size: int,
        begins_word: npt.NDArray[np.bool_] | None = None,
        packing: str = "stream",
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        eval_tokens: int = 20_000,
        pseudo_tokens: int = 0,
    ) -> None:
        self.rows = make_batches(train, packing, batch_size, context_length, seed, rank, world_size)
        self.valid, self.masking, self.context_length = valid, masking, context_length
        self.vocab_size, self.begins_word = vocab_size, begins_word
        self.packing, self.eval_tokens, self.pseudo_tokens = packing, eval_tokens, pseudo_tokens

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Return inputs, targets and, of packed rows, documents: (B, T) each."""
        ids, _, *documents = self.rows.batch(step)
        share = self.rows.batch_size // self.rows.world_size
        first = step * self.rows.batch_size + self.rows.rank * share
        inputs, targets = ids.numpy().copy(), np.full(ids.shape, IGNORED)
        for b, row in enumerate(inputs):
            there = documents[0][b].numpy() >= 0 if documents else slice(None)  # not padding
            generator = np.random.default_rng((self.rows.seed, first + b, 1))  # (seed, e): order
            row[there], targets[b, there] = self.mask(row[there], self.masking, generator)
        return torch.from_numpy(inputs), torch.from_numpy(targets), *documents

    def mask(self, ids: Ids, masking: Masking, generator: np.random.Generator) -> tuple[Ids, Ids]:
        """Return what is read of a row and what is asked, (N,) each."""
        return mask_tokens(ids, masking, self.vocab_size, generator, self.begins_word)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Return valid_loss, valid_accuracy and perhaps valid_pseudo_perplexity."""
        total, asked, right, device = 0.0, 0, 0, device_of(model)
        with evaluating(model):
            for batch in self.validation():
                inputs, targets, *documents = (rows.to(device) for rows in batch)
                kept_apart = {"documents": documents[0]} if documents else {}
                here = targets != IGNORED
                logits = model(inputs, **kept_apart)[here].float()  # (B, T, V) -> (asked, V)
                total += F.cross_entropy(logits, targets[here], reduction="sum").item()
                right += int((logits.argmax(-1) == targets[here]).sum())
                asked += len(logits)
        scores = {"valid_loss": total / asked, "valid_accuracy": right / asked}
        if self.pseudo_tokens:
            text = self.valid.read(0, min(self.pseudo_tokens, len(self.valid)))
            losses = pseudo_losses(model, text, self.context_length, self.masking.mask_id)
            scores["valid_pseudo_perplexity"] = perplexity(losses)
        return scores

    def validation(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield the beginning of the validation text as batches of windows, (B, T) each."""
        text = self.valid.read(0, min(self.eval_tokens, len(self.valid)))
        length = min(self.context_length, len(text))
        hiding = replace(self.masking, hidden=1.0, swapped=0.0)
        places = np.arange(len(text) // length * length).reshape(-1, length)  # (rows, T)
        for rows in np.array_split(places, -(-len(places) // EVALUATED)):
            masked = [self.mask(text[row], hiding, np.random.default_rng(row[0])) for row in rows]
            inputs, targets = (
                torch.from_numpy(np.stack(part)) for part in zip(*masked, strict=True)
            )
            if self.packing == "stream":
                yield inputs, targets
            else:  # the number of each place's document
                numbers = np.searchsorted(self.valid.documents[1], rows, side="right")
                yield inputs, targets, torch.from_numpy(numbers)
