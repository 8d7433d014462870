"""Planted duplicates are found, and nothing else is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.deduplicate import (
    bands_and_rows,
    exact_duplicates,
    jaccard,
    near_duplicates,
    shingles,
)


@given(st.lists(st.text("ab", max_size=2)))
def test_exact_duplicates_point_to_the_first(texts: list[str]) -> None:
    duplicates = exact_duplicates(texts)
    for index, text in enumerate(texts):
        assert duplicates.get(index, index) == texts.index(text)


def test_shingles() -> None:
    assert shingles("A b c d E f") == {"a b c d e", "b c d e f"}
    assert shingles("too short") == {"too short"}
    assert shingles("") == {""}


def random_texts(number: int, n_words: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(500)]
    return [" ".join(rng.choices(words, k=n_words)) for _ in range(number)]


def change_words(text: str, positions: list[int]) -> str:
    words = text.split()
    for position in positions:
        words[position] = "changed"
    return " ".join(words)


def test_planted_pairs_are_all_found_and_nothing_else() -> None:
    """200 texts of 150 words, each again with one or two words changed (similarity 0.87 to 0.97),
    and again with every fourth word changed (similarity below 0.2: another text)."""
    texts = random_texts(200, 150)
    near = [change_words(text, [20, 80][: 1 + i % 2]) for i, text in enumerate(texts)]
    far = [change_words(text, list(range(0, 150, 4))) for text in texts]
    duplicates = near_duplicates(texts + far + near)
    assert duplicates == {400 + i: i for i in range(200)}


def test_recall_at_the_threshold() -> None:
    """Pairs exactly at the threshold, where the promise is weakest: 99 of 100 on average."""
    texts = random_texts(300, 116, seed=1)
    edited = [change_words(text, [30, 70, 90, 115]) for text in texts]  # 112 runs, 16 changed
    similarity = jaccard(shingles(texts[0]), shingles(edited[0]))
    assert similarity == pytest.approx(96 / 128)
    assert len(near_duplicates(texts + edited, similarity)) >= 290


def test_the_first_is_kept_and_chains_do_not_grow() -> None:
    first = random_texts(1, 100)[0]
    second = change_words(first, [50])
    assert near_duplicates([second, first, second.upper()]) == {1: 0, 2: 0}


def test_the_threshold_is_exact() -> None:
    a = random_texts(1, 54)[0]
    b = change_words(a, [53])  # 49 of 51 runs in common
    assert near_duplicates([a, b], threshold=49 / 51) == {1: 0}
    assert near_duplicates([a, b], threshold=49 / 51 + 1e-9) == {}


def test_bands_promise_few_misses() -> None:
    for threshold in (0.2, 0.5, 0.8, 0.95, 1.0):
        bands, rows = bands_and_rows(threshold)
        assert bands * rows <= 128
        assert (1 - threshold**rows) ** bands <= 0.01
    for threshold in (0, -1, 1.01):
        with pytest.raises(MinilmError, match="near_threshold"):
            bands_and_rows(threshold)


def test_nothing_to_compare() -> None:
    assert near_duplicates([]) == {}
    assert near_duplicates(["a b c"]) == {}
