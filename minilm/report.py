"""The report: what a run read, learned and scored, on one page that needs nothing from outside.

`gather` reads the files that the stages left, `render` puts the facts into the template. Every
number on the page is computed from these files, and every text is escaped.
"""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import jinja2

from minilm import __version__
from minilm.files import atomic_writer, read_json
from minilm.model_card import REPORT, describe
from minilm.people import people_facts
from minilm.prepare.datasheet import DATASHEET, Answers, write_datasheet
from minilm.recipe import read_table, to_toml
from minilm.teach import style
from minilm.teach.figures.report import (
    Curve,
    Score,
    learning_curves,
    score_intervals,
    themed_svg,
)

NETWORKS = {"transformer": "transformer", "lstm": "LSTM"}
STAGES = {  # a stage and the color of its dot
    "collect": "baseline",
    "prepare": "train",
    "train/transformer": "transformer",
    "train/lstm": "lstm",
    "tune": "value",
    "evaluate": "valid",
}
Facts = dict[str, Any]


def write_report(tables: dict[str, Any], run: Path) -> None:
    """Write the run's report/report.html from what its stages left; `tables` are its recipe.

    Beside it stands the datasheet, with the answers that the recipe gives.
    """
    answers = read_table(Answers, "datasheet", tables.get("datasheet", {}))
    write_datasheet(read_json(run / "prepare/card.json"), run / "report" / DATASHEET, answers)
    with atomic_writer(run / REPORT, "w") as file:
        file.write(render(gather(tables, run)))


def render(facts: Facts) -> str:
    """Fill the template; everything is escaped except the figures, which are our own SVG."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(facts, colors=style.COLORS)


def gather(tables: dict[str, Any], run: Path) -> Facts:
    """Read what the stages of a run left; raise MinilmError that names a file that is missing."""
    facts: Facts = {
        "run": {"name": run.name, "folder": str(run), "version": __version__},
        "recipe": to_toml(tables),
        "sampling": read_json(run / "evaluate/samples.json")["sampling"],
        "samples": read_json(run / "evaluate/samples.json")["samples"],
        "data": data_facts(run),
        "people": people_facts(
            read_json(run / "prepare/card.json"),
            read_table(Answers, "datasheet", tables.get("datasheet", {})),
        ),
        "tokens": read_json(run / "evaluate/tokens.json"),
        "language": language_facts(run),
        "sentiment": sentiment_facts(run),
        "iterations": read_json(run / "tune/iterations.json"),
        "stages": stage_facts(run),
        "environment": environment_facts(),
    }
    facts["training"] = training_facts(run, facts)
    return facts | describe(facts)


def data_facts(run: Path) -> Facts:
    """Turn the data card into rows: sources, steps, parts and limits."""
    card = read_json(run / "prepare/card.json")
    first, last = card["steps"][0], card["steps"][-1]
    return {
        "summary": f"{first['documents']:,} documents ({first['bytes'] / 1e6:,.1f} MB) were"
        f" collected; {last['documents']:,} ({last['bytes'] / 1e6:,.1f} MB) remain.",
        "sources": [
            {
                "source": name,
                "documents": source["documents"],
                "bytes": source["bytes"],
                "dates": " to ".join(dict.fromkeys(date[:4] for date in source["dates"])),
                "licence": "; ".join(source["licences"]),
            }
            for name, source in card["sources"].items()
        ],
        "steps": [{**step, "notes": notes_on(step)} for step in card["steps"]],
        "splits": [
            {"name": name, "share": part["documents"] / last["documents"], **part}
            for name, part in card["parts"].items()
        ],
        "vocab_size": card["tokenizer"]["vocab_size"],
        "limits": card["limits"],
    }


def notes_on(step: Facts) -> list[str]:
    """Say what a step changed and removed, with the ids of a few examples."""
    changed = [f"changed: {count:,} {what}" for what, count in step.get("changed", {}).items()]
    removed = [
        f"{group['documents']:,} removed: {reason} ({', '.join(group['examples'])})"
        for reason, group in step.get("removed", {}).items()
    ]
    return changed + removed


def training_facts(run: Path, facts: Facts) -> Facts:
    """Draw both networks' curves, against the text they have read and against time."""
    train = next(split for split in facts["data"]["splits"] if split["name"] == "train")
    bytes_per_token = train["bytes"] / train["tokens"]
    histories = {name: read_json(run / "train" / name / "history.json") for name in NETWORKS}
    by_text = curves_of(histories, "tokens", bytes_per_token / 1e6)
    by_time = curves_of(histories, "seconds", 1.0)
    return {
        "figures": [
            {
                "svg": themed_svg(learning_curves(by_text, "MB of text read", "For equal text")),
                "caption": "Who learns more from the same text?",
            },
            {
                "svg": themed_svg(learning_curves(by_time, "seconds", "For equal time")),
                "caption": "Who learns more in the same time, on this machine?",
            },
        ],
        "moments": [
            {"step": row["step"], "bits": row.get("valid_bits_per_byte"), "text": row["sample"]}
            for row in histories["transformer"]
            if "sample" in row
        ],
        "last": {name: history[-1] for name, history in histories.items()},
        "megabytes": histories["transformer"][-1]["tokens"] * bytes_per_token / 1e6,
    }


def curves_of(histories: dict[str, list[Facts]], x: str, scale: float) -> list[Curve]:
    """Return a curve of bits per byte for each network, against a column of its history."""
    return [
        Curve(
            name=NETWORKS[name],
            meaning=name,
            points=[
                (scale * row[x], row["valid_bits_per_byte"])
                for row in history
                if "valid_bits_per_byte" in row
            ],
        )
        for name, history in histories.items()
    ]


def language_facts(run: Path) -> Facts:
    """Rows of all models, best first, with the length of their bars."""
    facts: Facts = read_json(run / "evaluate/language.json")
    longest = max(row["bits_per_byte"] for row in facts["rows"])
    for row in facts["rows"]:
        row["share"] = row["bits_per_byte"] / longest
    return facts


def sentiment_facts(run: Path) -> Facts | None:
    """Scores of the classifiers with their intervals drawn; None for a run without labels."""
    facts: Facts | None = read_json(run / "evaluate/sentiment.json")
    if facts:
        scores = [
            Score(
                name=row["name"],
                meaning=row["meaning"],
                value=row["accuracy"]["value"],
                low=row["accuracy"]["low"],
                high=row["accuracy"]["high"],
            )
            for row in facts["rows"]
        ]
        facts["figure"] = themed_svg(score_intervals(scores, "accuracy on the test split"))
    return facts


def stage_facts(run: Path) -> list[Facts]:
    """Time and memory of each stage, as its stamp recorded them."""
    return [
        {"name": name, "meaning": meaning, **read_json(run / name / "stamp.json")}
        for name, meaning in STAGES.items()
    ]


def environment_facts() -> dict[str, str]:
    """Return the machine and the versions that the numbers depend on."""
    packages = ("torch", "numpy", "tiktoken", "scikit-learn")
    return {
        "Machine": f"{platform.system()} on {platform.machine()}, {os.cpu_count()} CPU cores",
        "Python": platform.python_version(),
        "Packages": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages),
    }
