"""The checks of chapter 51."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from minilm.teach.check import Checks, exercise


@exercise
def largest_pool(attempt: Callable[[Tensor, Tensor], Tensor]) -> Checks:
    """The largest value of each coordinate over the real positions: (B, T, D), (B,) -> (B, D)."""
    states = torch.tensor([[[1.0, -5.0], [3.0, -2.0], [9.0, 9.0]]])
    got = attempt(states, torch.tensor([3]))
    yield got.shape == (1, 2), f"states (1, 3, 2) become (1, 2), not {tuple(got.shape)}"
    yield got.tolist() == [[9.0, 9.0]], f"of three real positions the largest are 9 and 9: {got}"
    got = attempt(states, torch.tensor([2]))
    yield (
        got.tolist() == [[3.0, -2.0]],
        f"with two real positions the third is padding, and the largest are 3 and -2, not"
        f" {got[0].tolist()}",
    )
    below = -torch.rand(2, 6, 4, generator=torch.Generator().manual_seed(0)) - 1
    got, real = attempt(below, torch.tensor([2, 5])), below[1, :5].amax(dim=0)
    yield (
        bool((got < 0).all()),
        "all states are negative, and yet a 0 was the largest: zeros at the padding take part",
    )
    yield torch.equal(got[1], real), f"row 1 should be {real.tolist()}, not {got[1].tolist()}"


@exercise
def padding_share(attempt: Callable[[list[int], int], float]) -> Checks:
    """The share of all computed places that are padding, with batches cut in the given order."""
    got = attempt([2, 4], 2)
    yield (
        math.isclose(got, 0.25),
        f"texts of 2 and 4 tokens fill 6 of 2 x 4 places: a quarter is padding, not {got:.3f}",
    )
    got = attempt([2, 4], 1)
    alone = math.isclose(got, 0.0, abs_tol=1e-9)
    yield alone, f"alone in its batch, a text needs no padding, not {got:.3f}"
    got = attempt([1, 3, 10], 2)
    yield (
        math.isclose(got, 2 / 16),
        f"[1, 3] takes 6 places, [10] alone takes 10, and 2 of the 16 are padding: 0.125, not"
        f" {got:.3f}",
    )


@exercise
def read_along(attempt: Callable[[Tensor], Tensor]) -> Checks:
    """The mean of the states up to each position: (T, D) -> (T, D)."""
    states = torch.tensor([[4.0, 0.0], [0.0, 0.0], [2.0, 3.0]])
    got = attempt(states)
    yield got.shape == (3, 2), f"each of the 3 positions has its own mean: (3, 2), not {got.shape}"
    yield got[0].tolist() == [4.0, 0.0], f"after one token the mean is its state, not {got[0]}"
    yield got[1].tolist() == [2.0, 0.0], f"after two it is [2, 0], not {got[1].tolist()}"
    yield got[2].tolist() == [2.0, 1.0], f"after three it is [2, 1], not {got[2].tolist()}"
    long = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    yield (
        torch.allclose(attempt(long)[-1], long.mean(dim=0), atol=1e-5),
        "at the last of 40 positions it must be the mean over all of them",
    )


@exercise
def shared_phrases(attempt: Callable[[list[str], list[str], int], list[int]]) -> Checks:
    """The indices of the test texts that share a run of n words with a text that was read."""
    read = ["i saw it twice and would see it again", "a dull film"]
    test = ["would see it again , gladly", "a dull story", "see twice again it", "dull film a"]
    got = list(attempt(test, read, 3))
    yield got == [0], f"with runs of 3 words only text 0 shares one, yours found {got}"
    got = list(attempt(test, read, 2))
    yield got == [0, 1, 3], f'with runs of 2 words, "a dull" and "dull film" count too: {got}'
    got = list(attempt(["film i saw"], ["a dull film", "i saw it"], 3))
    yield got == [], "a run must not begin in one text and end in the next"
    got = list(attempt(["no"], ["no"], 3))
    yield got == [], "a text of one word has no run of 3 words"
