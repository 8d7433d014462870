"""The datasheet: the questions that a user of data should have answered, and who answers them.

What the data card's numbers can answer is answered from them. What only people know (why the data
was gathered, who pays, whom to write to) is for the recipe's table [datasheet]. The rest is listed
as not answered: a gap that can be seen is better than a sentence that nobody can stand behind.

Source of the questions: Gebru et al. 2021, "Datasheets for Datasets", Communications of the ACM
64(12); asked here in fewer and other words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from minilm.collect.licences import UNKNOWN, identify
from minilm.files import atomic_writer

DATASHEET = "datasheet.md"
NOT_ANSWERED = "*Not answered.*"
Card = Mapping[str, Any]


def ask(section: str, question: str) -> Any:
    """A field of `Answers` with its question; "" until somebody answers."""
    return field(default="", metadata={"section": section, "question": question})


@dataclass(frozen=True)
class Answers:
    """What people say about their data; a recipe's table [datasheet] has these fields."""

    purpose: str = ask("Motivation", "What was this data put together for?")
    makers: str = ask("Motivation", "Who put it together, and for whom?")
    funding: str = ask("Motivation", "Who paid for it?")
    items: str = ask("Composition", "What is one item, and how many are there of each kind?")
    selection: str = ask("Composition", "Is this all there is, or a sample, and how was it drawn?")
    labels: str = ask("Composition", "Is something to be predicted, and who labeled it?")
    splits: str = ask("Composition", "How is it split for training and testing, and why so?")
    errors: str = ask("Composition", "Which errors, noise and repetitions are known?")
    outside: str = ask("Composition", "Does it depend on something outside that may change?")
    speakers: str = ask("Composition", "Who speaks in it, of what times, and who does not?")
    identifiable: str = ask("Composition", "Can persons be recognized in it?")
    sensitive: str = ask("Composition", "Does it tell of health, faith, politics or the like?")
    offensive: str = ask("Composition", "Does it hold what may hurt or frighten a reader?")
    acquired: str = ask("Collection", "How was each item obtained?")
    period: str = ask("Collection", "Of what times are the texts, and when were they gathered?")
    workers: str = ask("Collection", "Who did the gathering, and how were they paid?")
    ethics: str = ask("Collection", "Did anybody review whether it should be done?")
    consent: str = ask("Collection", "Were the authors asked, and were refusals respected?")
    withdrawal: str = ask("Collection", "How can somebody have a text removed?")
    steps: str = ask("Preprocessing", "What was done to the texts?")
    raw: str = ask("Preprocessing", "Is the unprocessed text kept?")
    software: str = ask("Preprocessing", "Is the software that did it available?")
    used_for: str = ask("Uses", "What has it been used for?")
    limits: str = ask("Uses", "What in it may lead to unfair or wrong results?")
    not_for: str = ask("Uses", "What should it not be used for?")
    shared: str = ask("Distribution", "Will others get it, who, and how?")
    licence: str = ask("Distribution", "Under which licences do the texts stand?")
    restrictions: str = ask("Distribution", "Do third parties hold rights that restrict its use?")
    maintainer: str = ask("Maintenance", "Who looks after it, and how are they reached?")
    updates: str = ask("Maintenance", "Will it be corrected and updated, and how will users know?")
    removed: str = ask("Maintenance", "What has been removed, and when?")
    retention: str = ask("Maintenance", "How long is it kept, and what becomes of old versions?")


def datasheet(card: Card, answers: Answers | None = None) -> list[dict[str, str]]:
    """One record per question, in order: section, key, question, answer, and `by` whom.

    `by` is "numbers" (the card), "people" (the recipe), "both", or "" for a question that nobody
    has answered.
    """
    records = []
    for asked in fields(Answers):
        counted = FROM_CARD[asked.name](card) if asked.name in FROM_CARD else ""
        said = getattr(answers, asked.name, "").strip() if answers else ""
        by = {(1, 0): "numbers", (0, 1): "people", (1, 1): "both"}.get((bool(counted), bool(said)))
        records.append(
            {
                "section": asked.metadata["section"],
                "key": asked.name,
                "question": asked.metadata["question"],
                "answer": "\n\n".join(filter(None, [said, counted])),
                "by": by or "",
            }
        )
    return records


