"""Scores against scikit-learn, intervals against SciPy and the normal distribution."""

from functools import partial

import numpy as np
import pytest
import scipy.stats
from sklearn import metrics

from minilm.errors import MinilmError
from minilm.evaluate import classification
from minilm.evaluate.classification import (
    accuracy,
    bootstrap_difference,
    bootstrap_interval,
    confusion_matrix,
    macro_f1,
    precision_recall_f1,
)


def answers(n_items, n_classes, share_right=0.7, seed=0):
    """Labels, and predictions that are right with some probability and otherwise random."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n_items)
    guesses = rng.integers(n_classes, size=n_items)
    return labels, np.where(rng.random(n_items) < share_right, labels, guesses)


CASES = [
    (labels, predictions, n_classes)
    for n_classes in (2, 3, 7)
    for n_items in (1, 2, 5, 400)
    for labels, predictions in [answers(n_items, n_classes, seed=n_items)]
] + [
    (np.array([0, 0, 0]), np.array([0, 0, 0]), 2),  # a class that is neither true nor predicted
    (np.array([0, 1, 1]), np.array([0, 0, 0]), 2),  # a class that is never predicted
    (np.array([1, 1, 1]), np.array([0, 1, 2]), 3),  # classes that never occur
    (np.array([0, 1]), np.array([1, 0]), 2),  # all wrong
]


@pytest.mark.parametrize(("labels", "predictions", "n_classes"), CASES)
def test_scores_equal_scikit_learn(labels, predictions, n_classes):
    classes = range(n_classes)
    np.testing.assert_array_equal(
        confusion_matrix(labels, predictions, n_classes),
        metrics.confusion_matrix(labels, predictions, labels=classes),
    )
    assert accuracy(labels, predictions) == metrics.accuracy_score(labels, predictions)
    expected = metrics.precision_recall_fscore_support(
        labels, predictions, labels=classes, zero_division=0
    )
    scores = precision_recall_f1(labels, predictions, n_classes)
    np.testing.assert_allclose(scores, expected[:3], rtol=1e-12)
    assert macro_f1(labels, predictions, n_classes) == pytest.approx(
        metrics.f1_score(labels, predictions, labels=classes, average="macro", zero_division=0)
    )


def test_a_case_small_enough_for_paper():
    labels, predictions = [1, 1, 1, 0, 0], [1, 1, 0, 1, 0]
    assert confusion_matrix(labels, predictions, 2).tolist() == [[1, 1], [1, 2]]
    scores = precision_recall_f1(labels, predictions)
    assert scores.precision.tolist() == pytest.approx([1 / 2, 2 / 3])
    assert scores.recall.tolist() == pytest.approx([1 / 2, 2 / 3])
    assert type(accuracy(labels, predictions)) is float
    assert type(macro_f1(labels, predictions)) is float


@pytest.mark.parametrize(
    "metric",
    [
        accuracy,
        partial(macro_f1, n_classes=4),
        partial(confusion_matrix, n_classes=4),
        lambda y, p: precision_recall_f1(y, p, 4).recall,
    ],
)
def test_a_stack_of_test_sets_is_scored_as_each_alone(metric):
    labels, predictions = (part.reshape(5, 60) for part in answers(300, 4))
    alone = [metric(*pair) for pair in zip(labels, predictions, strict=True)]
    np.testing.assert_allclose(metric(labels, predictions), alone, rtol=1e-12)


def test_the_interval_equals_scipys():
    labels, predictions = answers(300, 3)
    metric = partial(macro_f1, n_classes=3)
    expected = scipy.stats.bootstrap(
        (labels, predictions),
        lambda y, p, axis: metric(y, p),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=20_000,
        rng=1,
    ).confidence_interval
    interval = bootstrap_interval(metric, labels, predictions, n_resamples=20_000)
    assert interval == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_the_interval_of_accuracy_is_nearly_normal(confidence):
    labels, predictions = answers(2000, 2)
    p = accuracy(labels, predictions)
    spread = scipy.stats.norm.ppf((1 + confidence) / 2) * (p * (1 - p) / 2000) ** 0.5
    interval = bootstrap_interval(accuracy, labels, predictions, 4000, confidence)
    assert interval == pytest.approx((p - spread, p + spread), abs=2e-3)


def test_95_of_100_intervals_hold_the_truth():
    truth = 0.7 + 0.3 / 2  # right by intent, or by a coin
    hits = 0
    for seed in range(200):
        low, high = bootstrap_interval(accuracy, *answers(200, 2, seed=seed), n_resamples=300)
        hits += low <= truth <= high
    assert 180 <= hits <= 198


def test_the_seed_decides_and_blocks_do_not(monkeypatch):
    labels, predictions = answers(101, 2)
    interval = bootstrap_interval(macro_f1, labels, predictions)
    assert bootstrap_interval(macro_f1, labels, predictions) == interval
    assert bootstrap_interval(macro_f1, labels, predictions, seed=1) != interval
    monkeypatch.setattr(classification, "CELLS_AT_ONCE", 1000)
    assert bootstrap_interval(macro_f1, labels, predictions) == interval


def test_a_metric_of_one_test_set_can_be_wrapped():
    labels, predictions = answers(80, 2)
    wrapped = np.vectorize(metrics.accuracy_score, signature="(n),(n)->()")
    assert bootstrap_interval(wrapped, labels, predictions, 50) == pytest.approx(
        bootstrap_interval(accuracy, labels, predictions, 50)
    )


def test_pairing_sees_a_difference_that_two_intervals_hide():
    labels, better = answers(500, 2, share_right=0.6)
    worse = better.copy()
    right = np.flatnonzero(better == labels)[:15]
    worse[right] = 1 - labels[right]  # the same answers, but for 15 more mistakes
    low, high = bootstrap_difference(accuracy, labels, better, worse)
    assert 0 < low < 15 / 500 < high
    assert bootstrap_interval(accuracy, labels, worse)[1] > accuracy(labels, better)
    mirrored = bootstrap_difference(accuracy, labels, worse, better)
    assert mirrored == pytest.approx((-high, -low))


def test_the_difference_equals_scipys():
    labels, first = answers(300, 2)
    second = answers(300, 2, share_right=0.4, seed=3)[1]
    expected = scipy.stats.bootstrap(
        (labels, first, second),
        lambda y, a, b, axis: (y == a).mean(axis) - (y == b).mean(axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=20_000,
        rng=1,
    ).confidence_interval
    interval = bootstrap_difference(accuracy, labels, first, second, n_resamples=20_000)
    assert interval == pytest.approx(expected, abs=4e-3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: accuracy([0, 1], [0]), "one length"),
        (lambda: accuracy([], []), "empty"),
        (lambda: accuracy(1, 1), "one length"),
        (lambda: accuracy([0, 1], [0.2, 0.8]), "argmax"),
        (lambda: accuracy([0, 1], [[0.2, 0.8], [0.5, 0.5]]), "one length"),
        (lambda: confusion_matrix([0, 2], [0, 1], 2), "Class 2 is outside 0..1"),
        (lambda: macro_f1([0, 1], [0, 3], 3), "Class 3 is outside 0..2"),
        (lambda: precision_recall_f1([0, -1], [0, 1]), "Class -1 is outside"),
        (lambda: bootstrap_interval(accuracy, [0, 1], [0]), "one length"),
        (lambda: bootstrap_interval(accuracy, [0], [0], confidence=95), "confidence"),
        (lambda: bootstrap_interval(accuracy, [0], [0], n_resamples=0), "n_resamples"),
        (lambda: bootstrap_interval(lambda y, p: 1.0, [0, 1], [0, 1]), "along the last axis"),
        (lambda: bootstrap_difference(accuracy, [0, 1], [0, 1], [0]), "one length"),
    ],
)
def test_bad_input_is_named(wrong, message):
    with pytest.raises(MinilmError, match=message):
        wrong()
