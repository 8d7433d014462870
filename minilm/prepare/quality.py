"""A small judge of quality: does a text read more like these examples, or like those?

Rules look at single features; a classifier weighs a hundred thousand. Words and pairs of words are
hashed to places in one vector, and logistic regression gives each place a weight. It learns from
examples of what you want and of what you do not want, and that is all that it knows: "quality" is
likeness to the first and unlikeness to the second. A good text of a kind that stands in neither can
get any score.

Sources: Brown et al. 2020 (GPT-3), appendix A, a logistic regression over hashed words that favors
reference corpora over Common Crawl; Li et al. 2024 (DataComp-LM), section 4.4, where the choice of
the good examples mattered most.

N texts, F features.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from minilm.errors import MinilmError
from minilm.files import atomic_writer

N_FEATURES = 2**17
LOOK_AT = 8000  # characters: the beginning of a long text says what it is

_HASHING = HashingVectorizer(
    n_features=N_FEATURES,
    ngram_range=(1, 2),
    token_pattern=r"[^\W\d_]+|\d|[^\w\s\ud800-\udfff]",  # a word, a digit or a sign
    alternate_sign=False,
    binary=True,
    decode_error="replace",
)


class QualityClassifier:
    """Weights of hashed words and pairs of words; `score` gives the probability of "good"."""

    def __init__(self, weights: npt.NDArray[np.float32], bias: float) -> None:
        self.weights, self.bias = weights, bias  # (F,)

    @classmethod
    def train(cls, good: Sequence[str], bad: Sequence[str]) -> "QualityClassifier":
        """Learn from examples; both kinds weigh alike, however many there are of each.

        Raises MinilmError when one kind has no examples.
        """
        if not good or not bad:
            raise MinilmError(
                "A quality classifier learns from good and from bad examples: give both."
            )
        model = LogisticRegression(C=100, class_weight="balanced", max_iter=200)
        model.fit(features([*good, *bad]), [1] * len(good) + [0] * len(bad))
        return cls(model.coef_[0].astype(np.float32), float(model.intercept_[0]))

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the probability that each text is of the good kind: (N,)."""
        if not len(texts):
            return np.zeros(0)
        logits = features(texts) @ self.weights.astype(np.float64) + self.bias  # (N, F) @ (F,)
        return 1 / (1 + np.exp(-np.clip(logits, -500, 500)))

    def reason(self, text: str, min_score: float = 0.5) -> str | None:
        """Say that a text scores below the limit, or return None."""
        if self.score([text])[0] < min_score:
            return "quality: unlike the good examples"
        return None

    def save(self, path: Path | str) -> None:
        """Write the weights as a NumPy archive, which holds numbers only: no pickle."""
        with atomic_writer(path) as file:
            np.savez_compressed(file, weights=self.weights, bias=np.float64(self.bias))

    @classmethod
    def load(cls, path: Path | str) -> "QualityClassifier":
        """Read what `save` wrote; MinilmError names a file that is missing or something else."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
                weights, bias = stored["weights"], float(stored["bias"])
        except Exception as error:
            raise MinilmError(f"{path} holds no quality classifier ({error}).") from error
        if weights.shape != (N_FEATURES,) or not np.isfinite(weights).all():
            raise MinilmError(f"{path} holds no quality classifier: {weights.shape} weights.")
        return cls(weights, bias)


def features(texts: Sequence[str]) -> Any:
    """Mark which hashed words and pairs stand in each text, scaled to length one: sparse (N, F).

    Two of them may share a place; with so many places, few of the frequent ones do.
    """
    return _HASHING.transform([text[:LOOK_AT] for text in texts])
