"""C4's rules for lines and for pages, and the verdicts of datatrove.

datatrove wants a sentence splitter of its own, which is a download; it gets ours here. It looks for
curly brackets and for "lorem ipsum" only in the lines that it keeps, as C4's code does; we look in
the whole page, as the paper says, and ask it only about pages without them.
"""

import pytest
from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, c4_filters
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.prepare.c4 import c4_reason, count_sentences, keep_lines
from minilm.prepare.normalize import normalize, strip_html

PAGE = "This is the first sentence.\nHere is another one, longer.\nAnd a third of them, too."


def of_datatrove(text: str, sentences: int = 3, words: int = 5) -> str | None:
    """What the peer keeps of a page, or None."""
    patch = pytest.MonkeyPatch()
    patch.setattr(c4_filters, "split_into_sentences", lambda line, _: [""] * count_sentences(line))
    document = Document(text=text, id="")
    with patch.context():
        peer = C4QualityFilter(min_num_sentences=sentences, min_words_per_line=words)
        verdict = peer.filter(document)
    patch.undo()
    return document.text if verdict is True else None


def of_minilm(text: str, sentences: int = 3, words: int = 5) -> str | None:
    if c4_reason(text, min_sentences=sentences, min_words_in_line=words) is not None:
        return None
    return keep_lines(text, min_words_in_line=words)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("This line is a sentence.", "This line is a sentence."),
        ('He said: "It is a line"', 'He said: "It is a line"'),
        ("Is this line one as well?", "Is this line one as well?"),
        ("   This line is a sentence!  ", "This line is a sentence!"),
        ("Home | News | Sports | More", ""),
        ("Read the whole story here...", ""),
        ("Only four words here.", ""),
        ("Please enable JavaScript in your browser.", ""),
        ("By using it you accept our Privacy Policy.", ""),
        ("This site uses cookies to remember you.", ""),
        ("The war ended in May [12] or June.[citation needed]", "The war ended in May  or June."),
        ("[edit] The war ended in May or June.", "The war ended in May or June."),
        ("It has a word that is " + "x" * 1001 + ".", ""),
        ("It has a word that is " + "x" * 999 + ".", "It has a word that is " + "x" * 999 + "."),
    ],
)
def test_lines(line: str, kept: str) -> None:
    assert keep_lines(line) == kept
    assert (of_datatrove(f"{PAGE}\n{line}") or "").removeprefix(PAGE).strip() == kept


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (PAGE, None),
        (PAGE + "\nHome | News\n\nLog in", None),
        (PAGE.rpartition("\n")[0], "fewer than 3 sentences"),
        ("One line has three sentences. All of them. Are they?", None),
        ("", "fewer than 3 sentences"),
        (PAGE + "\nif (a) { b }", "curly bracket"),
        (PAGE + "\nif (a) { b", "curly bracket"),
        (PAGE + "\n}", None),
        (PAGE + "\nLorem ipsum dolor sit amet.", "lorem ipsum"),
    ],
)
def test_pages(page: str, reason: str | None) -> None:
    assert c4_reason(page) == (reason and f"c4: {reason}")


def test_two_editions_of_the_numbers() -> None:
    page = "Four words are here.\n" * 5
    assert c4_reason(page) == "c4: fewer than 3 sentences"  # no line has five words
    assert c4_reason(page, min_sentences=5, min_words_in_line=3) is None
    assert c4_reason(PAGE, min_sentences=5, min_words_in_line=3) == "c4: fewer than 5 sentences"


def test_sentences() -> None:
    assert count_sentences("One. Two! Three?") == 3
    assert count_sentences('"One." And (two.) and a rest') == 3
    assert count_sentences("It cost 3.50 in www.example.org, was it?!") == 1
    assert count_sentences("") == 0
    assert count_sentences("One. ") == 1


pieces = st.sampled_from(
    ["This line is a sentence.", "Four words are here.", "menu", "the end...", 'He said "no"',
     "We use cookies on this page.", "enable javascript, if you please.", "It is true [1] and old.",
     " ", "", "x" * 1001 + " is a word that long.", "One here. Two here. Three are here."]
)  # fmt: skip


@given(
    st.lists(pieces, max_size=12).map("\n".join) | st.text().filter(lambda text: "{" not in text),
    st.sampled_from([(3, 5), (5, 3), (1, 1)]),
)
def test_datatrove_keeps_the_same(text: str, limits: tuple[int, int]) -> None:
    assert of_minilm(text, *limits) == of_datatrove(text, *limits)


def test_datatrove_keeps_the_same_of_real_texts() -> None:
    texts = [document["text"] for document in sotu_documents()][::8]
    texts += [document["text"] for document in movie_review_documents()][::40]
    kept = 0
    for text in map(normalize, map(strip_html, texts)):
        if "{" not in text:
            assert of_minilm(text) == of_datatrove(text)
            kept += of_minilm(text) is not None
    assert 100 < kept < len(texts) - 100


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(c4_reason(text), str | None)
    assert keep_lines(keep_lines(text)) == keep_lines(text) or "[" in text
