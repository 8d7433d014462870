"""Every rank holds a share of each weight, and borrows the rest for as long as it needs it.

FSDP2 (`fully_shard`) splits each weight by rows. Before a layer computes, its weights are gathered;
afterwards they are let go again; gradients come back averaged and split in the same way. So
weights, gradients and what the optimisers remember all shrink with the number of ranks.

M, N rows and columns of a weight; a rank holds about M / size of the rows
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import (
    HuggingFaceStorageReader,
    HuggingFaceStorageWriter,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from minilm.errors import MinilmError
from minilm.files import read_json, sha256_of, write_json
from minilm.model.storage import Model, model_tensors, set_model_tensors
from minilm.train.checkpoint import NEWEST, Optimizers, restore, state_of
from minilm.train.muon import Muon, orthogonalize
from minilm.train.parallel import Replicas
from minilm.train.progress import say

PROGRESS = "progress.json"


class SharedMuon(Muon):
    """Muon for shares of matrices: each rank makes some of the matrices orthogonal, for all ranks.

    The matrices of a shape are dealt out, one to a rank: gathered, made orthogonal by that rank
    alone, and handed back in shares. So the ranks share the work as well, and hold no more whole
    matrices at a time than there are ranks.
    """

    def split(self, weights: list[Tensor]) -> list[list[Tensor]]:
        """Return one list for each shape: the longer, the more evenly the work is shared."""
        shapes = dict.fromkeys(weight.shape for weight in weights)
        return [[weight for weight in weights if weight.shape == shape] for shape in shapes]

    def directions(self, ahead: list[Tensor]) -> list[Tensor]:
        """Make shares of matrices of one shape orthogonal, as if they were whole."""
        rank, size = dist.get_rank(), dist.get_world_size()
        directions: list[Tensor] = []
        for first in range(0, len(ahead), size):
            shares = ahead[first : first + size]
            matrices = [whole(share) for share in shares]
            if rank < len(matrices):
                matrices[rank] = orthogonalize(matrices[rank])
            for owner, (matrix, share) in enumerate(zip(matrices, shares, strict=True)):
                assert isinstance(share, DTensor)
                mesh, placements = share.device_mesh, share.placements
                directions.append(distribute_tensor(matrix, mesh, placements, src_data_rank=owner))
        return directions


class Shards(Replicas):
    """Sharding: the ranks share out weights, gradients and optimisers' memory, as well as rows."""

    muon = SharedMuon

    def place(self, model: nn.Module) -> nn.Module:
        """Split the weights over the ranks, in place, from those of rank 0; return the model.

        A model that is too large for one device may be built on the CPU: only the shares move.
        """
        for weight in model.parameters():
            dist.broadcast(weight.detach(), src=0)
        mesh = init_device_mesh(self.device.type, (self.size,))
        parts = [fully_shard(part, mesh=mesh) for part in (*layers(model), model)]
        for part in parts:
            # The first gathering makes the room for all later ones. Made in an evaluation, under
            # inference mode, it could not be trained in.
            part.unshard()
            part.reshard()
        self.sharded = parts[-1]
        return model

    def adding_up(self, *, last: bool) -> contextlib.AbstractContextManager[None]:
        self.sharded.set_requires_gradient_sync(last)
        return contextlib.nullcontext()

    def clip(self, model: nn.Module, limit: float) -> float:
        return whole(torch.nn.utils.clip_grad_norm_(model.parameters(), limit)).item()

    def keep_checkpoint(
        self, folder: Path, model: Model, optimizers: Optimizers, progress: dict[str, Any]
    ) -> None:
        """Let every rank write its shares into one new folder, and keep the one before it.

        Until all shares are on the disk, the folder has a hidden name; then it gets its own in one
        step: a checkpoint that can be seen is complete.
        """
        name = f"checkpoint-{len(progress['history'])}"
        hidden = folder / f".{name}"
        if self.rank == 0:
            for stale in folder.glob(".checkpoint-*"):
                shutil.rmtree(stale)
        dist.barrier()
        tensors, groups = state_of(model, optimizers)
        try:
            save(
                tensors, storage_writer=HuggingFaceStorageWriter(str(hidden), save_distributed=True)
            )
        except CheckpointException as error:
            reasons = "; ".join({str(reason) for reason, _ in error.failures.values()})
            raise MinilmError(
                f"{folder / name} was not written: {reasons}. The checkpoint before it is kept;"
                " mend that (a full disk?) and run the same command again."
            ) from error
        about = {"groups": groups, "progress": progress, "sha256": self.checksums(hidden)}
        if self.rank == 0:
            write_json(hidden / PROGRESS, about)
            if (folder / name).exists():  # written before a roll-back
                (folder / name).rename(folder / f".{name}-replaced")
            hidden.rename(folder / name)
            for older in checkpoints(folder)[:-2]:
                shutil.rmtree(older)
        dist.barrier()

    def load_kept(
        self, folder: Path, model: Model, optimizers: Optimizers, *, before: bool = False
    ) -> dict[str, Any] | None:
        """Restore a checkpoint, each rank the rows that are its own now; see `World.load_kept`."""
        paths = checkpoints(folder)[-2:]
        for path in paths if before else reversed(paths):
            about = read_json(path / PROGRESS)
            if self.checksums(path) != about["sha256"]:
                say(f"{path} is damaged: a checksum differs. Trying the other checkpoint.")
                continue
            reader = HuggingFaceStorageReader(str(path))
            tensors = room_for(reader.read_metadata().state_dict_metadata, model, optimizers)
            load(tensors, storage_reader=reader)
            restore(tensors, about["groups"], model, optimizers, path)
            self.check_agreement(folder, about["progress"])
            return about["progress"]
        if paths:
            raise MinilmError(
                f"No checkpoint in {folder} can be read. Delete"
                f" {' and '.join(path.name for path in paths)} to start again."
            )
        if (folder / NEWEST).exists():
            raise MinilmError(
                f"{folder} holds a checkpoint in one file. Continue it with parallel ="
                ' "ddp" or "none", or delete it to start again.'
            )
        self.check_agreement(folder, None)
        return None

    def checksums(self, folder: Path) -> dict[str, str]:
        """Return the SHA-256 of each of the folder's files of tensors; the ranks share the work."""
        names = sorted(path.name for path in folder.glob("*.safetensors"))
        mine = {name: sha256_of(folder / name) for name in names[self.rank :: self.size]}
        everyones: list[dict[str, str]] = [{}] * self.size
        dist.all_gather_object(everyones, mine)
        return {name: digest for part in everyones for name, digest in part.items()}

    def finish(self, folder: Path, model: Model) -> None:
        """Gather the weights one by one; rank 0 keeps them, and writes the model."""
        tensors = {}
        for name, weight in model_tensors(model).items():
            gathered = whole(weight)
            if self.rank == 0:
                tensors[name] = gathered.cpu()
        if self.rank == 0:
            # Sharding has put a class of its own in front of the model's.
            plain: Any = next(c for c in type(model).__mro__ if not issubclass(c, FSDPModule))
            copy = plain(model.config)
            set_model_tensors(copy, tensors)
            super().finish(folder, copy)
            for older in checkpoints(folder)[:-1]:
                shutil.rmtree(older)


