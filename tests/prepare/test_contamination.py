"""Quoted runs are found, exactly those, and cut out with their surroundings."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare import contamination
from minilm.prepare.contamination import (
    LEAST_PIECE,
    MARGIN,
    RunTable,
    cut_runs,
    find_overlaps,
    overlaps,
    places_by_document,
    run_numbers,
    runs_of,
)
from minilm.prepare.parallel import Workers
from minilm.prepare.scratch import Scratch

ALPHABET = [f"word{i}" for i in range(3000)]


def sentence(n: int, seed: int) -> list[str]:
    return random.Random(seed).choices(ALPHABET, k=n)


def find(training: list[str], evaluation: list[str], folder: Path) -> dict[int, list[int]]:
    with Scratch(folder / "scratch") as scratch, Workers(1) as workers:
        return dict(places_by_document(find_overlaps(training, evaluation, scratch, workers)))


def test_runs_ignore_case_and_punctuation() -> None:
    words = sentence(13, 0)
    shouted = "«" + ", ".join(words).upper() + "!»"
    assert overlaps(shouted, runs_of([" ".join(words)])) == [0]
    assert run_numbers(" ".join(words[:12])).size == 0
    assert overlaps(" ".join(["so", *words, "there"]), runs_of([" ".join(words)])) == [1]
    changed = [*words[:6], "other", *words[7:]]
    assert overlaps(" ".join(changed), runs_of([" ".join(words)])) == []


def test_planted_quotations_are_found_and_nothing_else(tmp_path: Path) -> None:
    """100 texts of 200 words; every tenth quotes 13 to 22 words of a test text."""
    training = [sentence(200, 1000 + i) for i in range(100)]
    evaluation = [sentence(200, 5000 + i) for i in range(30)]
    expected = {}
    for i in range(0, 100, 10):
        length = 13 + i // 10
        training[i][50 : 50 + length] = evaluation[i // 10][20 : 20 + length]
        expected[i] = list(range(50, 50 + length - 12))
    training[5][50:62] = evaluation[0][20:32]  # twelve words are a phrase
    texts = [list(map(" ".join, part)) for part in (training, evaluation)]
    assert find(*texts, tmp_path) == expected


@given(st.lists(st.integers(0, 5), max_size=30), st.lists(st.integers(0, 5), max_size=30))
def test_overlaps_are_those_of_sets_of_tuples(tmp_path_factory, training, evaluation) -> None:
    """The oracle: sets of tuples of words, with runs of 13 of which all but 2 words are fixed."""
    filler = [f"f{i}" for i in range(11)]

    def text(numbers: list[int]) -> str:
        return " ".join(f"w{n} " + " ".join(filler) for n in numbers)

    def runs(numbers: list[int]) -> list[tuple[str, ...]]:
        words = text(numbers).split()
        return list(zip(*(words[i:] for i in range(13)), strict=False))

    known = set(runs(evaluation))
    expected = [i for i, run in enumerate(runs(training)) if run in known]
    assert overlaps(text(training), runs_of([text(evaluation)])) == expected
    found = find([text(training)], [text(evaluation)], tmp_path_factory.mktemp("find"))
    assert found == ({0: expected} if expected else {})


@pytest.mark.parametrize("n_documents", [10, 11])
def test_what_many_training_documents_hold_is_a_common_phrase(tmp_path, n_documents) -> None:
    phrase = sentence(15, 0)
    training = [" ".join(phrase + sentence(30, 1 + i) + phrase) for i in range(n_documents)]
    found = find(training, [" ".join(phrase)], tmp_path)
    assert len(found) == (10 if n_documents == 10 else 0)


def test_the_table_forgets_nothing_and_what_it_makes_up_is_checked(tmp_path, monkeypatch) -> None:
    numbers = np.random.default_rng(0).integers(0, 2**64, 3000, dtype=np.uint64)
    table = RunTable()
    table.add(numbers[:1000])
    assert table.may_hold(numbers[:1000]).all()
    assert table.may_hold(numbers[1000:]).sum() < 5
    monkeypatch.setattr(contamination, "TABLE_BITS", 5)  # now every number seems to be there
    table = RunTable()
    table.add(numbers[:1000])
    assert table.may_hold(numbers).all()
    training = [" ".join(sentence(100, i)) for i in range(5)]
    evaluation = [" ".join(sentence(100, 100 + i)) for i in range(5)] + training[3:4]
    assert list(find(training, evaluation, tmp_path)) == [3]


def test_a_cut_takes_the_run_and_its_surroundings() -> None:
    words = sentence(400, 0)
    text = " ".join(words)
    cut = cut_runs(text, [200])
    before, after = cut.split("\n\n")
    assert text.startswith(before)
    assert text.endswith(after)
    start, end = (len(" ".join(words[:n])) for n in (200, 213))
    assert MARGIN <= start - len(before) <= MARGIN + 20
    assert MARGIN <= len(text) - len(after) - end <= MARGIN + 20
    assert set(before.split()) | set(after.split()) <= set(words), "a word was cut in two"


def test_small_and_many_pieces_are_dropped() -> None:
    text = " ".join(sentence(400, 0))
    assert len(cut_runs(text, [5]).split("\n\n")) == 1  # what stands before is too short to keep
    assert cut_runs(" ".join(sentence(60, 0)), [25]) == ""
    long = " ".join(sentence(8000, 0))
    assert len(cut_runs(long, range(0, 7200, 800)).split("\n\n")) == 9
    assert cut_runs(long, range(100, 8000, 600)) == ""
    assert cut_runs(text, []) == text


@given(st.text(min_size=0, max_size=3000), st.data())
def test_any_text_can_be_cut(text: str, data) -> None:
    n = len(run_numbers(text, 2))
    places = data.draw(st.lists(st.integers(0, n - 1), max_size=3)) if n else []
    cut = cut_runs(text, places, 2)
    pieces = cut.split("\n\n") if cut else []
    assert sum(map(len, pieces)) <= len(text)
    if places:
        assert all(len(piece) >= LEAST_PIECE for piece in [cut] if piece)
