"""A build by many processes: rank 0 walks the road, the others join in where training begins.

    torchrun --standalone --nproc-per-node 2 -m minilm train --out runs/laptop

Training is what many devices are for. Every other stage is work for one process, done before or
afterwards by the same command without torchrun.
"""

import dataclasses
from pathlib import Path
from typing import Any

import torch.distributed as dist

from minilm.build import Folders, Stage, build
from minilm.errors import MinilmError
from minilm.recipe import Recipe
from minilm.train.parallel import join, rank_and_size

LOST = ("onnection closed", "onnection reset", "imed out", "NCCL", "Broken pipe")


def started_by_torchrun() -> bool:
    """Whether this process is one of several."""
    return rank_and_size()[1] > 1


def build_together(recipe: Recipe, out: Path, stages: tuple[Stage, ...], goal: str) -> None:
    """Build as `minilm.build.build` does, every rank of torchrun in its part.

    Raises MinilmError when `parallel` in the recipe does not say how to share the work, when a
    stage is due that is not training, and on every rank that loses the others.
    """
    world = join(recipe.train.parallel, recipe.train.device)
    try:
        if world.rank == 0:
            build(recipe, out, tuple(announced(stage) for stage in stages), goal)
            tell("")
        else:
            follow(recipe, out, stages)
    except RuntimeError as error:
        if not any(sign in str(error) for sign in LOST):
            raise
        raise MinilmError(
            "lost the other processes: one of them has failed, or is waiting for something; look"
            " for its message. The last checkpoint is kept, and the same command continues from it."
        ) from error


def announced(stage: Stage) -> Stage:
    """Return the stage that tells the other ranks before it begins; refuse what is not training."""

    def body(settings: Any, folder: Path, folders: Folders) -> None:
        if not stage.name.startswith("train/"):
            tell("")
            raise MinilmError(
                f"{stage.name} is work for one process. Run `minilm {stage.name} --out"
                f" {folder.parent}` without torchrun first, with the same recipe."
            )
        tell(stage.name)
        stage.body(settings, folder, folders)

    return dataclasses.replace(stage, body=body)


def follow(recipe: Recipe, out: Path, stages: tuple[Stage, ...]) -> None:
    """Take part in each stage that rank 0 announces, until it says that there are no more."""
    by_name = {stage.name: stage for stage in stages}
    while name := tell():
        stage = by_name[name]
        folders = {needed: out / needed for needed in stage.needs}
        stage.body(stage.settings(recipe), out / name, folders)


def tell(name: str = "") -> str:
    """Send a stage's name from rank 0 to all others; return it, on every rank."""
    message = [name]
    dist.broadcast_object_list(message, src=0)
    return message[0]
