"""The report's page on people: who speaks in the data, what was left out, what nobody answered."""

from collections import Counter
from typing import Any

from minilm.prepare.datasheet import Answers, datasheet
from minilm.teach.figures.people import words_by_decade
from minilm.teach.figures.report import themed_svg

Facts = dict[str, Any]


def people_facts(card: Facts, answers: Answers) -> Facts | None:
    """Rows for the report from the card's census; None for a card of an older run, without one."""
    census = card.get("census")
    if not census:
        return None
    decades = decades_of(census["years"])
    records = datasheet(card, answers)
    return {
        "figure": themed_svg(words_by_decade(decades)) if decades else "",
        "undated": sum(row["words"] for row in census["years"] if not row["year"].isdigit()),
        "words": sum(row["words"] for row in census["years"]),
        "sources": [{**row, "typical": typical(row)} for row in census["sources"]],
        "eras": [{**row, "typical": typical(row)} for row in census["eras"]],
        "languages": [row for row in census["languages"] if row["language"]],
        "left_out": card.get("left_out", []),
        "removed": card.get("removed", []),
        "answered": sum(bool(record["by"]) for record in records),
        "questions": len(records),
        "open": [record["question"] for record in records if not record["by"]],
    }


def decades_of(years: list[Facts]) -> dict[int, int]:
    """Words per decade, with the decades in between that have none."""
    counts: Counter[int] = Counter()
    for row in years:
        if row["year"].isdigit():
            counts[int(row["year"]) // 10 * 10] += row["words"]
    if not counts:
        return {}
    return {decade: counts[decade] for decade in range(min(counts), max(counts) + 1, 10)}


def typical(row: Facts) -> str:
    """The row's most typical words, as they are read."""
    return ", ".join(word["word"] for word in row["typical"])
