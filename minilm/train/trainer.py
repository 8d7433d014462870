"""The training loop: predict, measure, step, and never lose what was learnt.

A mini-batches in a step, B batch, T position, V vocab_size
"""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from minilm.errors import MinilmError
from minilm.model.storage import Model, save_model
from minilm.prepare.shards import TokenShards
from minilm.train.checkpoint import load_checkpoint, save_checkpoint
from minilm.train.device import autocast, choose_device
from minilm.train.objective import NextToken, Objective
from minilm.train.optimizers import make_optimizers, move
from minilm.train.schedule import warmup_decay


@dataclass(frozen=True)
class TrainerConfig:
    """How long to train, how fast, and how often to look.

    A step sees `accumulate` mini-batches of `batch_size` rows; their gradients add up before the
    weights move, so `accumulate` trades memory for time and changes nothing else. `packing` says
    what a row is (see `minilm.train.batches.make_batches`): by default a window of the stream,
    whatever documents lie in it; with all other packings, attention, loss and evaluation keep
    inside documents. `learning_rate`
    is AdamW's, `muon_learning_rate` Muon's (0: AdamW moves everything). `warmup` and `decay` are
    the shares of the run in which the learning rate rises and falls, `clip` is the largest allowed
    norm of the gradient, `eval_tokens` how much of the validation text is read at each evaluation.
    """

    steps: int = 600
    batch_size: int = 16
    accumulate: int = 1
    packing: str = "stream"
    learning_rate: float = 1e-2
    muon_learning_rate: float = 0.02
    weight_decay: float = 0.1
    warmup: float = 0.03
    decay: float = 0.5
    clip: float = 1.0
    eval_every: int = 100
    eval_tokens: int = 20_000
    sample_every: int = 200
    checkpoint_every: int = 50
    seed: int = 0
    device: str = "auto"