def layers(module: nn.Module) -> Iterator[nn.Module]:
    """Yield what stands in the outermost lists of layers, in order.

    One layer at a time is gathered. Lists inside of layers are left whole: which of its experts a
    layer calls differs from rank to rank, and a gathering that not all take part in waits forever.
    """
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            yield from child
        else:
            yield from layers(child)


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor with the shares of all ranks; all of them have to ask for it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def checkpoints(folder: Path) -> list[Path]:
    """Return the folder's complete sharded checkpoints, oldest first."""
    return sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))


def room_for(entries: dict[str, Any], model: Model, optimizers: Optimizers) -> dict[str, Tensor]:
    """Return tensors for a checkpoint to be read into: the model's own, zeros for the rest.

    What an optimiser remembers is split as the weight that it belongs to.
    """
    tensors: dict[str, Tensor] = {
        f"model.{name}": tensor for name, tensor in model_tensors(model).items()
    }
    for name, entry in entries.items():
        kind, *place = name.split(".")
        if kind == "optimizer":
            groups = optimizers[int(place[0])].param_groups
            weight = [w for group in groups for w in group["params"]][int(place[1])]
            tensors[name] = torch.zeros_like(weight, requires_grad=False)
        elif kind != "model":
            tensors[name] = torch.zeros(entry.size, dtype=entry.properties.dtype)
    return tensors
