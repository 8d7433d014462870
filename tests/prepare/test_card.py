"""The card sums up sources and steps."""

from minilm.collect.documents import make_document
from minilm.prepare.card import Journal, data_card, summarize_sources

DOCUMENTS = [
    make_document("abc", id="a", source="files", licence="CC0", date="1801-01-01"),
    make_document("é", id="b", source="files", licence="MIT", date="1790-01-01"),
    make_document("x", id="c", source="hub:some/data", licence="MIT"),
]


def test_sources() -> None:
    sources = summarize_sources(DOCUMENTS)
    assert sources["files"] == {
        "documents": 2,
        "bytes": 5,
        "licences": ["CC0", "MIT"],
        "dates": ["1790-01-01", "1801-01-01"],
    }
    assert sources["hub:some/data"]["dates"] == []


def test_journal_keeps_three_examples() -> None:
    journal = Journal()
    journal.record("filter", DOCUMENTS, removed={"short": ["a", "b", "c", "d"], "long": ["e"]})
    assert journal.steps == [
        {
            "step": "filter",
            "documents": 3,
            "bytes": 6,
            "removed": {
                "long": {"documents": 1, "examples": ["e"]},
                "short": {"documents": 4, "examples": ["a", "b", "c"]},
            },
        }
    ]


def test_card() -> None:
    parts = {"train": {"documents": 1}}
    card = data_card(
        DOCUMENTS,
        DOCUMENTS[:2],
        Journal(),
        parts,
        settings={"seed": 0},
        tokenizer={"vocab_size": 9},
    )
    assert card["sources"]["hub:some/data"]["kept"] == {"documents": 0, "bytes": 0}
    assert card["sources"]["files"]["kept"] == {"documents": 2, "bytes": 5}
    assert any("dataset of the hub" in limit for limit in card["limits"])
    assert not any("presidents" in limit for limit in card["limits"])
