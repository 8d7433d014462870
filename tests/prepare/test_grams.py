"""Runs as numbers are equal exactly when the runs are."""

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare.grams import gram_numbers, is_among

WORDS = st.lists(st.sampled_from(["a", "b", "c", "é", "\ud800"]), max_size=12)


@given(WORDS, WORDS, st.integers(1, 6))
def test_numbers_are_equal_exactly_when_runs_are(a, b, n) -> None:
    """The oracle: tuples of words."""

    def runs(words: list[str]) -> list[tuple[str, ...]]:
        return list(zip(*(words[i:] for i in range(n)), strict=False)) or [tuple(words)]

    numbers = np.concatenate([gram_numbers(a, n), gram_numbers(b, n)])
    tuples = runs(a) + runs(b)
    assert len(numbers) == len(tuples)
    number_of = dict(zip(tuples, numbers.tolist(), strict=True))
    assert [number_of[run] for run in tuples] == numbers.tolist()
    assert len(set(number_of.values())) == len(number_of)


def test_order_matters_and_short_texts_are_one_run() -> None:
    assert gram_numbers(["a", "b"], 2) != gram_numbers(["b", "a"], 2)
    assert len(gram_numbers(["a", "b"], 5)) == 1
    assert gram_numbers([], 5).tolist() == [0]


def test_another_process_gives_the_same_numbers() -> None:
    code = "from minilm.prepare.grams import gram_numbers; print(gram_numbers(['we', 'the'], 2)[0])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == gram_numbers(["we", "the"], 2)[0]


def test_a_full_memory_of_words_changes_nothing(monkeypatch) -> None:
    words = [f"w{i}" for i in range(50)]
    before = gram_numbers(words, 3).tolist()
    monkeypatch.setattr("minilm.prepare.grams.REMEMBERED", 7)
    assert gram_numbers([*map(str, range(30)), *words], 3).tolist()[-48:] == before


@given(st.lists(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_is_among(numbers, known) -> None:
    found = is_among(np.array(numbers, np.uint64), np.array(sorted(known), np.uint64))
    assert found.tolist() == [number in known for number in numbers]
