"""Solutions to the exercises of chapter 51."""

import math

import torch
from torch import Tensor


def largest_pool(states: Tensor, lengths: Tensor) -> Tensor:
    padding = torch.arange(states.shape[1]) >= lengths[:, None]  # (B, T)
    return states.masked_fill(padding[:, :, None], -math.inf).amax(dim=1)


def padding_share(lengths: list[int], batch_size: int) -> float:
    batches = [lengths[i : i + batch_size] for i in range(0, len(lengths), batch_size)]
    computed = sum(len(batch) * max(batch) for batch in batches)
    return 1 - sum(lengths) / computed


def read_along(states: Tensor) -> Tensor:
    return states.cumsum(dim=0) / torch.arange(1, len(states) + 1)[:, None]


def shared_phrases(test: list[str], read: list[str], n_words: int) -> list[int]:
    def runs(text: str) -> set[str]:
        words = text.split()
        return {" ".join(words[i : i + n_words]) for i in range(len(words) - n_words + 1)}

    known = set().union(*map(runs, read))
    return [index for index, text in enumerate(test) if runs(text) & known]
