"""Measure how surprised a language model is by text it has not seen.

A model that gave the right token the probability p has lost -ln p nats on it. Everything else on
this page is an average of these losses:

- perplexity, exp(mean loss per token): among how many equally likely tokens the model seems to
  choose. It depends on what a token is: cut the same text into fewer, longer tokens, and every
  token is harder to guess. Two models with different tokenizers cannot be compared by it.
- bits per byte, the sum of the losses in bits over the bytes of the text: the size of the file if
  the model were used as a compressor, in bits for each byte of the original. The text has the same
  number of bytes for every tokenizer, and so this compares any two models, and gzip as well.

Shapes: N tokens in the text, B windows in a batch, L tokens in a window, V vocab.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from minilm.errors import MinilmError

Model = Callable[[Tensor], Tensor]  # ids (B, L) -> logits (B, L, V)


def token_losses(
    model: Model,
    ids: ArrayLike | Tensor,
    context_length: int,
    stride: int | None = None,
    batch_size: int = 16,
    progress: bool = False,
) -> Tensor:
    """Let the model predict every token of a text from those before it: (N,) -> (N - 1,) nats.

    The first token has nothing before it and is not predicted; every other is predicted once, by
    a window over the text that moves on by `stride` tokens and judges only what is new in it.
    After the first window, every token has at least context_length - stride + 1 tokens before it.
    The default stride, half a context, reads the text twice. A whole context reads it once, but
    starts each window from nothing, which makes the model look worse than it is.

    A module is put in evaluation mode, and back in its own afterwards. One batch of logits is held
    at a time; the result is float32 on the CPU. `progress` draws a bar.

    Raises MinilmError for fewer than two tokens, and for a stride outside 1..context_length.
    """
    if batch_size < 1:
        raise MinilmError(f"batch_size must be at least 1, not {batch_size}.")
    text = torch.as_tensor(ids).to(device_of(model), torch.int64)
    if stride is None:
        stride = max(context_length // 2, 1)
    starts, n_new = windows(text, context_length, stride)
    offsets = torch.arange(min(context_length, len(text) - 1), device=text.device)  # (L,)
    losses: list[Tensor] = []
    with evaluating(model), tqdm(total=len(text) - 1, unit="token", disable=not progress) as bar:
        for start in range(0, len(starts), batch_size):
            batch = slice(start, start + batch_size)
            places = torch.tensor(starts[batch], device=text.device)[:, None] + offsets  # (B, L)
            losses += window_losses(model, text[places], text[places + 1], n_new[batch])
            bar.update(sum(n_new[batch]))
    return torch.cat(losses)  # (N - 1,)


def window_losses(model: Model, ids: Tensor, targets: Tensor, n_new: list[int]) -> list[Tensor]:
    """Return the losses of the last n_new[b] targets of each window, (B, L), (B, L) -> B tensors.

    The logits are turned into losses one window at a time, which spares a copy of them all.
    """
    rows = zip(model(ids), targets, n_new, strict=True)  # (B, L, V) -> B times (L, V)
    return [
        functional.cross_entropy(logits[-new:].float(), row[-new:], reduction="none").cpu()
        for logits, row, new in rows
    ]


def windows(text: Tensor, context_length: int, stride: int) -> tuple[list[int], list[int]]:
    """Return where each window over a text (N,) starts, and how many of its targets are new.

    The last window is moved back so that it ends with the text: all windows have one length, and
    its tokens get more context instead of less.
    """
    if text.ndim != 1 or len(text) < 2:
        raise MinilmError(
            f"To predict a text takes one sequence (N,) of two or more tokens, not shape"
            f" {tuple(text.shape)}."
        )
    if not 1 <= stride <= context_length:
        raise MinilmError(
            f"A stride of {stride} does not fit a context of {context_length} tokens: choose one"
            f" from 1 to {context_length}."
        )
    n_targets = len(text) - 1
    length = min(context_length, n_targets)
    ends = [*range(length, n_targets, stride), n_targets]
    starts = [end - length for end in ends]
    n_new = [end - before for before, end in pairwise([0, *ends])]
    return starts, n_new


def perplexity(losses: ArrayLike | Tensor) -> float:
    """Return exp(mean loss): among how many equally likely tokens the model seems to choose.

    `losses` are in nats, one a token. A model that knows nothing has a perplexity of V. Compare it
    only between models with the same tokenizer.
    """
    with np.errstate(over="ignore"):
        return float(np.exp(mean_of(losses)))


def bits_per_byte(losses: ArrayLike | Tensor, n_bytes: int) -> float:
    """Return how many bits the model needs for each byte of the text, whatever its tokenizer.

    `losses` are in nats, one a token; `n_bytes` counts the UTF-8 bytes of the predicted tokens
    (`token_lengths[ids[1:]].sum()`: the first token is not predicted). 8 is no compression at all.
    """
    if n_bytes <= 0:
        raise MinilmError(f"n_bytes must be the positive size of the text, not {n_bytes}.")
    values = np.asarray(losses, dtype=np.float64)
    return mean_of(values) * values.size / math.log(2) / n_bytes


def mean_of(losses: ArrayLike | Tensor) -> float:
    """Return the mean in float64: millions of float32 losses would lose digits."""
    values = np.asarray(losses, dtype=np.float64)
    if values.size == 0:
        raise MinilmError("There are no losses to average: the text had no predicted token.")
    return float(values.mean())


def device_of(model: Model) -> torch.device:
    """Return where a model's parameters are; a plain function computes on the CPU."""
    parameters = model.parameters() if isinstance(model, torch.nn.Module) else iter(())
    return next((parameter.device for parameter in parameters), torch.device("cpu"))


@contextlib.contextmanager
def evaluating(model: Model) -> Iterator[None]:
    """Switch dropout and gradients off, and every part back to its own mode afterwards."""
    parts = list(model.modules()) if isinstance(model, torch.nn.Module) else []
    modes = [part.training for part in parts]
    try:
        for part in parts:
            part.training = False
        with torch.inference_mode():
            yield
    finally:
        for part, mode in zip(parts, modes, strict=True):
            part.training = mode
