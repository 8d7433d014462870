"""Solutions to the exercises of chapter 24."""

import torch
import torch.nn.functional as F
from torch import Tensor


def cut_by_joining(lengths: list[int], capacity: int) -> list[int]:
    found, begin = [], 0
    for number, length in enumerate(lengths):
        end = begin + length
        if length and begin // capacity != (end - 1) // capacity:  # first and last token's rows
            found.append(number)
        begin = end
    return found


def packed_targets(ids: Tensor, documents: Tensor) -> Tensor:
    following = F.pad(ids[1:], (0, 1), value=-100)
    same = F.pad(documents[1:] == documents[:-1], (0, 1))  # the last place has nothing after it
    return torch.where(same & (documents >= 0), following, -100)


def restarted_positions(documents: Tensor) -> Tensor:
    places = torch.arange(documents.shape[1]).expand_as(documents)
    begins = F.pad(documents[:, 1:] != documents[:, :-1], (1, 0), value=True)
    return places - torch.where(begins, places, 0).cummax(dim=1).values


def uneven_share(rows: list[int], rank: int, world_size: int) -> list[int]:
    # Every border is rounded in the same way, so one slice ends where the next begins.
    begin, end = (len(rows) * r // world_size for r in (rank, rank + 1))
    return rows[begin:end]