class Trainer:
    """Train a model on token shards: to predict the next token, or whatever `objective` asks.

    `fit()` returns the history, one row a step: step, tokens, train_loss (nats per token),
    learning_rate (the factor of the schedule), grad_norm, seconds and tokens_per_second; rows of an
    evaluation add its scores (valid_bits_per_byte), rows of a sample its text. With a `folder`, a
    checkpoint is kept there and `fit()` continues from it; at the end model.safetensors stands
    beside it. `sample(model) -> str` is called every `sample_every` steps.

    Raises MinilmError when the loss is not a number any more, when the text is too short, or when
    the checkpoint belongs to other settings.
    """

    def __init__(
        self,
        model: Model,
        config: TrainerConfig,
        train: TokenShards,
        valid: TokenShards,
        folder: Path | str | None = None,
        sample: Callable[[Model], str] | None = None,
        objective: Objective | None = None,
    ) -> None:
        self.config, self.sample = config, sample
        self.folder = Path(folder) if folder is not None else None
        self.device = choose_device(config.device)
        self.model = model.to(self.device)
        self.objective = objective or NextToken(
            train,
            valid,
            batch_size=config.batch_size * config.accumulate,
            context_length=model.config.context_length,
            packing=config.packing,
            seed=config.seed,
            steps=config.steps,
            eval_tokens=config.eval_tokens,
        )
        self.optimizers = make_optimizers(
            self.model,
            learning_rate=config.learning_rate,
            muon_learning_rate=config.muon_learning_rate,
            weight_decay=config.weight_decay,
        )
        self.history: list[dict[str, Any]] = []

    def fit(self) -> list[dict[str, Any]]:
        """Train until `steps`, from the checkpoint if there is one; return the history."""
        torch.manual_seed(self.config.seed)
        self.resume()
        with tqdm(
            total=self.config.steps, initial=len(self.history), unit="step", desc="train"
        ) as bar:
            while (step := len(self.history)) < self.config.steps:
                row = self.train_step(step)
                if self.is_due(step, self.config.eval_every):
                    scores = self.objective.evaluate(self.model)
                    row |= scores
                    told = ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
                    bar.write(f"step {step + 1}: {told}", file=sys.stderr)
                if self.sample and self.is_due(step, self.config.sample_every):
                    row["sample"] = self.sample(self.model)
                    bar.write(f"step {step + 1}: {row['sample']!r}", file=sys.stderr)
                self.history.append(row)
                if self.folder and self.is_due(step, self.config.checkpoint_every):
                    self.checkpoint()
                bar.set_postfix_str(
                    f"loss {row['train_loss']:.2f}, {row['tokens_per_second']:,.0f} tokens/s",
                    refresh=False,
                )
                bar.update()
        if self.folder:
            save_model(self.model, self.folder / "model.safetensors")
        return self.history

    def train_step(self, step: int) -> dict[str, Any]:
        """Do one step and return its row: batch, gradients, clip, learning rate, move."""
        start = time.perf_counter()
        batch = tuple(rows.to(self.device) for rows in self.objective.batch(step))
        loss, n_tokens = self.add_gradients(*batch), self.objective.count(*batch)
        if loss != loss:  # NaN is the one number that differs from itself
            raise MinilmError(
                f"The loss is not a number at step {step + 1}. The last checkpoint is kept; lower"
                " the learning rates or lengthen the warm-up and run again."
            )
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        factor = self.schedule(step)
        move(self.optimizers, factor)
        seconds = time.perf_counter() - start
        before = self.history[-1] if self.history else {"seconds": 0.0, "tokens": 0}
        return {
            "step": step + 1,
            "tokens": before["tokens"] + n_tokens,
            "train_loss": loss,
            "learning_rate": factor,
            "grad_norm": norm.item(),
            "seconds": before["seconds"] + seconds,
            "tokens_per_second": n_tokens / seconds,
        }

    def add_gradients(self, *batch: Tensor) -> float:
        """Add up the gradients of all mini-batches; return the mean loss: (A B, ...) each.

        Each mini-batch counts as much as it has targets. What a model adds to the loss by itself
        (`extra_loss`: the balance of its experts) moves weights, too, but is not reported.
        """
        loss, n_tokens = 0.0, self.objective.count(*batch)
        for part in zip(*(rows.chunk(self.config.accumulate) for rows in batch), strict=True):
            share = n_tokens / self.objective.count(*part)
            with autocast(self.device):
                part_loss = self.objective.loss(self.model, *part) / share
            loss += part_loss.item()
            if extra := getattr(self.model, "extra_loss", None):
                part_loss = part_loss + extra() / share
            part_loss.backward()  # type: ignore[no-untyped-call]
        return loss

    def schedule(self, step: int) -> float:
        """Return the factor on the learning rates at a step."""
        steps = self.config.steps
        warmup, decay = int(self.config.warmup * steps), int(self.config.decay * steps)
        return warmup_decay(step, steps=steps, warmup=warmup, decay=decay)

    def is_due(self, step: int, every: int) -> bool:
        """Say whether something that happens every so many steps, and at the last, is due."""
        return (step + 1) % every == 0 or step + 1 == self.config.steps

    def checkpoint(self) -> None:
        """Write the state after the last finished step."""
        assert self.folder is not None
        progress = {"history": self.history, "config": asdict(self.config)}
        path = self.folder / "checkpoint.safetensors"
        save_checkpoint(path, self.model, self.optimizers, progress)

    def resume(self) -> None:
        """Continue from the folder's checkpoint, if there is one."""
        if self.folder is None or not (self.folder / "checkpoint.safetensors").exists():
            return
        path = self.folder / "checkpoint.safetensors"
        progress = load_checkpoint(path, self.model, self.optimizers)
        if progress["config"] != asdict(self.config):
            raise MinilmError(
                f"{path} was written with other settings. Delete it to start again, or restore the"
                " settings that it was written with."
            )
        self.history = progress["history"]
