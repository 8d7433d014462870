"""The list of worst mistakes against sorting by hand, and against scikit-learn's loss."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from minilm.errors import MinilmError
from minilm.evaluate.mistakes import worst_mistakes


def test_the_surest_mistake_comes_first():
    labels = [0, 1, 1, 0]
    probabilities = [[0.4, 0.6], [0.1, 0.9], [0.99, 0.01], [0.3, 0.7]]
    worst = worst_mistakes(labels, probabilities)
    assert [mistake["index"] for mistake in worst] == [2, 3, 0]
    assert worst[0] == {
        "index": 2,
        "label": 1,
        "predicted": 0,
        "probability": 0.99,
        "loss": pytest.approx(-math.log(0.01)),
    }
    assert worst_mistakes(labels, probabilities, n=1) == worst[:1]
    assert worst_mistakes(labels, probabilities, n=0) == []


@given(st.integers(1, 60), st.integers(2, 5), st.integers(0, 2**32 - 1), st.integers(0, 70))
def test_the_list_equals_a_sort_by_hand(n_items, n_classes, seed, n):
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n_items)
    probabilities = rng.dirichlet(np.ones(n_classes), size=n_items)
    wrong = [i for i in range(n_items) if probabilities[i].argmax() != labels[i]]
    wrong.sort(key=lambda i: probabilities[i, labels[i]])
    worst = worst_mistakes(labels, probabilities, n)
    assert [mistake["index"] for mistake in worst] == wrong[:n]
    for mistake in worst:
        i = mistake["index"]
        expected = log_loss(labels[[i]], probabilities[[i]], labels=range(n_classes))
        assert mistake["loss"] == pytest.approx(expected)
        assert mistake["probability"] == probabilities[i].max()


def test_a_perfect_classifier_has_no_worst_mistake():
    assert worst_mistakes([0, 1], [[0.9, 0.1], [0.2, 0.8]]) == []


def test_impossible_truths_stay_finite_and_fit_into_json():
    worst = worst_mistakes(np.array([True]), np.array([[1.0, 0.0]], dtype=np.float32))
    assert json.loads(json.dumps(worst, allow_nan=False)) == worst
    assert worst[0]["loss"] > 20


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], np.zeros((0, 2)), "one row for each"),
        ([0], [[0.5, 0.5], [0.5, 0.5]], "one row for each"),
        ([0, 1], [0.5, 0.5], "one row for each"),
        ([2], [[0.5, 0.5]], "Class 2 has no column"),
        ([-1], [[0.5, 0.5]], "from 0"),
        ([0.0], [[0.5, 0.5]], "whole numbers"),
        ([0], [[2.0, -1.0]], "softmax"),
        ([0], [[0.5, 0.4]], "softmax"),
        ([0], [[math.nan, 0.4]], "softmax"),
    ],
)
def test_bad_input_is_named(labels, probabilities, message):
    with pytest.raises(MinilmError, match=message):
        worst_mistakes(labels, probabilities)
