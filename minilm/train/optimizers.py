"""Which optimiser moves which weight, and one step of them all."""

from collections.abc import Iterable

import torch
from torch import nn

from minilm.errors import MinilmError
from minilm.train.adamw import AdamW
from minilm.train.lion import Lion
from minilm.train.muon import Muon
from minilm.train.sgd import SGD

OPTIMIZERS = {"adamw": AdamW, "lion": Lion, "sgd": SGD}
TABLES = ("embedding", "head", "positions", "router")  # a row for each token, position or expert


def make_optimizers(
    model: nn.Module,
    *,
    learning_rate: float,
    muon_learning_rate: float,
    weight_decay: float,
    optimizer: str = "adamw",
    muon: type[Muon] = Muon,
) -> list[torch.optim.Optimizer]:
    """Give the matrices inside the network to Muon and everything else to the named optimiser.

    Embeddings, the head and other tables are not Muon's: each row belongs to one token, and most
    rows have no gradient in a batch, which orthogonalising would drown. With `muon_learning_rate`
    0 the named optimiser, "adamw", "lion" or "sgd" (with momentum), moves all. Each group remembers
    its full learning rate as "peak", for schedules to scale. `muon` is Muon for matrices that are
    here, or a kind of it for those that are spread over ranks.

    Raises MinilmError for another name.
    """
    if optimizer not in OPTIMIZERS:
        names = ", ".join(f'"{name}"' for name in OPTIMIZERS)
        raise MinilmError(f"optimizer is {optimizer!r}; write one of {names} instead.")
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, weight in model.named_parameters():
        outside = weight.ndim != 2 or name.split(".")[-2] in TABLES
        (rest if outside or not muon_learning_rate else matrices).append(weight)
    optimizers: list[torch.optim.Optimizer] = [
        OPTIMIZERS[optimizer](rest, lr=learning_rate, weight_decay=weight_decay)
    ]
    if matrices:
        optimizers.append(muon(matrices, lr=muon_learning_rate, weight_decay=weight_decay))
    for one in optimizers:
        for group in one.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def move(optimizers: Iterable[torch.optim.Optimizer], factor: float = 1.0) -> None:
    """Let every optimiser take its step at `factor` times the full rates; forget the gradients."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        optimizer.step()
        optimizer.zero_grad()
