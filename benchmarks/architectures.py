"""One trainer, six architectures: equal parameters, equal bytes, and what each has learned.

    python benchmarks/architectures.py [--models bigram lstm transformer] [--steps 400] [--tune]

On the default corpus, prepared as `minilm build` does (vocabulary 2,048). Every network has 529,200
parameters, give or take 2 %, and reads the same windows in the same order: 400 steps of 16 rows of
128 tokens, 2.6 MB of text. Bits per byte are measured on 200,000 tokens, taken evenly from the
validation split. n-gram models count the same windows, and then the whole training split.

The learning rates are those of the recipe times one factor for each network. `--tune` shows how it
was chosen, with equal effort for each: five factors, runs of half the length, on nine tenths of the
training split, scored on the tenth that was held out. The validation split played no part in it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from minilm.build import build
from minilm.evaluate.language import bits_per_byte, token_losses
from minilm.measure import read_evenly
from minilm.model.ngram import NGram
from minilm.model.storage import MODELS, Model
from minilm.prepare.shards import TokenShards, write_shards
from minilm.recipe import load_recipe
from minilm.stages import STAGES
from minilm.train.batches import Batches
from minilm.train.trainer import Trainer, TrainerConfig

CONTEXT, BATCH, JUDGED = 128, 16, 200_000
CONTESTANTS: dict[str, tuple[str, dict[str, Any], float]] = {
    # the class, its sizes, and the factor on the learning rates that --tune has found
    "bigram": ("Bigram", {"rank": 129}, 4.0),
    "mlp": ("MLP", {"n_tokens": 4, "d_token": 64, "d_model": 172}, 4.0),
    "rnn": ("Recurrent", {"cell": "rnn", "d_model": 188}, 1.0),
    "gru": ("Recurrent", {"cell": "gru", "d_model": 140}, 1.0),
    "lstm": ("Recurrent", {"cell": "lstm", "d_model": 128}, 2.0),
    "transformer": ("Transformer", {"n_layers": 3, "n_heads": 4, "d_model": 96}, 2.0),
}
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def make_model(name: str, vocab_size: int) -> Model:
    """Build a contestant, from seed 0."""
    make, make_config = MODELS[CONTESTANTS[name][0]]
    torch.manual_seed(0)
    return make(make_config(vocab_size=vocab_size, context_length=CONTEXT, **CONTESTANTS[name][1]))


def train(name: str, factor: float, steps: int, text: TokenShards) -> tuple[Model, float]:
    """Train a contestant; return it and the seconds that it took."""
    model = make_model(name, text.vocab_size)
    config = TrainerConfig(
        steps=steps,
        batch_size=BATCH,
        learning_rate=1e-2 * factor,
        muon_learning_rate=0.02 * factor,
        eval_every=steps,
        eval_tokens=2_000,
        device="cpu",
    )
    start = time.perf_counter()
    Trainer(model, config, text, text).fit()
    return model, time.perf_counter() - start


def score(model: Model, ids: np.ndarray, text: TokenShards) -> float:
    """Return the bits per byte of a model on a text (N,)."""
    n_bytes = int(text.token_lengths[ids[1:]].sum())
    return bits_per_byte(token_losses(model, ids, CONTEXT), n_bytes)


def compare(names: list[str], steps: int, text: TokenShards, valid: TokenShards) -> None:
    """Print the table."""
    ids = read_evenly(valid, JUDGED)
    n_tokens = steps * BATCH * CONTEXT
    megabytes = n_tokens * text.n_bytes / len(text) / 1e6
    print(f"{steps} steps, {n_tokens:,} tokens, {megabytes:.1f} MB of text for each")
    print(f"{'':<28}{'parameters':>12}{'bits per byte':>15}{'seconds':>9}{'tokens/s':>10}")
    for name in names:
        model, seconds = train(name, CONTESTANTS[name][2], steps, text)
        print(
            f"{name:<28}{model.n_params():>12,}{score(model, ids, text):>15.3f}"
            f"{seconds:>9.1f}{n_tokens / seconds:>10,.0f}",
            flush=True,
        )
    read = windows_read(steps, text)
    for what, known in (("the same text", read), ("the whole split", text.read(0, len(text)))):
        for order in (2, 3):
            start = time.perf_counter()
            model = NGram(order, text.vocab_size).fit(known)
            seconds = time.perf_counter() - start
            losses = model.token_losses(ids)[1:]
            bits = bits_per_byte(losses, int(text.token_lengths[ids[1:]].sum()))
            print(
                f"{f'{order}-gram, {what}':<28}{model.n_params():>12,}{bits:>15.3f}"
                f"{seconds:>9.1f}{len(known) / seconds:>10,.0f}",
                flush=True,
            )


def windows_read(steps: int, text: TokenShards) -> np.ndarray:
    """Return the tokens that the networks were shown, one window after the other."""
    batches = Batches(text, BATCH, CONTEXT)
    return np.concatenate([batches.batch(step)[0].numpy().ravel() for step in range(steps)])


def tune(names: list[str], steps: int, text: TokenShards) -> None:
    """Print what each factor on the learning rates gives, on a held-out tenth of the text."""
    with tempfile.TemporaryDirectory() as folder:
        known, held_out = (
            write_part(text, held, Path(folder) / str(held)) for held in (False, True)
        )
        ids = read_evenly(held_out, JUDGED // 2)
        print(f"{'factor':<14}" + "".join(f"{factor:>8g}" for factor in FACTORS))
        for name in names:
            print(f"{name:<14}", end="", flush=True)
            for factor in FACTORS:
                model, _ = train(name, factor, steps // 2, known)
                print(f"{score(model, ids, text):>8.3f}", end="", flush=True)
            print()


def write_part(text: TokenShards, held_out: bool, folder: Path) -> TokenShards:
    """Write every tenth stretch of 8,192 tokens as shards of its own, or all but these."""

    def stretches() -> Iterator[np.ndarray]:
        for number, start in enumerate(range(0, len(text), 8192)):
            if (number % 10 == 9) == held_out:
                yield text.read(start, min(start + 8192, len(text)))

    write_shards(stretches(), folder, vocab_size=text.vocab_size, token_lengths=text.token_lengths)
    return TokenShards.open(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--run", type=Path, default=Path("runs/laptop"), help="a run's folder")
    parser.add_argument("--tune", action="store_true", help="choose the learning rates")
    options = parser.parse_args()
    build(load_recipe(), options.run, STAGES, goal="prepare")
    train_split, valid_split = (
        TokenShards.open(options.run / "prepare" / split) for split in ("train", "valid")
    )
    start_of_all = time.perf_counter()
    if options.tune:
        tune(options.models, options.steps, train_split)
    else:
        compare(options.models, options.steps, train_split, valid_split)
    print(f"{time.perf_counter() - start_of_all:.0f} s in all", file=sys.stderr)
