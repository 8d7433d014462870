"""The checks of chapter 30."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from minilm.teach.check import Checks, exercise


@exercise
def add_k(attempt: Callable[[Tensor, float], Tensor]) -> Checks:
    """Smoothed shares from counts: every pair is given k sightings that nobody made."""
    counts = torch.tensor([[3, 1, 0], [0, 0, 0], [10, 0, 0]])
    table = attempt(counts, 0.5)
    yield table.shape == counts.shape, f"(3, 3) goes in, {tuple(table.shape)} came out"
    sums = [round(total, 3) for total in table.sum(dim=1).tolist()]
    yield sums == [1, 1, 1], f"each row must sum to one; yours sum to {sums}: the total grows too"
    row = [round(share, 3) for share in table[0].tolist()]
    wanted = [round(share, 3) for share in (3.5 / 5.5, 1.5 / 5.5, 0.5 / 5.5)]
    yield row == wanted, f"counts of 3, 1 and 0 with k = 0.5 must give {wanted}, not {row}"
    yield (
        torch.allclose(table[1], torch.full((3,), 1 / 3)),
        f"after a token that nothing followed all are equally likely, not {table[1].tolist()}",
    )
    much = attempt(counts, 1e6)
    yield torch.allclose(much, torch.full((3, 3), 1 / 3), atol=1e-3), "a huge k drowns all counts"


@exercise
def bigram_gradient(attempt: Callable[[Tensor, Tensor], Tensor]) -> Checks:
    """The gradient of a bigram's mean loss with respect to its table, without autograd."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 5, (60,), generator=generator)
    table = torch.randn(5, 5, generator=generator, requires_grad=True)
    F.cross_entropy(table[ids[:-1]], ids[1:]).backward()  # type: ignore[no-untyped-call]
    assert table.grad is not None
    gradient = attempt(table.detach(), ids)
    yield gradient.shape == (5, 5), f"the table is (5, 5), your gradient {tuple(gradient.shape)}"
    yield (
        gradient.sum().abs().item() < 1e-4,
        "what one token gains another loses: each row of the gradient must sum to 0, yours sum to"
        f" {[round(total, 3) for total in gradient.sum(dim=1).tolist()]}",
    )
    yield (
        not torch.allclose(gradient, -table.grad, atol=1e-5),
        "every number has the wrong sign: a token that is said too often must be pulled down",
    )
    ratio = (gradient / table.grad)[:, 0]
    yield (
        torch.allclose(gradient, table.grad, atol=1e-5),
        "against autograd, your rows are too large by the factors"
        f" {[round(factor, 1) for factor in ratio.tolist()]}: how often does each token occur?",
    )


@exercise
def continuation(attempt: Callable[[Tensor, int], Tensor]) -> Checks:
    """Shares of tokens by the number of different tokens that they have followed."""
    ids = torch.tensor([0, 1, 0, 1, 0, 1, 0, 2, 3, 2, 1, 2])
    shares = attempt(ids, 5)
    yield shares.shape == (5,), f"there are 5 tokens, you return {tuple(shares.shape)}"
    yield (
        abs(float(shares.sum()) - 1) < 1e-5,
        f"shares sum to one, yours to {float(shares.sum()):.3f}",
    )
    # 0 follows {1}, 1 follows {0, 2}, 2 follows {0, 3, 1}, 3 follows {2}, 4 nothing
    got = [round(share * 7, 2) for share in shares.tolist()]
    yield (
        got == [1, 2, 3, 1, 0],
        f"in 0 1 0 1 0 1 0 2 3 2 1 2 the tokens follow 1, 2, 3, 1 and 0 different ones; you count"
        f" {got} (of 7)",
    )


@exercise
def contexts(attempt: Callable[[Tensor, int], Tensor]) -> Checks:
    """For each position, its own id and the n - 1 before it, the newest first: (T,) -> (T, n)."""
    ids = torch.tensor([7, 8, 9, 5])
    rows = attempt(ids, 3)
    yield rows.shape == (4, 3), f"4 tokens seen 3 at a time give (4, 3), not {tuple(rows.shape)}"
    yield rows[3].tolist() != [8, 9, 5], "the newest comes first: the last row is [5, 9, 8]"
    yield (
        rows[3].tolist() == [5, 9, 8],
        f"the last position sees itself and the two before, [5, 9, 8]; yours {rows[3].tolist()}",
    )
    yield (
        rows[:2].tolist() == [[7, -1, -1], [8, 7, -1]],
        f"before the beginning stands -1: the first rows are [7, -1, -1] and [8, 7, -1], yours"
        f" {rows[:2].tolist()}",
    )
    yield attempt(ids, 6).shape == (4, 6), "a window longer than the text has places to spare"
