"""Solutions to the exercises of chapter 35."""

from collections.abc import Sequence

import torch
from torch import Tensor


def prefix_mask(n_source: int, n: int) -> Tensor:
    mask = torch.ones(n, n, dtype=torch.bool).tril()
    mask[:n_source, :n_source] = True
    return mask


def what_is_read(ids: Tensor, chosen: Tensor, dice: Tensor, others: Tensor, mask_id: int) -> Tensor:
    read = torch.where(chosen & (dice < 0.9), others, ids)
    return torch.where(chosen & (dice < 0.8), mask_id, read)


def taught(target: Sequence[int], end: int) -> tuple[list[int], list[int]]:
    return [end, *target], [*target, end]


def beam_step(
    drafts: list[tuple[list[int], float]], steps: Tensor, beams: int
) -> list[tuple[list[int], float]]:
    grown = [
        ([*ids, token], so_far + step)
        for (ids, so_far), row in zip(drafts, steps.tolist(), strict=True)
        for token, step in enumerate(row)
    ]
    return sorted(grown, key=lambda draft: -draft[1])[:beams]
