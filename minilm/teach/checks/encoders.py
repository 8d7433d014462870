"""The checks of chapter 35."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from minilm.teach.check import Checks, exercise

Draft = tuple[list[int], float]


@exercise
def prefix_mask(attempt: Callable[[int, int], Tensor]) -> Checks:
    """A source read both ways, and a target behind it that sees all before it."""
    mask = attempt(3, 5)
    yield mask.shape == (5, 5), f"for 5 tokens the mask is (5, 5), not {tuple(mask.shape)}"
    yield mask.dtype == torch.bool, f"a mask holds True and False, yours holds {mask.dtype}"
    yield bool(mask[:3, :3].all()), "inside the source every token may look at every other"
    leaks = mask[:3, 3:].nonzero().tolist()
    yield (
        not leaks,
        f"the source looks at the target, at position {3 + (leaks or [[0, 0]])[0][1]}",
    )
    yield bool(mask[3:, :3].all()), "the target may look at all of the source"
    future = mask.triu(diagonal=1)[3:].nonzero().tolist()
    yield not future, "the target looks into its own future"
    yield bool(mask.diagonal().all()), "a token may look at itself: the diagonal must be True"
    yield attempt(0, 4).equal(torch.ones(4, 4).tril() > 0), "without a source it is the causal mask"
    yield bool(attempt(4, 4).all()), "without a target it is the encoder's mask"


@exercise
def what_is_read(attempt: Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor]) -> Checks:
    """Of the chosen tokens 80 % become the mask, 10 % another token, and 10 % stay."""
    ids, others = torch.arange(10, 20), torch.arange(50, 60)
    chosen = torch.tensor([1, 1, 1, 1, 1, 0, 0, 1, 1, 0], dtype=torch.bool)
    dice = torch.tensor([0.0, 0.79, 0.80, 0.89, 0.90, 0.1, 0.85, 0.99, 0.5, 0.95])
    before = ids.clone()
    read = attempt(ids, chosen, dice, others, 99)
    yield ids.equal(before), "the ids that were given have changed: work on a copy"
    yield read.shape == ids.shape, f"(10,) goes in, {tuple(read.shape)} came out"
    left = (read != ids) & ~chosen
    yield not left.any(), f"position {int(left.int().argmax())} was not chosen, and yet it changed"
    for place, wanted, why in [
        (0, 99, "below 0.8 the mask is read"), (1, 99, "0.79 is below 0.8: the mask is read"),
        (2, 52, "from 0.8 on another token is read"), (3, 53, "0.89 is still another token"),
        (4, 14, "from 0.9 on the token stays"), (7, 17, "from 0.9 on the token stays"),
    ]:  # fmt: skip
        yield (
            int(read[place]) == wanted,
            f"a chosen token with dice {dice[place]:.2f}: {why}, {wanted}, not {int(read[place])}",
        )
    yield int(read[8]) == 99, "a later chosen token was forgotten"


@exercise
def taught(attempt: Callable[[Sequence[int], int], tuple[list[int], list[int]]]) -> Checks:
    """What the decoder reads and what it is asked for, shifted by one."""
    inputs, targets = attempt([4, 5, 6], 9)
    yield (
        len(inputs) == len(targets),
        f"each position that reads is asked: {len(inputs)} inputs, {len(targets)} targets",
    )
    yield inputs[0] == 9, f"the first thing read is the end token as a start, 9, not {inputs[0]}"
    yield (
        targets[0] == 4,
        f"before anything is written the first token, 4, is asked for, not {targets[0]}",
    )
    yield targets[-1] == 9, f"the last thing asked for is the end, 9, not {targets[-1]}"
    yield (
        inputs[1:] == targets[:-1],
        f"each position reads what the one before was asked for: {inputs[1:]}, {targets[:-1]}",
    )
    yield (list(inputs), list(targets)) == ([9, 4, 5, 6], [4, 5, 6, 9]), f"{inputs}, {targets}"
    empty = attempt([], 9)
    yield (list(empty[0]), list(empty[1])) == ([9], [9]), "an empty target is an end at once"


@exercise
def beam_step(attempt: Callable[[list[Draft], Tensor, int], list[Draft]]) -> Checks:
    """One step of beam search: continue every draft by every token, keep the best few."""
    drafts: list[Draft] = [([0], math.log(0.6)), ([1], math.log(0.4))]
    steps = torch.tensor([[0.5, 0.3, 0.2], [0.05, 0.9, 0.05]]).log()
    best = attempt(drafts, steps, 2)
    yield len(best) == 2, f"two beams keep 2 drafts, not {len(best)}"
    yield (
        best[0][0] == [1, 1],
        f"the best is [1, 1] with 0.4 x 0.9 = 0.36, not {best[0][0]}: compare whole texts",
    )
    yield (
        math.isclose(best[0][1], math.log(0.36), abs_tol=1e-4),
        f"log probabilities of steps are added to that of the draft: {math.log(0.36):.3f}, not"
        f" {best[0][1]:.3f}",
    )
    yield best[1][0] == [0, 0], f"the second is [0, 0] with 0.30, not {best[1][0]}"
    steps = torch.tensor([[0.4, 0.35, 0.25], [0.4, 0.3, 0.3]]).log()
    both = attempt([([0], math.log(0.9)), ([1], math.log(0.1))], steps, 2)
    yield (
        [ids for ids, _ in both] == [[0, 0], [0, 1]],
        f"both of the best may come from one draft: [0, 0] and [0, 1], not {[i for i, _ in both]}",
    )
    yield drafts == [([0], math.log(0.6)), ([1], math.log(0.4))], "the drafts given have changed"
    few = attempt([([], 0.0)], torch.tensor([[0.9, 0.1]]).log(), 5)
    yield len(few) == 2, f"there are only 2 continuations for 5 beams: keep 2, not {len(few)}"
