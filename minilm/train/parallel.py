"""Many processes, one training: each reads its share of the batch, and their gradients become one.

A process is a *rank* of a *world*; torchrun starts them all with the same command and tells each
its number. In data parallelism ("ddp") every rank holds the whole model; with sharding ("fsdp", in
`minilm.train.sharded`) each holds a share of it. Either way a step is that of one process that
reads the whole batch. (Nearly, for a mixture of experts: each rank balances its own rows.)
"""

import atexit
import contextlib
import datetime
import os
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from minilm.errors import MinilmError
from minilm.model.storage import Model, save_model
from minilm.train.checkpoint import BEFORE, Optimizers, keep_checkpoint, load_kept
from minilm.train.device import choose_device
from minilm.train.muon import Muon

PATIENCE = 600.0  # seconds that a rank waits for the others before it gives up


class World:
    """A process that trains alone, and all that is done in another way when others join in.

    `rank` is the number of this process, of `size`; `device` is where it computes. What writes or
    speaks is rank 0, for all. `muon` is the class that orthogonalises where this process holds its
    matrices.
    """

    muon = Muon

    def __init__(self, device: torch.device, rank: int = 0, size: int = 1) -> None:
        self.device, self.rank, self.size = device, rank, size

    def writes(self, folder: Path | None) -> Path | None:
        """Return the folder if this rank is to write there, else None."""
        return folder if self.rank == 0 else None

    def place(self, model: nn.Module) -> nn.Module:
        """Put a model where this rank computes; return what to call for a loss to learn from.

        `model` itself stays what one evaluates, samples from and saves. All ranks start from the
        weights of rank 0.
        """
        return model.to(self.device)

    def adding_up(self, *, last: bool) -> contextlib.AbstractContextManager[None]:
        """Return the context of one mini-batch, forward and backward.

        Gradients travel once a step, after the last mini-batch; what arrives is their mean.
        """
        return contextlib.nullcontext()

    def sum(self, value: float) -> float:
        """Add a number up over all ranks, in float64: each rank gets the same total."""
        return value

    def largest(self, value: int) -> int:
        """Return the largest of all ranks' numbers."""
        return value

    def clip(self, model: nn.Module, limit: float) -> float:
        """Shorten all gradients together to the limit; return how long they were."""
        return torch.nn.utils.clip_grad_norm_(model.parameters(), limit).item()

    def keep_checkpoint(
        self, folder: Path, model: Model, optimizers: Optimizers, progress: dict[str, Any]
    ) -> None:
        """Write all that the next step depends on: whole, or not at all."""
        keep_checkpoint(folder, model, optimizers, progress)

    def load_kept(
        self, folder: Path, model: Model, optimizers: Optimizers, *, before: bool = False
    ) -> dict[str, Any] | None:
        """Restore the newest checkpoint; return its progress, None when there is none.

        How many ranks wrote it does not matter. With `before`, the one before it is preferred.
        """
        if any(folder.glob("checkpoint-*")):
            raise MinilmError(
                f'{folder} holds a checkpoint in shards. Continue it with parallel = "fsdp", which'
                " one process can do as well, or delete it to start again."
            )
        return load_kept(folder, model, optimizers, before=before)

    def finish(self, folder: Path, model: Model) -> None:
        """Write the finished model to one file, for one process to load."""
        save_model(model, folder / "model.safetensors")
        (folder / BEFORE).unlink(missing_ok=True)


class Replicas(World):
    """Data parallelism: every rank holds the whole model and makes the same step as all others."""

    def place(self, model: nn.Module) -> nn.Module:
        self.replica = DistributedDataParallel(model.to(self.device), gradient_as_bucket_view=True)
        return self.replica

    def adding_up(self, *, last: bool) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if last else self.replica.no_sync()

    def sum(self, value: float) -> float:
        total = torch.tensor(value, dtype=torch.float64)
        dist.all_reduce(total)
        return total.item()

    def largest(self, value: int) -> int:
        most = torch.tensor(value)
        dist.all_reduce(most, dist.ReduceOp.MAX)
        return int(most)

    def keep_checkpoint(
        self, folder: Path, model: Model, optimizers: Optimizers, progress: dict[str, Any]
    ) -> None:
        if self.rank == 0:
            super().keep_checkpoint(folder, model, optimizers, progress)

    def load_kept(
        self, folder: Path, model: Model, optimizers: Optimizers, *, before: bool = False
    ) -> dict[str, Any] | None:
        progress = super().load_kept(folder, model, optimizers, before=before)
        self.check_agreement(folder, progress)
        return progress

    def check_agreement(self, folder: Path, progress: dict[str, Any] | None) -> None:
        """Raise MinilmError unless all ranks have come to the same step."""
        steps = len(progress["history"]) if progress else 0
        if self.largest(steps) != -self.largest(-steps):
            raise MinilmError(
                f"The processes do not find the same checkpoint in {folder}. Let them all see one"
                " folder: give --out a place on a file system that the hosts share."
            )

    def finish(self, folder: Path, model: Model) -> None:
        if self.rank == 0:
            super().finish(folder, model)


