"""The sentences of the report: what the numbers say, and what the model is for.

Source of the card's questions: Mitchell et al. 2019, "Model Cards for Model Reporting".
"""

from pathlib import Path
from typing import Any

from minilm.files import read_json

REPORT = "report/report.html"
Facts = dict[str, Any]
NOVEL = 600_000  # bytes: 100,000 words


def describe(facts: Facts) -> Facts:
    """Return what the report says in words: summaries, headline tiles and the model card."""
    return {
        "summary": summary(facts),
        "tiles": tiles(facts),
        "training": facts["training"] | {"summary": training_words(facts)},
        "language": facts["language"] | {"summary": language_words(facts)},
        "sentiment": facts["sentiment"]
        and facts["sentiment"] | {"summary": sentiment_words(facts["sentiment"])},
        "model_card": model_card(facts),
    }


def row_of(rows: list[Facts], meaning: str) -> Facts:
    """Return the best row (rows are sorted, best first) of a kind of model."""
    return next(row for row in rows if row["meaning"] == meaning)


def summary(facts: Facts) -> str:
    """One sentence on what this run is."""
    transformer = row_of(facts["language"]["rows"], "transformer")
    lstm = row_of(facts["language"]["rows"], "lstm")
    train = next(split for split in facts["data"]["splits"] if split["name"] == "train")
    return (
        f"A transformer of {transformer['parameters']:,} learned numbers and an LSTM of"
        f" {lstm['parameters']:,}, trained to predict the next token on"
        f" {facts['training']['megabytes']:,.1f} MB drawn from {train['bytes'] / 1e6:,.1f} MB of"
        f" text in {train['documents']:,} documents."
    )


def tiles(facts: Facts) -> list[Facts]:
    """Four numbers to remember."""
    rows, stages = facts["language"]["rows"], facts["stages"]
    transformer, packed = row_of(rows, "transformer"), row_of(rows, "baseline")
    last = facts["training"]["last"]["transformer"]
    memory = max(stage["peak_memory_bytes"] or 0 for stage in stages)
    shown = [
        {
            "label": "Prediction",
            "value": f"{transformer['bits_per_byte']:.2f}",
            "unit": "bits per byte",
            "note": f"on unseen text; {packed['name']}: {packed['bits_per_byte']:.2f}",
            "meaning": "transformer",
        },
        {
            "label": "Text read",
            "value": f"{facts['training']['megabytes']:,.1f}",
            "unit": "MB",
            "note": f"{last['tokens'] / last['seconds']:,.0f} tokens a second",
            "meaning": "train",
        },
        {
            "label": "Whole build",
            "value": f"{sum(stage['seconds'] for stage in stages) / 60:.1f}",
            "unit": "minutes",
            "note": f"at most {memory / 1e6:,.0f} MB of memory" if memory else "",
            "meaning": "valid",
        },
    ]
    if facts["sentiment"]:
        _, words, scratch, tuned = facts["sentiment"]["rows"]
        tile = {
            "label": "Sentiment",
            "value": f"{100 * tuned['accuracy']['value']:.1f}",
            "unit": "% right",
            "note": f"from scratch {100 * scratch['accuracy']['value']:.1f}, bag of words"
            f" {100 * words['accuracy']['value']:.1f}",
            "meaning": "value",
        }
        shown.insert(1, tile)
    return shown


def compared(first: float, second: float) -> str:
    """How much smaller (or larger) the first number is than the second, in percent."""
    change = 100 * (1 - first / second)
    return f"{abs(change):.1f}\u00a0% {'less' if change >= 0 else 'more'} than"


def training_words(facts: Facts) -> str:
    """Say what both networks read, how fast, and where it took them."""
    last = facts["training"]["last"]
    speed = {name: row["tokens"] / row["seconds"] for name, row in last.items()}
    ends = {name: row["valid_bits_per_byte"] for name, row in last.items()}
    return (
        f"Both read the same {last['transformer']['tokens']:,} tokens in the same order, with the"
        f" same optimizers. The transformer read {speed['transformer']:,.0f} tokens a second, the"
        f" LSTM, which has to read one after the other, {speed['lstm']:,.0f}. On validation text"
        f" the transformer ends at {ends['transformer']:.3f} bits per byte,"
        f" {compared(ends['transformer'], ends['lstm'])} the LSTM ({ends['lstm']:.3f})."
    )


