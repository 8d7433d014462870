"""Each step does what its name says, to words and to nothing else, on any text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare import classical

TEXT = "Well, the café-owners' US films weren't \"BETTER\";\nshe was running: 3 times (1990)."


@pytest.mark.parametrize(
    ("step", "result"),
    [
        ("lowercase",
         "well, the café-owners' us films weren't \"better\";\nshe was running: 3 times (1990)."),
        ("remove punctuation",
         "Well the café owners US films werent BETTER\nshe was running 3 times 1990"),
        ("remove special characters",
         "Well the cafe owners US films weren t BETTER\nshe was running 3 times 1990"),
        ("remove stop words",
         ", café-owners' films weren't \"BETTER\";\nrunning: 3 times (1990)."),
        ("stem", "Well, the café-owner' US film weren't \"BETTER\";\nshe was run: 3 time (1990)."),
        ("lemmatize",
         "Well, the café-owner' US film be \"GOOD\";\nshe be run: 3 time (1990)."),
    ],
)  # fmt: skip
def test_steps(step: str, result: str) -> None:
    assert classical.STEPS[step](TEXT) == result


def test_stop_words() -> None:
    assert classical.remove_stop_words("It is not a good film and I do not like it") == (
        "good film like"
    )


def test_the_stemmer_cuts_by_rule() -> None:
    words = "universities relation relational organ Organic executive execute"
    assert classical.stem(words) == "universiti relat relat organ Organic execut execut"


def test_the_lemma_of_a_negation_is_its_opposite() -> None:
    assert classical.lemmatize("I don't care, it isn't bad") == "I do care, it be bad"


def test_words_keep_their_case() -> None:
    for step in (classical.stem, classical.lemmatize):
        for word, other in zip(
            step("FILMS Films films").split(), step("films films films").split(), strict=True
        ):
            assert word.lower() == other
    assert classical.lemmatize("Are A") == "Be A"
    assert classical.stem("A B") == "A B"
    assert classical.stem("Films FILMS films") == "Film FILM film"


@given(st.text() | st.text("aé -.,'’$€1\n\tThe not", max_size=60))
def test_any_text(text: str) -> None:
    for name, step in classical.STEPS.items():
        assert isinstance(step(text), str), name
    bare = classical.remove_punctuation(text)
    assert not any(unicodedata.category(c).startswith("P") for c in bare)
    special = classical.remove_special_characters(text)
    assert all(c.isascii() and (c.isalnum() or c.isspace()) for c in special)
    for step in (classical.remove_punctuation, classical.remove_special_characters):
        assert step(step(text)) == step(text)
    assert classical.lowercase(text) == text.lower()


@given(st.lists(st.sampled_from(["the", "not", "film", "good", "a"]), max_size=20))
def test_what_is_no_stop_word_stays_in_order(words: list[str]) -> None:
    kept = [word for word in words if word in ("film", "good")]
    assert classical.remove_stop_words(" ".join(words)).split() == kept