def write_datasheet(card: Card, path: Path | str, answers: Answers | None = None) -> None:
    """Write the datasheet as Markdown; it begins with how much of it is answered, and by whom."""
    records = datasheet(card, answers)
    open_keys = [record["key"] for record in records if not record["by"]]
    lines = [
        "# Datasheet",
        "",
        f"{len(records)} questions after Gebru et al. 2021. Answered from the data card's numbers:"
        f" {sum(record['by'] in ('numbers', 'both') for record in records)}. Answered by people:"
        f" {sum(record['by'] in ('people', 'both') for record in records)}."
        f" Not answered: {len(open_keys)}" + (f" ({', '.join(open_keys)})." if open_keys else "."),
    ]
    section = ""
    for record in records:
        if record["section"] != section:
            section = record["section"]
            lines += ["", f"## {section}"]
        lines += ["", f"**{record['question']}**", "", record["answer"] or NOT_ANSWERED]
    with atomic_writer(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def _items(card: Card) -> str:
    lines = ["An item is a text with its source, licence, date and origin."]
    for name, source in card["sources"].items():
        kept = source["kept"]
        lines.append(
            f"- {name}: {source['documents']:,} collected ({source['bytes'] / 1e6:,.2f} MB),"
            f" {kept['documents']:,} kept ({kept['bytes'] / 1e6:,.2f} MB)"
        )
    return "\n".join(lines)


def _labels(card: Card) -> str:
    counts = {name: part["labelled"] for name, part in card["parts"].items()}
    if not any(counts.values()):
        return "No prepared text has a label."
    listed = ", ".join(f"{name} {n:,}" for name, n in counts.items())
    return f"Reviews with the label of their source, positive or negative: {listed}."


def _splits(card: Card) -> str:
    parts = card["parts"].items()
    listed = ", ".join(f"{n} {p['documents']:,} ({p['bytes'] / 1e6:,.2f} MB)" for n, p in parts)
    return (
        f"By document, by a checksum of its id, after repeated texts were removed: {listed}. No"
        " document is in two parts."
    )


def _errors(card: Card) -> str:
    lines = [
        f"- {step['step']}: {group['documents']:,} left out, {reason}"
        for step in card["steps"]
        for reason, group in step.get("removed", {}).items()
    ]
    return "\n".join(["What the steps found and left out:", *lines]) if lines else ""


def _masked(card: Card) -> str:
    for step in card["steps"]:
        if step["step"].startswith("mask"):
            found = ", ".join(f"{n:,} {what}" for what, n in step.get("changed", {}).items())
            return (
                f"Masked in the prepared text: {found or 'nothing was found'}. Names, places and"
                " styles are not masked: people can be recognized by them."
            )
    return ""


def _acquired(card: Card) -> str:
    left_out = card.get("left_out", [])
    lines = [f"- {name}" for name in card["sources"]]
    lines += [
        f"- left out for the licence {group['licence']}: {group['documents']:,}"
        for group in left_out
    ]
    return "\n".join(["The sources by name; each item's origin names its file or address:", *lines])


def _period(card: Card) -> str:
    dated = [
        f"- {name}: {source['dates'][0]} to {source['dates'][-1]}"
        for name, source in card["sources"].items()
        if source["dates"]
    ]
    undated = [name for name, source in card["sources"].items() if not source["dates"]]
    if undated:
        dated.append(f"- without dates: {', '.join(undated)}")
    return "\n".join(["By the texts' own dates:", *dated])


def _consent(card: Card) -> str:
    for step in card["steps"]:
        if "refuse" in step["step"]:
            groups = step.get("removed", {}).values()
            n = sum(group["documents"] for group in groups)
            return f"minilm asks nobody; it looks for refusals. Left out for one: {n:,} texts."
    return ""


def _steps(card: Card) -> str:
    return "\n".join(
        ["In this order, with what was left after each:"]
        + [
            f"- {step['step']}: {step['documents']:,} texts, {step['bytes'] / 1e6:,.2f} MB"
            for step in card["steps"]
        ]
    )


def _licences(card: Card) -> str:
    lines = []
    for name, source in card["sources"].items():
        known = ", ".join(map(identify, source["licences"]))
        lines.append(f"- {name}: {known} (stated: {'; '.join(source['licences'])})")
    return "\n".join(lines)


def _restrictions(card: Card) -> str:
    unknown = [
        name
        for name, source in card["sources"].items()
        if any(identify(licence) == UNKNOWN for licence in source["licences"])
    ]
    if not unknown:
        return "Every source states a licence that is known; its conditions apply."
    return (
        f"Unknown for {', '.join(unknown)}: no licence is stated that could be recognized, so all"
        " rights may be reserved."
    )


def _removed(card: Card) -> str:
    rows = card.get("removed", [])
    if not rows:
        return "Nothing so far."
    listed = "\n".join(f"- {row['date']}: {row['documents']:,} on request" for row in rows)
    return listed + "\n\nModels trained before may still know what was removed."


def _speakers(card: Card) -> str:
    rows = card.get("census", {}).get("sources", [])
    return "\n".join(
        f"- {row['source']}: {row['words']:,} words in {row['documents']:,} texts, typical are"
        f" {', '.join(word['word'] for word in row['typical'][:6]) or 'no words'}"
        for row in rows
    )


FROM_CARD: dict[str, Callable[[Card], str]] = {
    "items": _items,
    "labels": _labels,
    "splits": _splits,
    "errors": _errors,
    "speakers": _speakers,
    "identifiable": _masked,
    "acquired": _acquired,
    "period": _period,
    "consent": _consent,
    "withdrawal": lambda card: (
        "By the id of the text: `minilm remove --run RUN --id ID` takes it out of the collection"
        " and of the prepared parts, and keeps it from coming back."
    ),
    "steps": _steps,
    "raw": lambda card: "Yes, as collect/documents.jsonl of the run.",
    "software": lambda card: "Yes: minilm; the run's recipe.toml repeats it.",
    "limits": lambda card: "\n".join(f"- {line}" for line in card["limits"]),
    "licence": _licences,
    "restrictions": _restrictions,
    "removed": _removed,
}