def language_words(facts: Facts) -> str:
    """Say who predicts best, whoever it is, and how the transformer stands to the others."""
    rows = facts["language"]["rows"]
    train = next(split for split in facts["data"]["splits"] if split["name"] == "train")
    ours, best = row_of(rows, "transformer"), rows[0]
    others = [row_of(rows, meaning) for meaning in ("lstm", "ngram", "baseline")]
    ratios = "; ".join(
        f"{compared(ours['bits_per_byte'], row['bits_per_byte'])} {row['name']}" for row in others
    )
    opening = "Best is the transformer, which"
    if ours is not best:
        opening = f"Best is {best['name']} with {best['bits_per_byte']:.3f}; the transformer"
    return (
        f"{opening} needs {ours['bits_per_byte']:.3f} bits per byte: {ratios}. The networks"
        f" read {facts['training']['megabytes']:,.1f} MB of training text, while the n-gram models"
        f" counted {train['bytes'] / 1e6:,.1f} MB."
    )


def sentiment_words(sentiment: Facts) -> str:
    """Say what transfer bought, and whether it is more than luck."""
    first = sentiment["differences"][0]
    return (
        "The same network learns the same labels twice: once from random weights, once from those"
        f" that learned to predict text. Reading first makes a difference of"
        f" {100 * first['value']:+.1f} points ({first['reading']})."
    )


def model_card(facts: Facts) -> dict[str, str | list[str]]:
    """Answer the usual questions about a model, with the facts of this run."""
    sources = facts["data"]["sources"]
    ours = row_of(facts["language"]["rows"], "transformer")
    return {
        "Intended use": "Learning how language models are built: to be read, changed, broken and"
        " measured. The run's models are small enough to train again in minutes.",
        "Not for": [
            "Facts, advice or decisions: what it writes is plausible in form and unchecked in"
            " content.",
            "Judging people or their writing: its sentiment scores were learned from film reviews"
            " alone.",
        ],
        "Models": f"Decoder-only transformer, {ours['parameters']:,} learned numbers, and an LSTM"
        " of about the same size; the exact shapes are in the recipe below.",
        "Training data": [f"{row['source']}: {row['documents']:,} documents" for row in sources],
        "Licences": [f"{row['source']}: {row['licence']}" for row in sources],
        "Limits": [
            f"It read {facts['training']['megabytes']:,.1f} MB of text, as much as"
            f" {facts['training']['megabytes'] * 1e6 / NOVEL:,.0f} novels of 600,000 letters.",
            f"It looks back {ours['context_length']} tokens: what stands earlier is forgotten.",
            *facts["data"]["limits"],
        ],
        "Risks and bias": [
            "It can repeat what it read: names, opinions and prejudices of its sources included.",
            "E-mail addresses and phone numbers were masked where a pattern found them; other"
            " personal details of public texts remain.",
            "No fairness test was run on this model. Until one is, assume that it treats groups as"
            " its sources do.",
        ],
        "How to trust the numbers": "Documents were split before anything was learned, duplicates"
        " were removed before the split, choices were made on the validation split, and the test"
        " split was scored once.",
    }


def closing_words(run: Path) -> str:
    """Say in a few lines, for the terminal, what came out of a run and where its report is."""
    language = read_json(run / "evaluate/language.json")
    sentiment = read_json(run / "evaluate/sentiment.json")
    sample = read_json(run / "evaluate/samples.json")["samples"][0]
    lines = ["", f"  {sample['prompt']}{sample['text']}".replace("\n", "\n  "), ""]
    lines.append(f"{'bits per byte on unseen text':40}{'lower is better':>20}")
    lines += [f"  {row['name']:38}{row['bits_per_byte']:20.3f}" for row in language["rows"]]
    if sentiment:
        lines.append(f"{'accuracy on unseen reviews':40}{'higher is better':>20}")
        for row in sentiment["rows"]:
            lines.append(f"  {row['name']:38}{100 * row['accuracy']['value']:18.1f} %")
    return "\n".join([*lines, "", f"The report: {run / REPORT}"])
