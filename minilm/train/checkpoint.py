"""Checkpoints: everything that the next step depends on, in one file that is whole or absent."""

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


def save_checkpoint(
    path: Path | str,
    model: Model,
    optimizers: list[torch.optim.Optimizer],
    progress: dict[str, Any],
) -> None:
    """Write weights, optimiser state, random state and `progress` (JSON), atomically.

    The data needs no position of its own: `Batches` derives it from the step in `progress`.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model_tensors(model).items()}
    tensors["random"] = torch.get_rng_state()
    groups = []
    for index, optimizer in enumerate(optimizers):
        state = optimizer.state_dict()
        groups.append(state["param_groups"])
        for weight, moments in state["state"].items():
            for name, tensor in moments.items():
                tensors[f"optimizer.{index}.{weight}.{name}"] = tensor
    save_tensors(tensors, {"groups": groups, "progress": progress}, path)


def load_checkpoint(
    path: Path | str, model: Model, optimizers: list[torch.optim.Optimizer]
) -> dict[str, Any]:
    """Restore what `save_checkpoint` wrote, in place; return its `progress`.

    Raises MinilmError when the file is missing, damaged, or belongs to another model.
    """
    tensors, about = load_tensors(path)
    weights = {name[6:]: t for name, t in tensors.items() if name.startswith("model.")}
    set_model_tensors(model, weights)
    if len(about["groups"]) != len(optimizers):
        raise MinilmError(
            f"{path} was written with other optimisers. Delete it to start again, or restore the"
            " settings that it was written with."
        )
    for index, (optimizer, groups) in enumerate(zip(optimizers, about["groups"], strict=True)):
        state = _moments(tensors, f"optimizer.{index}.")
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    torch.set_rng_state(tensors["random"])
    progress: dict[str, Any] = about["progress"]
    return progress


def _moments(tensors: dict[str, Tensor], prefix: str) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            weight, moment = name.removeprefix(prefix).split(".")
            state.setdefault(int(weight), {})[moment] = tensor
    return state
