"""The training loop: predict, measure, step, and never lose what was learnt.

A mini-batches in a step, B batch
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.storage import Model
from minilm.prepare.shards import TokenShards
from minilm.train.compile import Compiled, compile_updates
from minilm.train.journal import Journal
from minilm.train.objective import NextToken, Objective
from minilm.train.optimizers import make_optimizers, move
from minilm.train.parallel import World, join
from minilm.train.precision import LossScaler, autocast, choose_format
from minilm.train.progress import Progress, say, token_cost
from minilm.train.schedule import learning_rate_factor
from minilm.train.settings import TrainerConfig as TrainerConfig
from minilm.train.settings import changed_settings
from minilm.train.signals import StopRequest
from minilm.train.watch import WINDOW, BadStepError, locate, loudest, trouble

RETREATS = 3  # how often a run goes back from the same place before it gives up


class Trainer:
    """Train a model on token shards: to predict the next token, or whatever `objective` asks.

    `fit()` returns the history, one row a step: step, tokens, train_loss (nats per token),
    learning_rate (the factor of the schedule), grad_norm (before clipping; None when float16
    overflowed and the step was left out), seconds and tokens_per_second; rows of an evaluation add
    its scores (valid_bits_per_byte), rows of a sample its text; after a roll-back, rows name their
    batch. With a `folder`, log.csv holds the same rows and a checkpoint is kept there, from which
    `fit()` continues bit for bit; at the end model.safetensors stands beside it. `sample(model) ->
    str` is called every `sample_every` steps, `on_evaluation(steps done, scores)` after each
    evaluation. SIGTERM and Ctrl-C wait for the end of the step and its checkpoint.

    Raises MinilmError when a step is bad, when the text is too short, or when the checkpoint
    belongs to other settings.
    """

    def __init__(
        self,
        model: Model,
        config: TrainerConfig,
        train: TokenShards | None = None,
        valid: TokenShards | None = None,
        folder: Path | str | None = None,
        sample: Callable[[Any], str] | None = None,
        objective: Objective | None = None,
        on_evaluation: Callable[[int, dict[str, float]], None] | None = None,
    ) -> None:
        self.config, self.sample, self.on_evaluation = config, sample, on_evaluation
        self.folder = Path(folder) if folder is not None else None
        if config.on_bad_step not in ("stop", "roll_back"):
            raise MinilmError(
                f'on_bad_step is {config.on_bad_step!r}; write "stop" or "roll_back" instead.'
            )
        if config.on_bad_step == "roll_back" and folder is None:
            raise MinilmError("A run that may roll back needs a folder for its checkpoints.")
        self.world = join(config.parallel, config.device)
        self.device = self.world.device
        self.format = choose_format(config.precision, self.device)
        self.scaler = LossScaler(self.format)
        self.model = model
        placed = self.world.place(model)
        self.forward: nn.Module = Compiled(placed) if config.compile else placed
        self.objective = objective or next_token(model, config, train, valid, self.world)
        self.optimizers = make_optimizers(
            self.model,
            learning_rate=config.learning_rate,
            muon_learning_rate=config.muon_learning_rate,
            weight_decay=config.weight_decay,
            optimizer=config.optimizer,
            muon=self.world.muon,
        )
        if config.compile and config.parallel != "fsdp":  # shards are tensors of another class
            compile_updates(self.optimizers)
        self.history: list[dict[str, Any]] = []
        self.shift, self.retreats, self.furthest = 0, 0, -1  # see `roll_back`

    def fit(self) -> list[dict[str, Any]]:
        """Train until `steps`, from the checkpoint if there is one; return the history."""
        torch.manual_seed(self.config.seed)
        self.resume()
        cost = token_cost(self.model, self.objective, self.world.size)
        with (
            Journal(
                self.world.writes(self.folder), self.config.log, asdict(self.config)
            ) as journal,
            Progress(
                self.config.steps, len(self.history), cost, self.device, self.format
            ) as progress,
            StopRequest() as request,
        ):
            journal.begin(self.history)
            while (step := len(self.history)) < self.config.steps:
                try:
                    row = self.train_step(step)
                except BadStepError as bad:
                    self.roll_back(step, bad)
                    journal.begin(self.history)
                    continue
                self.look(step, row)
                self.history.append(row)
                journal.write(self.history)
                progress.show(row)
                signal = self.world.largest(request.number or 0)  # one rank's signal is all ranks'
                if signal or self.is_due(step, self.config.checkpoint_every):
                    self.checkpoint()
                if signal:
                    request.leave(signal, f"Stopped after step {step + 1} of {self.config.steps}.")
        if self.folder:
            self.world.finish(self.folder, self.model)
        return self.history

    def train_step(self, step: int) -> dict[str, Any]:
        """Do one step and return its row: batch, gradients, clip, judge, move."""
        start = time.perf_counter()
        batch = tuple(rows.to(self.device) for rows in self.objective.batch(step + self.shift))
        loss, n_tokens = self.add_gradients(*batch)
        self.scaler.shrink(self.model.parameters())
        norm = self.world.clip(self.model, self.config.clip)
        factor = self.schedule(step)
        overflowed = math.isfinite(loss) and self.scaler.overflowed(norm)
        if overflowed:
            self.model.zero_grad()
        else:
            self.judge(step, loss, norm, batch)
            move(self.optimizers, factor)
        seconds = time.perf_counter() - start
        before = self.history[-1] if self.history else {"seconds": 0.0, "tokens": 0}
        return {
            "step": step + 1,
            "tokens": before["tokens"] + n_tokens,
            "train_loss": loss,
            "learning_rate": factor,
            "grad_norm": None if overflowed else norm,
            "seconds": before["seconds"] + seconds,
            "tokens_per_second": n_tokens / seconds,
            **({"batch": step + self.shift} if self.shift else {}),
        }

    def add_gradients(self, *batch: Tensor) -> tuple[float, int]:
        """Add up the gradients of all mini-batches, (A B, ...) each, and those of all other ranks.

        Return the mean loss and how many targets it is the mean of. Each mini-batch counts as much
        as it has targets. What a model adds to the loss by itself (`extra_loss`: the balance of its
        experts) moves weights, too, but is not reported.
        """
        loss, n_tokens = 0.0, int(self.world.sum(self.objective.count(*batch)))
        parts = list(self.parts(batch))
        for number, part in enumerate(parts, start=1):
            with self.world.adding_up(last=number == len(parts)):
                share = n_tokens / self.objective.count(*part)
                part_loss = self.loss(self.forward, *part) / share
                loss += part_loss.item()
                if extra := getattr(self.model, "extra_loss", None):
                    part_loss = part_loss + extra() / share
                # The ranks' gradients are averaged; times their number, they are added up.
                self.scaler.enlarge(part_loss * self.world.size).backward()  # type: ignore[no-untyped-call]
        return self.world.sum(loss), n_tokens

    def parts(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[Tensor, ...]]:
        """Cut a step's batch into its mini-batches: (A B, ...) -> A times (B, ...)."""
        return zip(*(rows.chunk(self.config.accumulate) for rows in batch), strict=True)

    def loss(self, model: nn.Module, *part: Tensor) -> Tensor:
        """Return the mean loss of a mini-batch, computed in the run's number format: ()."""
        with autocast(self.device, self.format):
            return self.objective.loss(model, *part)

    def schedule(self, step: int) -> float:
        """Return the factor on the learning rates at a step."""
        steps, shape = self.config.steps, self.config.schedule
        warmup, decay = int(self.config.warmup * steps), int(self.config.decay * steps)
        return learning_rate_factor(step, steps=steps, warmup=warmup, decay=decay, shape=shape)

    def judge(self, step: int, loss: float, norm: float, batch: tuple[Tensor, ...]) -> None:
        """Raise BadStepError for a step that would spoil the weights, and say where it went wrong.

        A run that stops on bad steps does not stop for a loss that jumps: it says so and goes on.
        """
        what = trouble(loss, norm, [row["train_loss"] for row in self.history[-WINDOW:]])
        if what is None:
            return
        finite = math.isfinite(loss) and math.isfinite(norm)
        losses = [partial(self.loss, self.model, *part) for part in self.parts(batch)]
        where = loudest(self.model) if finite else locate(self.model, losses)
        read = self.objective.describe(step + self.shift)
        bad = BadStepError(f"{what} at step {step + 1}: {where}. It read {read}.")
        if not finite or self.config.on_bad_step == "roll_back":
            raise bad
        say(str(bad))

    def roll_back(self, step: int, bad: BadStepError) -> None:
        """Go back to the last good checkpoint, and on from there with the data after the bad batch.

        All that was read since the checkpoint is left out, because any of it may have done the
        harm: from there on, step n reads batch n + `shift`. If that does not get beyond the bad
        step, the checkpoint itself is doubted and the one before it is taken. All of this follows
        from the data alone, so a run that is killed meanwhile does it again in the same way.

        Source: Chowdhery et al. 2022, "PaLM", section 5.1.
        """
        if self.config.on_bad_step == "stop":
            raise BadStepError(
                f"{bad} The last checkpoint is kept. Lower the learning rates or lengthen the"
                ' warm-up and run again; or set on_bad_step = "roll_back".'
            ) from bad
        self.retreats = self.retreats + 1 if step <= self.furthest else 1
        self.furthest = max(self.furthest, step)
        if self.retreats > RETREATS:
            raise BadStepError(f"{bad} Rolling back {RETREATS} times did not help.") from bad
        batch, memory = step + self.shift, (self.retreats, self.furthest)
        self.resume(doubted=self.retreats > 1)
        self.retreats, self.furthest = memory
        self.shift = batch + 1 - len(self.history)
        say(f"{bad} Back to step {len(self.history)}, and on with batch {batch + 1}.")

    def look(self, step: int, row: dict[str, Any]) -> None:
        """Evaluate and sample if it is time, and add what comes out to the row."""
        if self.is_due(step, self.config.eval_every):
            scores = self.objective.evaluate(self.model)
            row |= scores
            told = ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
            say(f"step {step + 1}: {told}")
            if self.on_evaluation:
                self.on_evaluation(step + 1, scores)
        if self.sample and self.is_due(step, self.config.sample_every):
            row["sample"] = self.sample(self.model)
            say(f"step {step + 1}: {row['sample']!r}")

    def is_due(self, step: int, every: int) -> bool:
        """Say whether something that happens every so many steps, and at the last, is due."""
        return (step + 1) % every == 0 or step + 1 == self.config.steps

    def checkpoint(self) -> None:
        """Write the state after the last finished step, if there is a folder."""
        if self.folder is None:
            return
        progress = {
            "history": self.history,
            "config": asdict(self.config),
            "scaler": self.scaler.state(),
            "bad_steps": [self.shift, self.retreats, self.furthest],
        }
        self.world.keep_checkpoint(self.folder, self.model, self.optimizers, progress)

    def resume(self, doubted: bool = False) -> None:
        """Become the run that wrote the folder's last checkpoint, if there is one."""
        if self.folder is None:
            return
        progress = self.world.load_kept(self.folder, self.model, self.optimizers, before=doubted)
        if progress is None:
            if self.config.on_bad_step == "roll_back":
                self.checkpoint()  # there must be somewhere to go back to
            return
        if changed := changed_settings(progress["config"], self.config):
            raise MinilmError(
                f"The checkpoint in {self.folder} was written with other settings"
                f" ({', '.join(changed)}). Delete it to start again, or restore those settings."
            )
        self.history = progress["history"]
        self.scaler.restore(progress.get("scaler", self.scaler.state()))
        self.shift, self.retreats, self.furthest = progress.get("bad_steps", (0, 0, -1))


def next_token(
    model: Model,
    config: TrainerConfig,
    train: TokenShards | None,
    valid: TokenShards | None,
    world: World,
) -> NextToken:
    """Return the usual objective, as the settings describe it."""
    if train is None or valid is None:
        raise MinilmError("To predict the next token takes shards to learn from and to validate.")
    return NextToken(
        train,
        valid,
        batch_size=config.batch_size * config.accumulate,
        context_length=model.config.context_length,
        packing=config.packing,
        seed=config.seed,
        rank=world.rank,
        world_size=world.size,
        steps=config.steps,
        eval_tokens=config.eval_tokens,
    )
