"""Count right and wrong answers of a classifier, and say how sure the score is.

All scores read off one table, the confusion matrix: for each true class, how often each class was
predicted. And each score is one draw of luck: other test texts would have given another. The
bootstrap shows how different, by scoring many resampled copies of the test set. Every function
works along the last axis, so that a stack of resampled copies is scored in one call.

Shapes: N test items, C classes, R resampled copies of the test set; "..." is nothing for one test
set, or R for a stack.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minilm.errors import MinilmError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Metric = Callable[[Ints, Ints], float | Floats]  # (..., N), (..., N) -> (...)

CELLS_AT_ONCE = 2**22  # resampled items held in memory at a time, 32 MB


class Scores(NamedTuple):
    """Precision, recall and F1 of each class, each (..., C)."""

    precision: Floats
    recall: Floats
    f1: Floats


def confusion_matrix(labels: ArrayLike, predictions: ArrayLike, n_classes: int) -> Ints:
    """Count how often each true class (row) was predicted as each class (column).

    (..., N), (..., N) -> (..., C, C). Raises MinilmError for classes outside 0..C-1.
    """
    truth, guesses = checked(labels, predictions)
    low, high = min(truth.min(), guesses.min()), max(truth.max(), guesses.max())
    if low < 0 or high >= n_classes:
        wrong = low if low < 0 else high
        raise MinilmError(f"Class {wrong} is outside 0..{n_classes - 1}: is n_classes right?")
    stack, n_cells = truth.shape[:-1], n_classes**2
    cells = (truth * n_classes + guesses).reshape(-1, truth.shape[-1])  # (R, N)
    cells += n_cells * np.arange(len(cells))[:, None]  # each copy counts in a range of its own
    counts = np.bincount(cells.ravel(), minlength=len(cells) * n_cells)
    return counts.reshape(*stack, n_classes, n_classes)


def accuracy(labels: ArrayLike, predictions: ArrayLike) -> float | Floats:
    """Return the share of right answers, (..., N), (..., N) -> (...).

    Its yardstick is the share of the most frequent class, which needs no model.
    """
    truth, guesses = checked(labels, predictions)
    return number_or_stack((truth == guesses).mean(axis=-1))


def precision_recall_f1(labels: ArrayLike, predictions: ArrayLike, n_classes: int = 2) -> Scores:
    """Return three scores of each class: precision, recall, and F1, their harmonic mean.

    Precision: of the items predicted as this class, the share that belongs to it. Recall: of the
    items that belong to it, the share that was found. (..., N), (..., N) -> three (..., C).

    Where nothing was predicted as the class, its precision
    is undefined and counts 0; likewise the recall of a class that never occurs, and the F1 of both
    (scikit-learn's zero_division=0). Two classes: index 1 holds the scores of "positive".
    """
    matrix = confusion_matrix(labels, predictions, n_classes)
    right = np.diagonal(matrix, axis1=-2, axis2=-1)  # (..., C, C) -> (..., C)
    predicted, true = matrix.sum(axis=-2), matrix.sum(axis=-1)  # column sums, row sums: (..., C)
    return Scores(
        precision=right / np.maximum(predicted, 1),
        recall=right / np.maximum(true, 1),
        f1=2 * right / np.maximum(predicted + true, 1),
    )


def macro_f1(labels: ArrayLike, predictions: ArrayLike, n_classes: int = 2) -> float | Floats:
    """Return the mean of the classes' F1, in which a rare class weighs as much as a frequent one.

    (..., N), (..., N) -> (...). All C classes take part, also one that never occurs (as 0).
    """
    return number_or_stack(precision_recall_f1(labels, predictions, n_classes).f1.mean(axis=-1))


def bootstrap_interval(
    metric: Metric,
    labels: ArrayLike,
    predictions: ArrayLike,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Return between which values a score lies when the test set is drawn again and again.

    Each resampled copy draws N items from the N of the test set, with replacement; the interval
    cuts the same share off both ends of their scores. `metric` is any function (R, N), (R, N) ->
    (R,): those above, or `np.vectorize(f, signature="(n),(n)->()")` for a function f of one test
    set. The same seed gives the same interval.

    Source: Efron, "Bootstrap methods: another look at the jackknife" (1979), percentile interval.
    """
    truth, guesses = checked(labels, predictions)
    blocks = resamples(len(truth), n_resamples, seed)
    scores = [score_copies(metric, truth, guesses, rows) for rows in blocks]
    return middle(np.concatenate(scores), confidence)


def bootstrap_difference(
    metric: Metric,
    labels: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the interval of metric(first) - metric(second), for two classifiers on one test set.

    Both are scored on the same resampled copies, so what makes a copy easy for both cancels out.
    When 0 lies outside the interval, the difference is more than the luck of this test set.
    """
    truth, guesses = checked(labels, first)
    _, others = checked(labels, second)
    differences = [
        score_copies(metric, truth, guesses, rows) - score_copies(metric, truth, others, rows)
        for rows in resamples(len(truth), n_resamples, seed)
    ]
    return middle(np.concatenate(differences), confidence)


def resamples(n_items: int, n_resamples: int, seed: int) -> Iterator[Ints]:
    """Yield the rows of `n_resamples` resampled copies of a test set, in blocks (R, N)."""
    if n_resamples < 1:
        raise MinilmError(f"n_resamples must be at least 1, not {n_resamples}.")
    generator = np.random.default_rng(seed)
    at_once = max(CELLS_AT_ONCE // n_items, 1)
    for start in range(0, n_resamples, at_once):
        yield generator.integers(n_items, size=(min(at_once, n_resamples - start), n_items))


def score_copies(metric: Metric, labels: Ints, predictions: Ints, rows: Ints) -> Floats:
    """Score the resampled copies that `rows` (R, N) picks out, all at once: (R,)."""
    scores = np.asarray(metric(labels[rows], predictions[rows]), dtype=np.float64)
    if scores.shape != rows.shape[:1]:
        raise MinilmError(
            f"The metric made {scores.shape} of {rows.shape}: it has to score along the last axis."
            ' For a metric f of one test set pass np.vectorize(f, signature="(n),(n)->()").'
        )
    return scores


def middle(scores: Floats, confidence: float) -> tuple[float, float]:
    """Return the ends of the middle share `confidence` of some scores (R,)."""
    if not 0 < confidence < 1:
        raise MinilmError(f"confidence must lie between 0 and 1, not at {confidence}.")
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def checked(labels: ArrayLike, predictions: ArrayLike) -> tuple[Ints, Ints]:
    """Return both as integers if they are classes of the same items, at least one."""
    truth, guesses = np.asarray(labels), np.asarray(predictions)
    if truth.shape != guesses.shape or truth.ndim == 0:
        raise MinilmError(
            f"Labels {truth.shape} and predictions {guesses.shape} must be two lists of one length."
        )
    if truth.size == 0:
        raise MinilmError("There is nothing to score: labels and predictions are empty.")
    if truth.dtype.kind not in "biu" or guesses.dtype.kind not in "biu":
        raise MinilmError(
            f"Classes are whole numbers, but labels are {truth.dtype} and predictions"
            f" {guesses.dtype}. For probabilities (N, C) pass their argmax(-1)."
        )
    return truth.astype(np.int64), guesses.astype(np.int64)


def number_or_stack(scores: Floats) -> float | Floats:
    """Return a plain number for one test set, the array for a stack."""
    return scores if scores.ndim else float(scores)
