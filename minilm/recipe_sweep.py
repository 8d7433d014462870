"""`minilm sweep`: the learning rates for a recipe, found on its own data by runs of its own length.

The roof's use of `minilm.train.sweep`: what is searched, and what a trial is, come from a recipe.
"""

import dataclasses
from pathlib import Path
from typing import Any

import torch

from minilm.files import atomic_writer, read_json
from minilm.model.transformer import Transformer
from minilm.prepare.shards import TokenShards
from minilm.recipe import Recipe, to_toml
from minilm.train.sweep import Report, log_between, sweep
from minilm.train.trainer import Trainer

REACH = 8.0  # the rates tried are up to so many times smaller or larger than the recipe's


def sweep_recipe(recipe: Recipe, out: Path, n_trials: int) -> Path:
    """Search the learning rates of a prepared run's transformer; return the best recipe's path.

    The trials lie in out/sweep; called again, it goes on. best.toml beside them is the recipe with
    the rates of the best trial, ready for `minilm build --recipe`.
    """
    folder, config = out / "sweep", recipe.train
    train, valid = (TokenShards.open(out / "prepare" / part) for part in ("train", "valid"))
    network = dataclasses.replace(recipe.transformer, vocab_size=train.vocab_size)
    rates = {
        name: rate
        for name in ("learning_rate", "muon_learning_rate")
        if (rate := getattr(config, name))
    }

    def run(settings: dict[str, Any], report: Report) -> float:
        torch.manual_seed(config.seed)
        score = "valid_bits_per_byte"
        history = Trainer(
            Transformer(network),
            dataclasses.replace(config, **settings),
            train,
            valid,
            on_evaluation=lambda step, scores: report(step, scores[score]),
        ).fit()
        return float(history[-1][score])

    sweep(
        run,
        {name: log_between(rate / REACH, rate * REACH) for name, rate in rates.items()},
        folder,
        n_trials,
        seed=config.seed,
        recipe={"network": dataclasses.asdict(network), "train": dataclasses.asdict(config)}
        | {"text": train.sha256},
    )
    best = read_json(folder / "best.json")["settings"]
    tables = recipe.tables | {"train": recipe.tables.get("train", {}) | best}
    with atomic_writer(folder / "best.toml", "w") as file:
        file.write(to_toml(tables))
    return folder / "best.toml"
