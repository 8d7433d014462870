"""The datasheet answers from numbers what numbers can answer, and lists the rest as open."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from minilm.collect.documents import make_document
from minilm.prepare.clean import PrepareConfig, prepare
from minilm.prepare.datasheet import FROM_CARD, NOT_ANSWERED, Answers, datasheet, write_datasheet

SECTIONS = [
    "Motivation",
    "Composition",
    "Collection",
    "Preprocessing",
    "Uses",
    "Distribution",
    "Maintenance",
]


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A real card: thirty texts, two of them equal, one short, one refused, two sources."""
    rows = [
        make_document(
            f"Number {n} speaks of " + " ".join(f"{'abcdefgh'[n * k % 8]}{k}" for k in range(30)),
            id=f"d/{n}",
            source="speeches" if n % 2 else "letters",
            licence="public domain" if n % 2 else "not stated",
            date=f"18{n:02}-01-01" if n % 2 else "",
            opt_out="the page says noai (robots)" if n == 3 else "",
            label=n % 4 // 2 if n % 2 == 0 else None,
        )
        for n in range(30)
    ]
    rows.append({**rows[0], "id": "d/again"})
    rows.append(
        make_document(
            "Write to jane@example.org now, please.",
            **{"id": "d/mail", "source": "letters", "licence": "not stated"},
        )
    )
    settings = PrepareConfig(
        vocab_size=280, valid=0.2, test=0.2, decontaminate="off", labelled_source="letters"
    )
    return prepare(rows, settings, tmp_path_factory.mktemp("card"))


def answer(card: dict[str, Any], key: str, answers: Answers | None = None) -> dict[str, str]:
    return next(record for record in datasheet(card, answers) if record["key"] == key)


def test_all_seven_sections_are_asked_in_order(card: dict[str, Any]) -> None:
    sections = list(dict.fromkeys(record["section"] for record in datasheet(card)))
    assert sections == SECTIONS
    assert len({record["question"] for record in datasheet(card)}) == len(fields(Answers))


def test_numbers_come_from_the_card(card: dict[str, Any]) -> None:
    assert "letters: 17 collected" in answer(card, "items")["answer"]
    assert "1 left out, repeats an earlier text" in answer(card, "errors")["answer"]
    assert re.search(r"1 e-?mail", answer(card, "identifiable")["answer"])
    assert "Left out for one: 1 texts" in answer(card, "consent")["answer"]
    assert "speeches: 1801-01-01 to 1829-01-01" in answer(card, "period")["answer"]
    assert "without dates: letters" in answer(card, "period")["answer"]
    assert "letters: unknown (stated: not stated)" in answer(card, "licence")["answer"]
    assert answer(card, "restrictions")["answer"].startswith("Unknown for letters:")
    total = sum(part["labelled"] for part in card["parts"].values())
    numbers = re.findall(r"(?:train|valid|test) (\d+)", answer(card, "labels")["answer"])
    assert sum(map(int, numbers)) == total > 0
    assert answer(card, "removed")["answer"] == "Nothing so far."


def test_what_nobody_has_answered_stays_open(card: dict[str, Any]) -> None:
    open_keys = {record["key"] for record in datasheet(card) if not record["by"]}
    assert {"purpose", "makers", "funding", "ethics", "maintainer", "not_for"} <= open_keys
    assert open_keys.isdisjoint(FROM_CARD.keys() - {"speakers"})
    assert all(not record["answer"] for record in datasheet(card) if record["key"] in open_keys)


def test_people_answer_first_and_numbers_follow(card: dict[str, Any]) -> None:
    answers = Answers(purpose="To learn.", errors="We know of none by hand.", makers="  ")
    assert answer(card, "purpose", answers)["by"] == "people"
    both = answer(card, "errors", answers)
    assert both["by"] == "both"
    assert both["answer"].startswith("We know of none by hand.\n\nWhat the steps found")
    assert answer(card, "makers", answers)["by"] == ""


def test_the_page_counts_its_gaps(card: dict[str, Any], tmp_path: Path) -> None:
    write_datasheet(card, tmp_path / "datasheet.md", Answers(purpose="To learn."))
    page = (tmp_path / "datasheet.md").read_text()
    counted = re.search(r"Not answered: (\d+) \(([^)]*)\)", page)
    assert counted
    assert page.count(NOT_ANSWERED) == int(counted[1]) == len(counted[2].split(", "))
    assert "Answered by people: 1." in page
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == SECTIONS


def test_later_facts_are_told(card: dict[str, Any]) -> None:
    more = {
        "removed": [{"date": "2026-11-24", "documents": 2}],
        "left_out": [{"licence": "CC-BY-NC-4.0", "documents": 5, "ids": ["a"]}],
        "census": {
            "sources": [
                {"source": "letters", "documents": 1, "words": 9, "typical": [{"word": "dear"}]}
            ]
        },
    }
    assert "2026-11-24: 2 on request" in answer(card | more, "removed")["answer"]
    assert "CC-BY-NC-4.0: 5" in answer(card | more, "acquired")["answer"]
    assert "typical are dear" in answer(card | more, "speakers")["answer"]
