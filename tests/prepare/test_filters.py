"""Each rule rejects what it is for, names its reason, and lets ordinary texts pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare.filters import (
    LINE_RULES,
    RULES,
    share_of_repeated_lines,
    share_of_top_gram,
    why_rejected,
)
from minilm.prepare.toxicity import lexicon

REVIEW = "effective but too-tepid biopic"
LONG = " ".join(f"word{i} follows another{i}," for i in range(40))


@pytest.mark.parametrize("text", [REVIEW, LONG, "so young , so smart , such talent , yeah !"])
def test_ordinary_texts_stay(text: str) -> None:
    assert why_rejected(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "fewer than 3 words"),
        ("great film", "fewer than 3 words"),
        ("! ! ! ! a b", "mean word length outside 2 to 10"),
        ("incomprehensibilities " * 3, "mean word length outside 2 to 10"),
        ("good: 1999 2000 2001 !!!!", "too few words with a letter"),
        ("the same line\n" * 3 + "and another", "repeated lines"),
        (LONG + " boring film" * 60, "one run of 2 words repeated"),
        ("a very bad film " * 30, "one run of 2 words repeated"),
    ],
)
def test_reasons(text: str, reason: str) -> None:
    assert why_rejected(text) == reason


def test_limits_are_arguments() -> None:
    assert why_rejected(REVIEW, min_words=5) == "fewer than 5 words"
    assert why_rejected(LONG, max_words=50) == "more than 50 words"
    assert why_rejected("a bad film " * 10, repetition_from=31) is None
    assert why_rejected("a bad film " * 10, repetition_from=30) is not None


def test_shares() -> None:
    assert share_of_repeated_lines("a\nb\n\na\na") == 0.5
    assert share_of_repeated_lines("") == 0
    assert share_of_top_gram(["ab", "c", "ab", "c", "xyz"], 2) == 6 / 9
    assert share_of_top_gram(["a", "b", "c"], 2) == 0


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(why_rejected(text), str | None)


@given(
    st.lists(
        st.sampled_from(["a", "film", "an", "odd", *(f"n{i}" for i in range(99))]),
        min_size=50,
        max_size=70,
    )
)
def test_the_bound_saves_time_and_changes_nothing(words: list[str]) -> None:
    expected = [n for n, limit in {2: 0.20, 3: 0.18, 4: 0.16}.items()
                if share_of_top_gram(words, n) > limit]  # fmt: skip
    found = why_rejected(" ".join(words))
    if sum(map(len, words)) >= 2 * len(words):
        assert found == (f"one run of {expected[0]} words repeated" if expected else None)


def test_four_words_in_turn_are_found_though_none_is_frequent() -> None:
    words = ["four", "odd", "words", "again"] * 5 + [f"other{i}" for i in range(60)]
    assert share_of_top_gram(words, 4) > 0.16 > max(share_of_top_gram(words, n) for n in (2, 3))
    assert why_rejected(" ".join(words)) == "one run of 4 words repeated"


def test_published_rules_go_by_name() -> None:
    assert set(RULES) == {"gopher", "c4", "fineweb", "toxicity"}
    bad = min(entry[0] for group in lexicon().values() for entry in group if len(entry) == 1)
    for name, why in RULES.items():
        assert (why(bad) or "").startswith(f"{name}: ")
    assert LINE_RULES["c4"]("Home | News\nThis line is a sentence.") == "This line is a sentence."
