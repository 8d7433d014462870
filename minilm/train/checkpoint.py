"""Checkpoints: everything that the next step depends on, in one file that is whole or absent."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from minilm.errors import MinilmError
from minilm.model.storage import (
    Model,
    load_tensors,
    model_tensors,
    save_tensors,
    set_model_tensors,
)
from minilm.train.progress import say

NEWEST, BEFORE = "checkpoint.safetensors", "checkpoint.before.safetensors"
Optimizers = list[torch.optim.Optimizer]


def save_checkpoint(
    path: Path | str, model: Model, optimizers: Optimizers, progress: dict[str, Any]
) -> None:
    """Write weights, optimiser state, random state and `progress` (JSON), atomically.

    The data needs no position of its own: `Batches` derives it from the step in `progress`.
    """
    tensors, groups = state_of(model, optimizers)
    save_tensors(tensors, {"groups": groups, "progress": progress}, path)


def load_checkpoint(path: Path | str, model: Model, optimizers: Optimizers) -> dict[str, Any]:
    """Restore what `save_checkpoint` wrote, in place; return its `progress`.

    Raises MinilmError when the file is missing, damaged, or belongs to another model.
    """
    tensors, about = load_tensors(path)
    restore(tensors, about["groups"], model, optimizers, path)
    progress: dict[str, Any] = about["progress"]
    return progress


def state_of(model: Model, optimizers: Optimizers) -> tuple[dict[str, Tensor], list[Any]]:
    """Return the tensors of a state by name, and the optimisers' settings."""
    tensors = {f"model.{name}": tensor for name, tensor in model_tensors(model).items()}
    tensors["random"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    groups = []
    for index, optimizer in enumerate(optimizers):
        state = optimizer.state_dict()
        groups.append(state["param_groups"])
        for weight, moments in state["state"].items():
            for name, tensor in moments.items():
                tensors[f"optimizer.{index}.{weight}.{name}"] = tensor
    return tensors, groups


def restore(
    tensors: dict[str, Tensor],
    groups: list[Any],
    model: Model,
    optimizers: Optimizers,
    path: Path | str,
) -> None:
    """Put a state back in place; `path` is where it came from, for messages."""
    weights = {name[6:]: t for name, t in tensors.items() if name.startswith("model.")}
    set_model_tensors(model, weights)
    if len(groups) != len(optimizers):
        raise MinilmError(
            f"{path} was written with other optimisers. Delete it to start again, or restore the"
            " settings that it was written with."
        )
    for index, (optimizer, settings) in enumerate(zip(optimizers, groups, strict=True)):
        state = _moments(tensors, f"optimizer.{index}.")
        optimizer.load_state_dict({"state": state, "param_groups": settings})
    torch.set_rng_state(tensors["random"].cpu())
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"].cpu())


def keep_checkpoint(
    folder: Path, model: Model, optimizers: Optimizers, progress: dict[str, Any]
) -> None:
    """Write a folder's newest checkpoint, and keep the one before it.

    The new file is complete before an old one is touched, so at every moment, and when the disk is
    full, there is a whole one.
    """
    coming = folder / "checkpoint.next.safetensors"
    save_checkpoint(coming, model, optimizers, progress)
    if (folder / NEWEST).exists():
        os.replace(folder / NEWEST, folder / BEFORE)
    os.replace(coming, folder / NEWEST)


def load_kept(
    folder: Path, model: Model, optimizers: Optimizers, *, before: bool = False
) -> dict[str, Any] | None:
    """Restore the newest checkpoint of a folder that is whole; None when there is none.

    With `before`, the one before the newest is preferred. Raises MinilmError when none is whole.
    """
    paths = [folder / name for name in ((BEFORE, NEWEST) if before else (NEWEST, BEFORE))]
    paths = [path for path in paths if path.exists()]
    for path in paths:
        try:
            tensors, about = load_tensors(path)
        except MinilmError as error:
            say(f"{error} Trying the other checkpoint.")
            continue
        restore(tensors, about["groups"], model, optimizers, path)
        progress: dict[str, Any] = about["progress"]
        return progress
    if paths:
        raise MinilmError(
            f"No checkpoint in {folder} can be read. Delete {' and '.join(p.name for p in paths)}"
            " to start again."
        )
    return None


def _moments(tensors: dict[str, Tensor], prefix: str) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            weight, moment = name.removeprefix(prefix).split(".")
            state.setdefault(int(weight), {})[moment] = tensor
    return state
