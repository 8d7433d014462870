"""Show the mistakes that a classifier was surest of: read these before changing anything.

A score says how many answers are wrong, the list of the worst says why: labels that are wrong
themselves, irony, texts cut short, a word that misleads. What to try next comes from here.

Shapes: N items, C classes.
"""

from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minilm.errors import MinilmError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SMALLEST = 1e-12  # a probability of 0 would make the loss infinite, which no JSON can hold


class Mistake(TypedDict):
    """One wrong answer: which item, what was true, what was said and how surely."""

    index: int  # in 0..N-1
    label: int  # the true class
    predicted: int  # the most probable class
    probability: float  # that the model gave to `predicted`
    loss: float  # -ln of the probability it gave to `label`, in nats


def worst_mistakes(labels: ArrayLike, probabilities: ArrayLike, n: int = 20) -> list[Mistake]:
    """Return the n wrong answers with the largest loss, the worst first.

    (N,), (N, C) -> at most n. Raises MinilmError when the rows are not probabilities of the
    labels' classes.
    """
    truth, p = checked(labels, probabilities)
    predicted = p.argmax(axis=-1)  # (N, C) -> (N,)
    losses = -np.log(np.maximum(p[np.arange(len(truth)), truth], SMALLEST))
    wrong = np.flatnonzero(predicted != truth)
    worst = wrong[np.argsort(-losses[wrong], kind="stable")][: max(n, 0)]
    return [
        Mistake(
            index=int(i),
            label=int(truth[i]),
            predicted=int(predicted[i]),
            probability=float(p[i, predicted[i]]),
            loss=float(losses[i]),
        )
        for i in worst
    ]


def checked(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Ints, Floats]:
    """Return both as arrays if labels (N,) name columns of distributions (N, C)."""
    truth, p = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or truth.shape != p.shape[:1] or not truth.size:
        raise MinilmError(
            f"Labels {truth.shape} need probabilities of shape (N, C), one row for each, not"
            f" {p.shape}."
        )
    if truth.dtype.kind not in "biu" or truth.min() < 0:
        raise MinilmError("Labels are whole numbers from 0: the columns of the probabilities.")
    if truth.max() >= p.shape[1]:
        raise MinilmError(f"Class {truth.max()} has no column in probabilities {p.shape}.")
    if not (np.all(p >= 0) and np.allclose(p.sum(axis=1), 1, atol=1e-3)):
        raise MinilmError(
            "Each row of the probabilities must be positive and sum to one: pass"
            " logits.softmax(-1), not the logits."
        )
    return truth.astype(np.int64), p
