"""What a model is asked in training: batches, a loss, and how an evaluation scores it.

B batch, T position, V vocab_size
"""

from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.evaluate.language import bits_per_byte, device_of, evaluating, token_losses
from minilm.prepare.packing import best_fit
from minilm.prepare.shards import TokenShards
from minilm.train.batches import IGNORED, PackedBatches, asked_spans, count_asked, make_batches


class Objective(Protocol):
    """What `Trainer` asks: the batch of a step, its loss, its size, and how good the model is.

    All of it depends on the step alone, so a run that was stopped goes on bit for bit: randomness
    belongs to a generator that is seeded with the step.
    """

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Return all mini-batches of a step as one, on the CPU, rows first in every tensor."""
        ...

    def loss(self, model: nn.Module, *batch: Tensor) -> Tensor:
        """Return the mean loss of the targets that are asked for, in nats: ()."""
        ...

    def count(self, *batch: Tensor) -> int:
        """Count the targets that are asked for."""
        ...

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Score the model on text that it does not learn from: by name, as the log shows it."""
        ...

    def describe(self, step: int) -> str:
        """Say what a step reads, so that a bad batch can be found in the data."""
        return f"batch {step}"


class RowsOfTokens(Objective):
    """What objectives share whose batches are inputs, targets and, of packed rows, documents."""

    def loss(self, model: nn.Module, *batch: Tensor) -> Tensor:
        """Return the mean surprise at the targets, in nats per token: (B, T) each -> ()."""
        inputs, targets, *documents = batch
        kept_apart = {"documents": documents[0]} if documents else {}
        logits = model(inputs, **kept_apart)  # (B, T) -> (B, T, V)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)

    def count(self, *batch: Tensor) -> int:
        """Count the targets that are asked for."""
        return count_asked(batch[1])


class NextToken(RowsOfTokens):
    """Predict the next token: what language models are asked.

    `packing` says what a row of a batch is (see `minilm.train.batches.make_batches`). The rows of a
    step are shared by `world_size` ranks; `steps` is the length of the run, for "short-first".
    `evaluate` returns the bits per byte of the first `eval_tokens` of the validation text.
    """

    def __init__(
        self,
        train: TokenShards,
        valid: TokenShards,
        *,
        batch_size: int,
        context_length: int,
        packing: str = "stream",
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        steps: int = 0,
        eval_tokens: int = 20_000,
    ) -> None:
        self.batches = make_batches(
            train, packing, batch_size, context_length, seed, rank, world_size, steps
        )
        self.valid, self.context_length = valid, context_length
        self.packing, self.eval_tokens = packing, eval_tokens

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Return inputs, targets and, of packed rows, documents: (B, T) each."""
        return self.batches.batch(step)

    def describe(self, step: int) -> str:
        """Name the batch, and the tokens of the training text that it asks for."""
        spans = [f"{start:,} to {stop - 1:,}" for start, stop in asked_spans(self.batches, step)]
        more = f" and {len(spans) - 8} more places" if len(spans) > 8 else ""
        return f"batch {step} (tokens {', '.join(spans[:8])}{more} of the training text)"

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Return the bits per byte of the beginning of the validation text."""
        if self.packing != "stream":
            return {"valid_bits_per_byte": self.evaluate_documents(model)}
        ids = torch.from_numpy(self.valid.read(0, min(self.eval_tokens, len(self.valid))))
        losses = token_losses(model, ids, self.context_length)
        n_bytes = int(self.valid.token_lengths[ids[1:]].sum())
        return {"valid_bits_per_byte": bits_per_byte(losses, n_bytes)}

    def evaluate_documents(self, model: nn.Module) -> float:
        """Return the same for a model that reads each document by itself.

        Documents longer than the context are read through windows that move on by half of it, as
        `token_losses` does with the stream.
        """
        begins, device = self.valid.documents[1], device_of(model)
        lengths = np.clip(self.eval_tokens - begins, 0, self.valid.document_lengths)
        plan = best_fit(lengths, self.context_length, stride=max(1, self.context_length // 2))
        batches = PackedBatches(self.valid, plan, batch_size=1)
        losses, n_bytes = [], 0
        with evaluating(model):
            for first in range(0, len(plan), 16):
                rows = batches.lay_out(list(range(first, min(first + 16, len(plan)))))
                inputs, targets, documents = (numbers.to(device) for numbers in rows)
                logits = model(inputs, documents=documents)  # (B, T) -> (B, T, V)
                asked = targets != IGNORED
                losses.append(
                    F.cross_entropy(logits[asked].float(), targets[asked], reduction="none").cpu()
                )
                n_bytes += int(self.valid.token_lengths[targets[asked].cpu()].sum())
        return bits_per_byte(torch.cat(losses), n_bytes)
