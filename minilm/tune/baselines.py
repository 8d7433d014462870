"""What a classifier has to beat: always giving the same answer, and counting words.

A score means little alone. The majority class shows what ignoring the text would earn; a bag of
words, with no idea of order beyond pairs, is fast, strong, and often close to what a network
reaches. If fine-tuning does not beat it, the network learned nothing about language that the task
needed.

Shapes: N texts to classify, C classes.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline

from minilm.errors import MinilmError

Kind = Literal["logistic_regression", "naive_bayes"]

WORD = r"(?u)\w[\w']*|[!?]"  # also words of one letter, "isn't" as one word, and ! and ?


def majority_baseline(train_labels: ArrayLike, n: int, n_classes: int = 2) -> NDArray[np.float64]:
    """Answer every one of n texts with the classes' shares in the training set: (n, C).

    The most probable class is the same everywhere, the majority; of equals, the first.
    """
    labels = checked(train_labels, n_classes)
    shares = np.bincount(labels, minlength=n_classes) / len(labels)
    return np.tile(shares, (n, 1))


def bag_of_words(
    train_texts: Sequence[str],
    train_labels: ArrayLike,
    texts: Sequence[str],
    *,
    kind: Kind = "logistic_regression",
    n_classes: int = 2,
) -> NDArray[np.float64]:
    """Learn which words and pairs of words speak for which class; return probabilities (N, C).

    "logistic_regression" weighs them by tf-idf (rarer says more) and fits one weight for each and
    class; "naive_bayes" only counts in which class each occurs. A class that the training labels
    lack gets the probability 0.

    Raises MinilmError for texts and labels that do not belong together, for fewer than two classes
    in the training set, and when no training text has a word.

    Source: Wang and Manning, "Baselines and bigrams: simple, good sentiment and topic
    classification" (2012).
    """
    labels = checked(train_labels, n_classes)
    if len(labels) != len(train_texts):
        raise MinilmError(f"{len(train_texts)} training texts have {len(labels)} labels.")
    if len(set(labels)) < 2:
        raise MinilmError("All training texts have one label: there is nothing to tell apart.")
    if not len(texts):
        return np.zeros((0, n_classes))
    model = make_bag_of_words(kind)
    try:
        model.fit(train_texts, labels)
    except ValueError as error:
        raise MinilmError(f"No bag of words can be learned from these texts: {error}.") from error
    probabilities = np.zeros((len(texts), n_classes))
    probabilities[:, model.classes_] = model.predict_proba(texts)
    return probabilities


def make_bag_of_words(kind: Kind) -> Pipeline:
    """Return an untrained scikit-learn pipeline from texts to probabilities."""
    if kind == "naive_bayes":
        counts = CountVectorizer(ngram_range=(1, 2), token_pattern=WORD, binary=True)
        return make_pipeline(counts, MultinomialNB())
    if kind == "logistic_regression":
        tf_idf = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORD, sublinear_tf=True)
        return make_pipeline(tf_idf, LogisticRegression(C=10, max_iter=1000))
    raise MinilmError(f"kind is {kind!r}: choose logistic_regression or naive_bayes.")


def checked(labels: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Return the labels (N,) as integers if they are classes 0..C-1, at least one of them."""
    values = np.asarray(labels)
    if values.ndim != 1 or not values.size or values.dtype.kind not in "biu":
        raise MinilmError("Training labels are a list of whole numbers, at least one.")
    if values.min() < 0 or values.max() >= n_classes:
        raise MinilmError(
            f"Training labels must lie in 0..{n_classes - 1}, but go from {values.min()} to"
            f" {values.max()}: is n_classes right?"
        )
    return values.astype(np.int64)
