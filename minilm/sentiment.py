"""The task at the end of the road: tell good film reviews from bad ones, and see what reading buys.

`tune_classifiers` tries the recipe's iterations, keeps the best on the validation split, and
teaches the same network from random weights for comparison; `measure_sentiment` scores what was
kept, and two classifiers that read nothing, on the test split.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from minilm.evaluate.classification import (
    accuracy,
    bootstrap_difference,
    bootstrap_interval,
    confusion_matrix,
    macro_f1,
)
from minilm.evaluate.mistakes import worst_mistakes
from minilm.files import read_json, write_json
from minilm.model.storage import (
    load_model,
    load_tensors,
    model_tensors,
    save_tensors,
    set_model_tensors,
)
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.tokenizer import Tokenizer
from minilm.recipe import EvaluateConfig, Iteration
from minilm.train.device import choose_device
from minilm.tune.classify import Classifier, ClassifierConfig, fit_classifier, predict

LABELS = ("negative", "positive")
Folders = Mapping[str, Path]


@dataclass(frozen=True)
class Reviews:
    """Labeled texts of one split, and their token ids."""

    id: list[str]
    text: list[str]
    label: list[int]
    ids: list[list[int]]


def read_reviews(prepared: Path, split: str) -> Reviews:
    """Read the labeled reviews that the prepare stage put into a split."""
    tokenizer = Tokenizer.load(prepared / "tokenizer.json")
    lines = (prepared / split / "labelled.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return Reviews(
        id=[row["id"] for row in rows],
        text=[row["text"] for row in rows],
        label=[row["label"] for row in rows],
        ids=[tokenizer.encode(row["text"]) for row in rows],
    )


def tune_classifiers(iterations: Sequence[Iteration], folder: Path, folders: Folders) -> None:
    """Write pretrained.safetensors, scratch.safetensors and iterations.json (the log of attempts).

    A run without labeled reviews gets an empty log, and says so.
    """
    train, valid = (read_reviews(folders["prepare"], split) for split in ("train", "valid"))
    if not train.label or not valid.label:
        print("      no labeled reviews among the sources: nothing to tune", flush=True)
        write_json(folder / "iterations.json", [])
        return
    log: list[dict[str, Any]] = []
    best = (-1.0, 0.0)
    for iteration in iterations:
        config, backbone = iteration.classifier, _pretrained(folders)
        model, losses = _teach(backbone, config, train)
        probabilities = predict(model, valid.ids, config.max_tokens)
        log.append({"what": iteration.what, "why": iteration.why})
        log[-1] |= _look_at(probabilities, valid, losses)
        score = (log[-1]["accuracy"], -log[-1]["valid_loss"])  # of equals, the less surprised
        if score > best:
            best, kept = score, len(log) - 1
            save_classifier(model, config, folder / "pretrained.safetensors")
    config = iterations[kept].classifier
    torch.manual_seed(config.seed)
    model, _ = _teach(Transformer(_pretrained(folders).config), config, train)
    save_classifier(model, config, folder / "scratch.safetensors")
    log = [{**row, "kept": index == kept} for index, row in enumerate(log)]
    write_json(folder / "iterations.json", log)


def _pretrained(folders: Folders) -> Transformer:
    model = load_model(folders["train/transformer"] / "model.safetensors")
    assert isinstance(model, Transformer)
    return model


def _teach(
    backbone: Transformer, config: ClassifierConfig, train: Reviews
) -> tuple[Classifier, list[float]]:
    model = Classifier(backbone, len(LABELS), config.pooling, config.dropout)
    model.to(choose_device())
    return model, fit_classifier(model, train.ids, train.label, config)


def _look_at(probabilities: Any, valid: Reviews, losses: list[float]) -> dict[str, Any]:
    """Say how an attempt did on the validation split, and where its errors are."""
    labels, right = np.array(valid.label), probabilities.argmax(-1) == np.array(valid.label)
    lengths = np.array([len(ids) for ids in valid.ids])
    short = lengths <= np.median(lengths)
    shares = {
        "short": float(right[short].mean()),
        "long": float(right[~short].mean()) if not short.all() else float("nan"),
        "negative": float(right[labels == 0].mean()) if (labels == 0).any() else float("nan"),
        "positive": float(right[labels == 1].mean()) if (labels == 1).any() else float("nan"),
    }
    return {
        "accuracy": float(right.mean()),
        "train_loss": float(np.mean(losses[-50:])),
        "valid_loss": float(-np.log(probabilities[np.arange(len(labels)), labels] + 1e-12).mean()),
        "right": {name: share for name, share in shares.items() if share == share},
    }


def save_classifier(model: Classifier, config: ClassifierConfig, path: Path) -> None:
    """Write a classifier with all that is needed to build it again to one safetensors file."""
    tensors = {f"backbone.{name}": t for name, t in model_tensors(model.backbone).items()}
    tensors |= {f"head.{name}": t for name, t in model.head.state_dict().items()}
    about = {
        "backbone": dataclasses.asdict(model.backbone.config),
        "classifier": dataclasses.asdict(config),
    }
    save_tensors(tensors, about, path)


def load_classifier(path: Path) -> tuple[Classifier, ClassifierConfig]:
    """Build the classifier that `save_classifier` wrote."""
    tensors, about = load_tensors(path)
    config = ClassifierConfig(**about["classifier"])
    backbone = Transformer(TransformerConfig(**about["backbone"]))
    model = Classifier(backbone, len(LABELS), config.pooling, config.dropout)
    weights = {name: t for name, t in tensors.items() if name.startswith("backbone.")}
    set_model_tensors(backbone, {name.removeprefix("backbone."): t for name, t in weights.items()})
    model.head.load_state_dict({name: tensors[f"head.{name}"] for name in model.head.state_dict()})
    return model.eval(), config


def measure_sentiment(config: EvaluateConfig, folders: Folders) -> dict[str, Any] | None:
    """Score all classifiers on the test split; None when the sources held no labeled reviews."""
    from minilm.tune.baselines import bag_of_words, majority_baseline  # scikit-learn

    if not read_json(folders["tune"] / "iterations.json"):
        return None
    train, test = (read_reviews(folders["prepare"], split) for split in ("train", "test"))
    labels = np.array(test.label)
    said = {
        "Majority class": majority_baseline(train.label, len(labels)).argmax(-1),
        "Bag of words": bag_of_words(train.text, train.label, test.text).argmax(-1),
    }
    for name, file in (("From scratch", "scratch"), ("Read first", "pretrained")):
        model, settings = load_classifier(folders["tune"] / f"{file}.safetensors")
        probabilities = predict(model.to(choose_device()), test.ids, settings.max_tokens)
        said[name] = probabilities.argmax(-1)
    meanings = dict(zip(said, ("baseline", "ngram", "residual", "transformer"), strict=True))
    tuned = said["Read first"]
    return {
        "n_test": len(labels),
        "confidence": round(100 * config.confidence),
        "labels": LABELS,
        "rows": [
            {
                "name": name,
                "meaning": meanings[name],
                "accuracy": _with_interval(accuracy, labels, predicted, config),
                "macro_f1": _with_interval(macro_f1, labels, predicted, config),
            }
            for name, predicted in said.items()
        ],
        "differences": [
            _difference(f"Read first − {name.lower()}", labels, tuned, said[name], config)
            for name in ("From scratch", "Bag of words")
        ],
        "confusion": confusion_matrix(labels, tuned, len(LABELS)).tolist(),
        "mistakes": [
            {
                "id": test.id[mistake["index"]],
                "text": test.text[mistake["index"]],
                "label": LABELS[mistake["label"]],
                "probability": mistake["probability"],
            }
            for mistake in worst_mistakes(labels, probabilities, config.n_mistakes)
        ],
    }


def _with_interval(
    metric: Any, labels: Any, predicted: Any, config: EvaluateConfig
) -> dict[str, float]:
    low, high = bootstrap_interval(metric, labels, predicted, config.n_resamples, config.confidence)
    return {"value": float(metric(labels, predicted)), "low": low, "high": high}


def _difference(
    name: str, labels: Any, first: Any, second: Any, config: EvaluateConfig
) -> dict[str, Any]:
    """Compare two classifiers on the same reviews, so that hard reviews count for both."""
    low, high = bootstrap_difference(
        accuracy, labels, first, second, config.n_resamples, config.confidence
    )
    value = float(accuracy(labels, first)) - float(accuracy(labels, second))
    luck = low <= 0 <= high
    return {
        "name": name,
        "value": value,
        "low": low,
        "high": high,
        "reading": "within the luck of this test set" if luck else "more than luck",
    }
