"""Measure how surprised a model is by each token when it sees all the others, on both sides.

N tokens in the text, L in a window, P places that are asked for at once, V vocab
"""

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional

from minilm.errors import MinilmError
from minilm.evaluate.language import Model, device_of, evaluating


def pseudo_losses(
    model: Model,
    ids: ArrayLike | Tensor,
    context_length: int,
    mask_id: int,
    batch_size: int = 64,
) -> Tensor:
    """Hide one token at a time and ask for it from the rest of its window: (N,) -> (N,) nats.

    The exponential of the mean is the pseudo-perplexity. It takes one reading of the window for
    each token. It compares masked models with one another, not with models that write: these
    probabilities have all seen one another's tokens, and their product is no probability of the
    text.

    Raises MinilmError for an empty text. Source: Salazar et al. 2020, "Masked Language Model
    Scoring", section 2.
    """
    text = torch.as_tensor(ids).to(device_of(model), torch.int64)
    if text.ndim != 1 or not len(text):
        raise MinilmError(f"One sequence (N,) of tokens is needed, not shape {tuple(text.shape)}.")
    losses: list[Tensor] = []
    with evaluating(model):
        for window in torch.split(text, context_length):  # (N,) -> (L,)
            for places in torch.split(torch.arange(len(window), device=text.device), batch_size):
                each = torch.arange(len(places), device=text.device)
                rows = window.repeat(len(places), 1)  # (L,) -> (P, L)
                rows[each, places] = mask_id
                logits = model(rows)[each, places]  # (P, L, V) -> (P, V)
                losses.append(
                    functional.cross_entropy(logits.float(), window[places], reduction="none").cpu()
                )
    return torch.cat(losses)
