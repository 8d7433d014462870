"""The checks of chapter 24."""

from collections.abc import Callable

import torch
from torch import Tensor

from minilm.prepare.packing import joined
from minilm.teach.check import Checks, exercise


@exercise
def cut_by_joining(attempt: Callable[[list[int], int], list[int]]) -> Checks:
    """The documents that lie in more than one row of a joined stream."""
    found = attempt([3, 5, 2, 9, 4], 6)
    yield (
        list(found) == [1, 3],
        f"[3, 5, 2, 9, 4] in rows of 6 cuts 1 and 3, yours says {list(found)}",
    )
    found = attempt([6, 6, 3, 3], 6)
    yield list(found) == [], f"rows of 6 end where [6, 6, 3, 3] do: nothing is cut, not {found}"
    found = attempt([2, 0, 5, 0], 2)
    yield list(found) == [2], f"[2, 0, 5, 0] in rows of 2 cuts number 2 alone, not {found}"
    for seed in range(3):
        sizes = torch.randint(1, 40, (50,), generator=torch.Generator().manual_seed(seed)).tolist()
        expected, found = joined(sizes, 16).cut.tolist(), list(attempt(sizes, 16))
        yield found == expected, f"{sizes[:6]}... in rows of 16 cuts {expected}, yours {found}"


@exercise
def packed_targets(attempt: Callable[[Tensor, Tensor], Tensor]) -> Checks:
    """The next id of the same document, and -100 where there is none."""
    ids, documents = torch.tensor([5, 6, 7, 8, 9, 0]), torch.tensor([0, 0, 0, 1, 1, -1])
    before = ids.clone()
    targets = attempt(ids, documents)
    yield targets.shape == ids.shape, f"(6,) goes in, {tuple(targets.shape)} came out"
    yield ids.equal(before), "the ids that were given have changed: make a new tensor"
    expected = [6, 7, -100, 9, -100, -100]
    yield (
        targets.tolist() == expected,
        f"ids {ids.tolist()} of documents {documents.tolist()} have the targets {expected}, not"
        f" {targets.tolist()}",
    )
    twice = attempt(torch.tensor([1, 2, 3, 4]), torch.tensor([0, 0, -1, -1])).tolist()
    yield (
        twice == [2, -100, -100, -100],
        f"places of padding have equal numbers and no target: [2, -100, -100, -100], not {twice}",
    )
    full = attempt(torch.tensor([1, 2, 3]), torch.tensor([4, 4, 4])).tolist()
    yield (
        full == [2, 3, -100],
        f"the last place of a full row has no target: [2, 3, -100], not {full}",
    )


@exercise
def restarted_positions(attempt: Callable[[Tensor], Tensor]) -> Checks:
    """The place of each token in its own document."""
    documents = torch.tensor([[0, 0, 0, 1, 1, -1], [7, 2, 2, 2, 2, 2]])
    positions = attempt(documents)
    yield positions.shape == (2, 6), f"(2, 6) goes in, {tuple(positions.shape)} came out"
    expected = [[0, 1, 2, 0, 1, 0], [0, 0, 1, 2, 3, 4]]
    for numbers, got, wanted in zip(documents.tolist(), positions.tolist(), expected, strict=True):
        yield got == wanted, f"documents {numbers} have the positions {wanted}, not {got}"
    one = attempt(torch.zeros(1, 5, dtype=torch.int64)).tolist()
    yield one == [[0, 1, 2, 3, 4]], f"one document fills the row: 0 to 4, not {one[0]}"


@exercise
def uneven_share(attempt: Callable[[list[int], int, int], list[int]]) -> Checks:
    """Slices of a batch for any number of ranks."""
    rows = list(range(100, 110))
    for world_size in (1, 2, 3, 4, 7, 10):
        shares = [list(attempt(rows, rank, world_size)) for rank in range(world_size)]
        joined_up = [row for share in shares for row in share]
        lost = sorted(set(rows) - set(joined_up))
        yield not lost, f"10 rows for {world_size} ranks: rows {lost} were lost"
        yield (
            len(joined_up) == len(rows),
            f"10 rows for {world_size} ranks: {len(joined_up)} were read, some twice",
        )
        yield joined_up == rows, f"10 rows for {world_size} ranks: one after the other, in order"
        sizes = [len(share) for share in shares]
        yield (
            max(sizes) - min(sizes) <= 1,
            f"10 rows for {world_size} ranks: sizes {sizes} differ by more than one",
        )
