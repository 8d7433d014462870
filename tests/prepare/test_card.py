"""The card sums up sources and steps, in one piece or in several."""

from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.documents import make_document
from minilm.prepare.card import Journal, Sources, data_card

DOCUMENTS = [
    make_document("abc", id="a", source="files", licence="CC0", date="1801-01-01"),
    make_document("é", id="b", source="files", licence="MIT", date="1790-01-01"),
    make_document("x", id="c", source="hub:some/data", licence="MIT"),
]


def sources_of(documents) -> Sources:
    sources = Sources()
    for document in documents:
        sources.count(document, len(document["text"].encode()))
    return sources


def test_sources() -> None:
    sources = sources_of(DOCUMENTS)
    assert sources.summary["files"] == {
        "documents": 2,
        "bytes": 5,
        "licences": ["CC0", "MIT"],
        "dates": ["1790-01-01", "1801-01-01"],
    }
    assert sources.summary["hub:some/data"]["dates"] == []
    for cut in range(4):
        both = sources_of(DOCUMENTS[:cut])
        both.add(sources_of(DOCUMENTS[cut:]))
        assert both.summary == sources.summary


def note(journal: Journal, id_: str, reason: str) -> None:
    notes = {"bytes": {"collect": 6}, "changed": {"filter": {"letters": 2, "digits": 0}}}
    if reason:
        journal.note(id_, notes | {"removed": {"filter": reason}})
    else:
        journal.note(id_, {**notes, "bytes": {"collect": 6, "filter": 5}})


def test_journal_keeps_order_and_three_examples() -> None:
    journal = Journal(["collect", "never", "filter"])
    for id_, reason in zip(
        "abcdefg", ["short", "short", "", "short", "long", "", "short"], strict=True
    ):
        note(journal, id_, reason)
    assert journal.steps == [
        {"step": "collect", "documents": 7, "bytes": 42},
        {
            "step": "filter",
            "documents": 2,
            "bytes": 10,
            "changed": {"letters": 14},
            "removed": {
                "long": {"documents": 1, "examples": ["e"]},
                "short": {"documents": 4, "examples": ["a", "b", "d"]},
            },
        },
    ]
    assert journal.reasons("filter") == ["long", "short"]
    assert journal.documents("collect") == 7
    assert journal.documents("never") == 0


@given(st.lists(st.sampled_from(["", "short", "long"])), st.integers(0, 10))
def test_journals_of_pieces_add_up(reasons: list[str], cut: int) -> None:
    whole, first, rest = (Journal(["collect", "filter"]) for _ in range(3))
    for i, reason in enumerate(reasons):
        note(whole, str(i), reason)
        note(first if i < cut else rest, str(i), reason)
    first.add(rest)
    assert first.steps == whole.steps


def test_card() -> None:
    parts = {"train": {"documents": 1}}
    card = data_card(
        sources_of(DOCUMENTS),
        sources_of(DOCUMENTS[:2]),
        Journal([]),
        parts,
        settings={"seed": 0},
        tokenizer={"vocab_size": 9},
    )
    assert card["sources"]["hub:some/data"]["kept"] == {"documents": 0, "bytes": 0}
    assert card["sources"]["files"]["kept"] == {"documents": 2, "bytes": 5}
    assert any("dataset of the hub" in limit for limit in card["limits"])
    assert not any("presidents" in limit for limit in card["limits"])
