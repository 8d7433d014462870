"""A run for `test_resume.py` to kill: what it does depends on every kind of state there is."""

import os
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"

import torch

from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards
from minilm.train.trainer import Trainer, TrainerConfig


def config(**changes) -> TrainerConfig:
    settings = {
        "steps": 30, "batch_size": 2, "accumulate": 2, "warmup": 0.2, "eval_every": 4,
        "eval_tokens": 100, "sample_every": 3, "checkpoint_every": 3, "device": "cpu",
    }  # fmt: skip
    return TrainerConfig(**settings | changes)


def draw(model) -> str:
    """A sample that moves torch's random state, as sampling without a seed would."""
    return f"{torch.rand(()).item():.6f}"


def small(seed: int = 0, **changes) -> Transformer:
    torch.manual_seed(seed)
    sizes = {"context_length": 16, "n_layers": 1, "n_heads": 2, "d_model": 16}
    return Transformer(TransformerConfig(vocab_size=30, **sizes | changes))


def trainer(root: Path, name: str, seed: int = 0, **changes) -> Trainer:
    shards = [TokenShards.open(root / part) for part in ("train", "valid")]
    return Trainer(small(seed), config(**changes), *shards, folder=root / name, sample=draw)


def run(root: Path, name: str, seed: int, **changes) -> None:
    """Train to the end, quietly, from the checkpoint if there is one."""
    torch.set_num_threads(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    trainer(root, name, seed, **changes).fit()
