"""Words of the list are counted as whole words; what the list cannot see is shown, too.

No word of the list stands here: the tests take them from it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare.toxicity import count_bad_words, lexicon, toxicity_reason


def entry(n_words: int) -> str:
    """One entry of the list with so many words, plain letters only."""
    entries = sorted(e for group in lexicon().values() for e in group if len(e) == n_words)
    return next(" ".join(words) for words in entries if "".join(words).isalpha())


@pytest.fixture(scope="module")
def word() -> str:
    return entry(1)


def test_the_list_is_there() -> None:
    entries = [words for group in lexicon().values() for words in group]
    assert len(entries) > 800
    assert all(words[0] == first for first, group in lexicon().items() for words in group)


def test_words_are_counted(word: str) -> None:
    assert count_bad_words(f"A {word}, the {word.upper()}! And {word.title()}.") == 3
    assert count_bad_words("The President spoke to the Congress of the nation.") == 0
    assert count_bad_words("") == 0


@pytest.mark.parametrize("n_words", [2, 3])
def test_entries_of_several_words(n_words: int) -> None:
    words = entry(n_words).split()
    assert count_bad_words(f"What a {' '.join(words)} this is.") >= 1
    last = count_bad_words(" ".join(words[:-1]))
    assert count_bad_words(" ".join([*words[:-1], "film"])) == last


def test_whole_words_only(word: str) -> None:
    assert count_bad_words(f"x{word} {word}ington s{word}thorpe") == 0
    assert count_bad_words("Scunthorpe, Penistone and Sussex; classic assumptions") == 0


def test_the_rule(word: str) -> None:
    assert toxicity_reason("A quiet film.") is None
    assert toxicity_reason(f"A {word} film.") == "toxicity: words of the list"
    assert toxicity_reason(f"A {word} film.", max_bad_words=1) is None
    assert toxicity_reason(f"{word} {word}", max_bad_words=1) is not None


def test_what_a_list_cannot_see(word: str) -> None:
    """The limits that the module states: quotation found, disguise and polite hate missed."""
    assert count_bad_words(f'The court asked whether he had said "{word}".') == 1
    assert count_bad_words(" ".join(word)) == 0
    assert count_bad_words(word[0] + "*" * (len(word) - 1)) == 0
    assert count_bad_words("People like them should not be allowed to vote, or to live here.") == 0


@given(st.text())
def test_any_text_has_a_count(text: str) -> None:
    assert count_bad_words(text) >= 0
