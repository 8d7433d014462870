"""Transfer across widths: find the learning rate on a narrow model, and keep it on a wide one.

A wider matrix sums over more inputs. If all of them move by the same learning rate, and together,
as gradients make them, then the sum moves farther the wider it is. The maximal update
parametrization (muP) gives each kind of weight the rate and the first scale at which what flows
through the network changes equally far at every width.

B batch, T position, D d_model, V vocab_size
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.transformer import Transformer
from minilm.train.adamw import AdamW
from minilm.train.muon import Muon
from minilm.train.optimizers import move


@torch.no_grad()
def start_for_width(model: Transformer, base_width: int) -> None:
    """Scale the head's first weights by base_width / D; at the base width nothing changes.

    The head sums over D coordinates that training will align, so its weights begin at 1/D; inside,
    where coordinates begin unaligned, 1/sqrt(inputs) is right, and that is how the model begins.
    Raises MinilmError for tied embeddings. Source: see `width_optimizers`.
    """
    check_untied(model)
    model.head.weight.mul_(base_width / model.config.d_model)


def width_optimizers(
    model: Transformer,
    *,
    base_width: int,
    learning_rate: float,
    muon_learning_rate: float = 0.0,
    weight_decay: float = 0.0,
) -> list[torch.optim.Optimizer]:
    """Return optimisers whose learning rates mean the same at every width.

    AdamW moves each number by about the learning rate, however small its gradient. A matrix inside
    the network and the head sum over D inputs, so their rate is divided by D / base_width;
    embeddings and vectors sum over nothing and keep it. The decay is multiplied as the rate is
    divided, so that rate times decay stays. With a `muon_learning_rate` Muon moves the matrices
    inside: its step has the same spectral norm at every width, so it needs no scaling. The sizes
    of a head and of the layers' inner width over D are to stay as they are while D grows.

    Use `start_for_width` on the new model first. A Trainer takes these in place of its own:
    `trainer.optimizers = width_optimizers(...)`. Raises MinilmError for tied embeddings, which
    would have to be an input and an output at once.

    Source: Yang et al. 2022, "Tensor Programs V", table 8 for Adam, with the head's multiplier
    moved into its first scale and its rate, which is the same model (their lemma J.1).
    """
    check_untied(model)
    ratio = model.config.d_model / base_width
    kept, divided, orthogonal = [], [], []
    for name, weight in model.named_parameters():
        kind = name.split(".")[-2]
        if weight.ndim < 2 or kind in ("embedding", "positions"):
            kept.append(weight)
        elif muon_learning_rate and kind != "head":
            orthogonal.append(weight)
        else:
            divided.append(weight)
    groups: list[dict[str, Any]] = [
        {"params": kept, "lr": learning_rate, "weight_decay": weight_decay},
        {"params": divided, "lr": learning_rate / ratio, "weight_decay": weight_decay * ratio},
    ]
    optimizers: list[torch.optim.Optimizer] = [AdamW(groups)]  # type: ignore[arg-type]
    if orthogonal:
        optimizers.append(Muon(orthogonal, lr=muon_learning_rate, weight_decay=weight_decay))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers


def check_untied(model: Transformer) -> None:
    """Raise MinilmError when input and output are one matrix."""
    if model.config.tie_embeddings:
        raise MinilmError(
            "Embedding and head need different scales to keep their meaning at every width: use"
            " tie_embeddings = false."
        )


def coordinate_check(
    model: Transformer,
    optimizers: list[torch.optim.Optimizer],
    batches: Sequence[tuple[Tensor, Tensor]],
) -> dict[str, list[float]]:
    """Train for a few steps; say how far each part's output has moved after each of them.

    `batches` are inputs and targets, (B, T) each, one pair a step; the model's answers to the first
    inputs are compared with those before any step, as a root mean square over all coordinates.
    Parts are the embedding, every attention and feed-forward layer, and the logits. Under a
    parametrization that transfers, no curve depends on the width; where one grows with it, the
    wide model's step is too long (Yang et al. 2022, appendix D.1).
    """
    probe = batches[0][0]
    before, moved = outputs(model, probe), []
    for inputs, targets in batches:
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        move(optimizers)
        moved.append(outputs(model, probe))
    return {
        part: [float((now[part] - before[part]).square().mean().sqrt()) for now in moved]
        for part in before
    }


@torch.no_grad()
def outputs(model: nn.Module, ids: Tensor) -> dict[str, Tensor]:
    """Return what each part answers to ids (B, T): (B, T, D) each, and the logits (B, T, V)."""
    answers: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda part, inputs, output: answers.__setitem__(name, output)

    hooks = [
        part.register_forward_hook(keep(name))
        for name, part in model.named_modules()
        if name.split(".")[-1] in ("embedding", "attention", "feedforward")
    ]
    try:
        logits = model(ids)
    finally:
        for hook in hooks:
            hook.remove()
    return answers | {"logits": logits}
