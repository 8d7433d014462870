"""The checks of chapter 43."""

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.teach.check import Checks, exercise
from minilm.teach.patients import UNSEEN, Patient, Text, admit, reveal

Model = Callable[[Tensor], Tensor]


@exercise
def sees_ahead(attempt: Callable[[Model, Tensor, int], int]) -> Checks:
    """How many positions ahead a model sees: 0 for one that is causal."""
    ids = torch.tensor([[3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 2, 7]])
    for ahead in (0, 1, 3):
        found = attempt(looking(ahead), ids, 8)
        yield (
            found == ahead,
            f"this model's output at t depends on the inputs up to t + {ahead}; you found {found}",
        )
    found = attempt(lambda x: F.one_hot(x.roll(-2, dims=1) % 2, 2).float(), ids, 8)
    yield (
        found == 2,
        f"this one looks 2 ahead at whether an id is odd, which no gradient shows; found {found}",
    )
    before = ids.clone()
    attempt(looking(1), ids, 8)
    yield ids.equal(before), "your probe changed the ids that it was given: work on a copy"


def looking(ahead: int) -> Model:
    """A model whose output at t is the sum of all ids up to t + ahead."""

    def model(ids: Tensor) -> Tensor:
        sums = ids.double().sin().cumsum(dim=1)  # (B, T)
        places = torch.arange(ids.shape[1]).add(ahead).clamp(max=ids.shape[1] - 1)
        return sums[:, places, None]  # (B, T, 1)

    return model


class Pupil:
    """Something that learns one batch down to a floor, or does not."""

    def __init__(self, rate: float, floor: float) -> None:
        self.rate, self.floor, self.now, self.batches = rate, floor, 3.0, set[int]()

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return a batch that names its step."""
        return torch.full((2, 4), step), torch.full((2, 4), step)

    def step(self, inputs: Tensor, targets: Tensor) -> float:
        """Learn; the loss is that of before the step."""
        self.batches.add(int(inputs[0, 0]))
        loss, self.now = self.now, self.floor + (self.now - self.floor) * self.rate
        return loss


@exercise
def overfits(attempt: Callable[[Patient], bool]) -> Checks:
    """Whether a fresh patient can learn one batch by heart: a loss below 1 within 60 steps."""
    for rate, floor, wanted in ((0.9, 0.2, True), (0.9, 1.5, False), (0.995, 0.2, False)):
        pupil = Pupil(rate, floor)
        answer = attempt(pupil)  # type: ignore[arg-type]
        after = floor + (3 - floor) * rate**60
        yield (
            answer is wanted,
            f"after 60 steps this loss is {after:.2f}: the answer is {wanted}, not {answer}",
        )
        yield len(pupil.batches) == 1, "it is one batch, again and again; yours changed"
    answer = attempt(Pupil(1.0, math.nan))  # type: ignore[arg-type]
    yield answer is False, f"a loss that is not a number is not below 1: False, not {answer}"


class Broken(nn.Module):
    """Multiplies by infinity, or by one."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


@exercise
def first_bad_layer(attempt: Callable[[nn.Module, Tensor], str]) -> Checks:
    """The name of the first layer whose output is not finite; "" if there is none."""
    x = torch.linspace(-1, 1, 6).view(2, 3)
    cases: Iterable[tuple[list[float], str]] = (
        ([1, 1, 1], ""),
        ([1, math.inf, 1], "1"),
        ([1, 1, math.nan], "2"),
        ([math.nan, math.inf, 1], "0"),
    )
    for factors, wanted in cases:
        model = nn.Sequential(*(Broken(factor) for factor in factors))
        found = attempt(model, x)
        yield (
            found == wanted,
            f"factors {factors}: the first bad layer is {wanted!r}, not {found!r}",
        )
    model = nn.Sequential(nn.Linear(3, 3), nn.Sequential(Broken(math.inf), Broken(1)))
    found = attempt(model, x)
    yield found == "1.0", f"layers inside of layers have dotted names: '1.0', not {found!r}"
    left = sum(len(part._forward_hooks) for part in model.modules())
    yield left == 0, f"{left} hooks are still there: remove them, or they look at every later call"


@exercise
def diagnose(attempt: Callable[[Patient], str]) -> Checks:
    """Which of the ten faults a patient has, or "healthy", from any reading but the source."""
    text = Text()
    for letter in ("healthy", *UNSEEN):
        patient = admit(letter, text).train(12)
        truth = "healthy" if letter == "healthy" else reveal(letter)[0]
        patient.name = "?"
        said = attempt(patient)
        yield said == truth, f"patient {letter} is not {said!r}: look at it again"