def rank_and_size() -> tuple[int, int]:
    """Return this process's rank and the number of ranks, as torchrun says; (0, 1) without it."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def join(parallel: str = "none", device: str = "auto", patience: float = PATIENCE) -> World:
    """Find the other ranks and return the world that they make; wait until all are there.

    On GPUs, the ranks of a host take one each and talk through NCCL; on CPUs they talk through
    gloo. A process that was started by itself is a world of its own, so that the same settings run
    on one device and on many. A rank that waits for another longer than `patience` seconds fails
    instead of waiting forever; torchrun then ends all.

    Raises MinilmError when several processes were started and `parallel` does not say what for, and
    when a host has fewer GPUs than processes.
    """
    if parallel not in ("none", "ddp", "fsdp"):
        raise MinilmError(f'parallel is {parallel!r}; write "none", "ddp" or "fsdp" instead.')
    rank, size = rank_and_size()
    if parallel == "none" and size > 1:
        raise MinilmError(
            f"{size} processes were started, and each would train a model of its own. Set"
            ' parallel = "ddp" under [train], and they train one together; or "fsdp", if the model'
            " is too large for one of them."
        )
    chosen = own_device(choose_device(device), size)
    if parallel == "fsdp":
        from minilm.train.sharded import Shards  # a second that nobody else should wait for

        open_group(chosen, rank, size, patience)
        return Shards(chosen, rank, size)
    if size == 1:
        return World(chosen)
    open_group(chosen, rank, size, patience)
    return Replicas(chosen, rank, size)


def open_group(device: torch.device, rank: int, size: int, patience: float) -> None:
    """Connect the ranks, once in the life of a process."""
    if dist.is_initialized():
        return
    timeout = datetime.timedelta(seconds=patience)
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
        rank=rank,
        world_size=size,
        store=meeting_point(rank, size, timeout),
        timeout=timeout,
    )
    atexit.register(close_group)


def meeting_point(rank: int, size: int, timeout: datetime.timedelta) -> Any:
    """Return the store in which the ranks leave their addresses for each other.

    After a restart, torchrun hands out the store of the life before, addresses of the dead included
    (pytorch issue 135712), so each life writes under a name of its own. The agents of several hosts
    may count their restarts differently: there torchrun has to open a new store each time, which
    TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 tells it, as `launch/torchrun.sh` does.
    """
    if size == 1:
        return dist.HashStore()  # type: ignore[attr-defined]  # alone there is nobody to meet
    store, _, _ = next(rendezvous("env://", rank, size, timeout=timeout))
    store.set_timeout(timeout)
    shared = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    life = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") if shared else "0"
    return dist.PrefixStore(f"minilm/{life}", store)  # type: ignore[attr-defined]


def close_group() -> None:
    """Take leave of the other ranks, if there are any."""
    if dist.is_initialized():
        dist.destroy_process_group()


def own_device(device: torch.device, size: int) -> torch.device:
    """Return the device of this rank: the ranks of a host have its GPUs to themselves, one each."""
    local_rank = int(os.environ.get("LOCAL_RANK", 0))
    if device.type == "mps" and size > 1:
        raise MinilmError('Several processes cannot share an mps device. Set device = "cpu".')
    if device.type != "cuda" or size == 1:
        return device
    if local_rank >= torch.cuda.device_count():
        raise MinilmError(
            f"Process {local_rank} of this host (counted from 0) has no GPU: there are"
            f" {torch.cuda.device_count()}. Start torchrun with --nproc-per-node gpu."
        )
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)
