"""What each rank does in `test_parallel.py`: train as the command line says; tell the losses.

    torchrun ... ranks.py ROOT NAME...

ROOT holds the shards; the histories go to ROOT/SIZE.json, by name. The names are those of `RUNS`.
"""

import json
import math
import os
import signal
import sys
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"

import torch

from minilm.model.recurrent import LSTM, LSTMConfig
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards
from minilm.train.parallel import rank_and_size
from minilm.train.trainer import Trainer, TrainerConfig
from minilm.train.watch import BadStepError

VOCABULARY = 30
PACKED = {"packing": "padded", "batch_size": 4, "accumulate": 3}  # unequal numbers of targets
RUNS = {
    "ddp": {"parallel": "ddp"},
    "ddp, packed": {"parallel": "ddp", **PACKED},
    "fsdp": {"parallel": "fsdp"},
    "fsdp, packed": {"parallel": "fsdp", **PACKED},
    "fsdp, lion": {"parallel": "fsdp", "optimizer": "lion", "learning_rate": 1e-3},
    "fsdp, stopped": {"parallel": "fsdp"},
    "fsdp, continued": {"parallel": "fsdp"},
    "fsdp, bad": {"parallel": "fsdp"},
    "ddp, hit": {"parallel": "ddp", "steps": 9, "checkpoint_every": 2},
}


def config(**changes) -> TrainerConfig:
    settings = {
        "steps": 6, "batch_size": 12, "warmup": 0.2, "eval_every": 3, "eval_tokens": 100,
        "clip": 0.5, "checkpoint_every": 2, "sample_every": 3, "device": "cpu",
    }  # fmt: skip
    return TrainerConfig(**settings | changes)


def model(kind: str, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    if kind == "lstm":
        return LSTM(LSTMConfig(vocab_size=VOCABULARY, context_length=12, n_layers=2, d_model=16))
    sizes = {"context_length": 12, "n_layers": 3, "n_heads": 2, "d_model": 20}
    return Transformer(TransformerConfig(vocab_size=VOCABULARY, **sizes))


def sample(model: torch.nn.Module) -> str:
    """What a generator would do: all ranks ask the model, sharded or not."""
    return str(model(torch.arange(12)[None]).argmax(-1).tolist())


class StoppedError(Exception):
    """After the checkpoint of step 4."""


class Hit(Trainer):
    """A run whose second rank is killed at step 4, and asked to stop at step 7."""

    def train_step(self, step):
        life = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
        if self.world.rank == 1 and (step, life) == (4, 0):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.world.rank == 1 and (step, life) == (6, 1):
            os.kill(os.getpid(), signal.SIGTERM)
        return super().train_step(step)


class Stopping(Trainer):
    def train_step(self, step):
        if step == 4:
            raise StoppedError
        return super().train_step(step)


class Bad(Trainer):
    """A run in which the last rank's share of a weight is no number any more."""

    def train_step(self, step):
        if step == 1 and self.world.rank == self.world.size - 1:
            with torch.no_grad():
                self.model.blocks[1].attention_norm.weight.to_local().fill_(math.nan)
        return super().train_step(step)


def train(root: Path, name: str) -> list[dict]:
    """Do one of the runs; each rank begins with weights of its own, which rank 0's replace."""
    rank, _ = rank_and_size()
    torch.manual_seed(rank)
    folder = root / name.replace("continued", "stopped").replace(", ", "-")
    kinds = {"fsdp, stopped": Stopping, "ddp, hit": Hit, "fsdp, bad": Bad}
    kind = kinds.get(name, Trainer)
    network = model("lstm" if name.endswith("packed") and name[0] == "d" else "transformer", rank)
    trainer = kind(
        network,
        config(**RUNS[name]),
        *(TokenShards.open(root / part) for part in ("train", "valid")),
        folder=folder,
        sample=sample,
    )
    try:
        return trainer.fit()
    except StoppedError:
        return trainer.history
    except BadStepError as error:
        return [str(error)]


def main() -> None:
    torch.set_num_threads(1)
    root, *names = sys.argv[1:]
    histories = {name: train(Path(root), name) for name in names}
    rank, size = rank_and_size()
    if rank == 0:
        (Path(root) / f"{size}.json").write_text(json.dumps(histories))


if __name__ == "__main__":
    main()
