"""The yardsticks: naive Bayes against its formula, and what a bag of words can and cannot see."""

from collections import Counter
from itertools import pairwise
from math import prod

import numpy as np
import pytest

from minilm.errors import MinilmError
from minilm.tune.baselines import bag_of_words, majority_baseline

TEXTS = ["good", "not good", "bad", "not bad", "very good", "very bad", "good good", "bad bad"]
LABELS = [1, 0, 0, 1, 1, 0, 1, 0]
KINDS = ["logistic_regression", "naive_bayes"]


def words_and_pairs(text):
    words = text.split()
    return {*words, *pairwise(words)}


def naive_bayes_by_hand(train_texts, train_labels, text):
    """P(class) times P(feature | class) of each known feature, with one added to every count."""
    known = {feature for train_text in train_texts for feature in words_and_pairs(train_text)}
    scores = []
    for label in (0, 1):
        own = [t for t, y in zip(train_texts, train_labels, strict=True) if y == label]
        counts = Counter(feature for t in own for feature in words_and_pairs(t))
        total = counts.total() + len(known)
        seen = words_and_pairs(text) & known
        scores.append(len(own) / len(train_texts) * prod((counts[f] + 1) / total for f in seen))
    return np.array(scores) / sum(scores)


@pytest.mark.parametrize(
    "text", ["good", "not good", "very not bad", "unseen words", "", "bad bad"]
)
def test_naive_bayes_equals_its_formula(text):
    train_texts, train_labels = (
        [*TEXTS[:-2], "fine"],
        [*LABELS[:-2], 1],
    )  # 4 and 3
    probabilities = bag_of_words(train_texts, train_labels, [text], kind="naive_bayes")
    expected = naive_bayes_by_hand(train_texts, train_labels, text)
    np.testing.assert_allclose(probabilities[0], expected)


def test_logistic_regression_reads_pairs_of_words():
    probabilities = bag_of_words(TEXTS, LABELS, ["not good", "not bad", "GOOD", "bad"])
    assert probabilities.shape == (4, 2)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert probabilities.argmax(1).tolist() == [0, 1, 1, 0]


def test_an_exclamation_counts_as_a_word():
    probabilities = bag_of_words(["it is !", "it is", "so !", "so"], [1, 0, 1, 0], ["well !"])
    assert probabilities[0, 1] > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_texts_to_classify_teach_nothing(kind):
    alone = bag_of_words(TEXTS, LABELS, ["very good"], kind=kind)
    among = bag_of_words(TEXTS, LABELS, ["very good", "other words", "bad news"], kind=kind)
    np.testing.assert_array_equal(alone[0], among[0])


@pytest.mark.parametrize("kind", KINDS)
def test_three_classes_of_which_one_is_never_seen(kind):
    probabilities = bag_of_words(["a", "b", "a"], [0, 2, 0], ["a", "b"], kind=kind, n_classes=3)
    assert probabilities.shape == (2, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert (probabilities[:, 1] == 0).all()
    assert probabilities[0, 0] > probabilities[1, 0]


def test_no_texts_get_no_answers():
    assert bag_of_words(TEXTS, LABELS, []).shape == (0, 2)
    assert majority_baseline(LABELS, 0).shape == (0, 2)


def test_the_majority_is_the_same_for_every_text():
    assert majority_baseline([1, 1, 0, 1], 2).tolist() == [[0.25, 0.75]] * 2
    assert majority_baseline([0, 1], 1).argmax(1).tolist() == [0]
    assert majority_baseline([2, 0, 2], 1, n_classes=3).tolist() == [[1 / 3, 0, 2 / 3]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: majority_baseline([], 3), "at least one"),
        (lambda: majority_baseline([0.5], 3), "whole numbers"),
        (lambda: majority_baseline([0, 2], 3), "0..1"),
        (lambda: bag_of_words(TEXTS, LABELS[:-1], ["x"]), "8 training texts have 7 labels"),
        (lambda: bag_of_words(TEXTS, [1] * 8, ["x"]), "one label"),
        (lambda: bag_of_words(["", " "], [0, 1], ["x"]), "empty vocabulary"),
        (lambda: bag_of_words(TEXTS, LABELS, ["x"], kind="tree"), "choose logistic_regression"),
    ],
)
def test_bad_input_is_named(wrong, message):
    with pytest.raises(MinilmError, match=message):
        wrong()
