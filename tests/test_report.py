"""The report on hand-made results: what is in the files is on the page, escaped, self-contained."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from minilm.errors import MinilmError
from minilm.files import read_json, write_json
from minilm.model_card import closing_words, compared
from minilm.people import decades_of
from minilm.report import write_report
from minilm.teach import style
from minilm.teach.figures.report import Curve, learning_curves, score_intervals, themed_svg

TABLES = {"collect": {"sources": ["sotu"]}, "train": {"steps": 200}}
EVIL = "<script>alert('&')</script>"


def score(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.03, "high": value + 0.03}


def predictor(name: str, meaning: str, bits: float, **more: Any) -> dict[str, Any]:
    row = {"name": name, "meaning": meaning, "bits_per_byte": bits, "perplexity": None}
    return row | {"parameters": None} | more


def history(end: float) -> list[dict[str, Any]]:
    return [
        {"step": step, "tokens": 2048 * step, "seconds": 0.1 * step}
        | ({"valid_bits_per_byte": end + 100 / step} if step % 50 == 0 else {})
        | ({"sample": f"{EVIL} step {step}"} if step % 100 == 0 else {})
        for step in range(1, 201)
    ]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder whose stages left small results made by hand."""
    network = {"perplexity": 88.25, "parameters": 1_311_872, "context_length": 128}
    results: dict[str, Any] = {
        "prepare/card.json": {
            "sources": {
                EVIL: {
                    "documents": 10,
                    "bytes": 2_000_000,
                    "licences": ["public domain"],
                    "dates": ["1790-01-08", "2026-02-01"],
                    "kept": {"documents": 8, "bytes": 1_600_000},
                }
            },
            "steps": [
                {"step": "collect", "documents": 10, "bytes": 2_000_000},
                {
                    "step": "filter",
                    "documents": 8,
                    "bytes": 1_600_000,
                    "removed": {"too short": {"documents": 2, "examples": ["a/1", "a/2"]}},
                },
            ],
            "parts": {
                name: {"documents": n, "bytes": 200_000 * n, "tokens": 50_000 * n, "labelled": n}
                for name, n in (("train", 6), ("valid", 1), ("test", 1))
            },
            "tokenizer": {"vocab_size": 4096, "bytes_per_token": 4.0},
            "limits": ["One genre."],
            "census": {
                "years": [
                    {"year": "", "words": 60},
                    {"year": "1799", "words": 30},
                    {"year": "1812", "words": 10},
                ],
                "languages": [{"language": "en", "documents": 7}],
                "sources": [
                    {
                        "source": EVIL,
                        "documents": 10,
                        "words": 123_456,
                        "words_per_document": {"10 %": 11, "median": 222, "90 %": 3333},
                        "typical": [{"word": "gold"}, {"word": EVIL}],
                    }
                ],
                "eras": [
                    {"era": "1750 to 1799", "words": 30, "typical": [{"word": "militia"}]},
                    {"era": "1800 to 1849", "words": 10, "typical": []},
                ],
            },
            "left_out": [{"licence": "CC-BY-NC-4.0", "documents": 5, "ids": ["a"]}],
            "removed": [{"date": "2026-11-24", "documents": 3}],
        },
        "train/transformer/history.json": history(1.9),
        "train/lstm/history.json": history(2.1),
        "tune/iterations.json": [
            {
                "what": "Mean",
                "why": EVIL,
                "kept": True,
                "accuracy": 0.75,
                "train_loss": 0.4,
                "valid_loss": 0.5,
                "right": {"short": 0.7},
            }
        ],
        "evaluate/language.json": {
            "n_bytes": 200_000,
            "n_tokens": 50_000,
            "rows": [
                predictor("Transformer", "transformer", 1.9876, **network),
                predictor("4-gram", "ngram", 2.05),
                predictor("LSTM", "lstm", 2.2, **network),
                predictor("xz", "baseline", 2.5),
            ],
        },
        "evaluate/samples.json": {
            "sampling": {"temperature": 0.8, "top_p": 0.95},
            "samples": [{"prompt": "My fellow", "text": EVIL}],
        },
        "evaluate/tokens.json": [
            {"id": 7, "text": "<b", "loss": None, "probability": None},
            {"id": 9, "text": ">", "loss": 2.0, "probability": 0.135},
        ],
        "evaluate/sentiment.json": {
            "n_test": 100,
            "confidence": 95,
            "labels": ["negative", "positive"],
            "rows": [
                {"name": name, "meaning": meaning, "accuracy": score(a), "macro_f1": score(a)}
                for name, meaning, a in (
                    ("Majority class", "baseline", 0.5),
                    ("Bag of words", "ngram", 0.76),
                    ("From scratch", "residual", 0.73),
                    ("Read first", "transformer", 0.789),
                )
            ],
            "differences": [{"name": "R − S", **score(0.059), "reading": "more than luck"}],
            "confusion": [[40, 9], [12, 39]],
            "mistakes": [{"id": "r/1", "text": EVIL, "label": "negative", "probability": 0.987}],
        },
    }
    for name in ("collect", "prepare", "train/transformer", "train/lstm", "tune", "evaluate"):
        stamp = {"seconds": 60.0, "peak_memory_bytes": 900_000_000, "resumed": False}
        results[f"{name}/stamp.json"] = stamp
    for name, value in results.items():
        write_json(tmp_path / "mine" / name, value)
    return tmp_path / "mine"


def page_of(run: Path) -> str:
    write_report(TABLES, run)
    return (run / "report/report.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Collects the visible text, every address, and the tags that were left open."""

    VOID = frozenset({"meta", "br", "use", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.text, self.addresses, self.open = "", [], []  # type: str, list[str], list[str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [v or "" for k, v in attrs if k in ("href", "src", "xlink:href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [v or "" for k, v in attrs if k in ("href", "src", "xlink:href")]

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.open):
            self.text += data


def test_the_page_stands_alone_and_is_well_formed(run: Path) -> None:
    reader = Reader()
    reader.feed(page_of(run))
    assert reader.open == []
    assert reader.addresses
    assert all(address.startswith("#") for address in reader.addresses)
    assert not re.search(r"@import|url\((?!#)|<script", page_of(run))


def test_every_text_is_escaped(run: Path) -> None:
    page = page_of(run)
    assert "<script" not in page
    reader = Reader()
    reader.feed(page)
    assert (
        reader.text.count(EVIL) == 10
    )  # source (four times), a typical word, two checkpoints, sample, iteration, mistake


def test_the_numbers_of_the_files_are_on_the_page(run: Path) -> None:
    reader = Reader()
    reader.feed(page_of(run))
    text = re.sub(r"\s+", " ", reader.text)
    for expected in (
        "1.988",  # bits per byte
        "88.2",  # perplexity
        "1,311,872",
        "78.9 % 75.9 to 81.9",
        "+5.9 +2.9 to +8.9",
        "2 removed: too short (a/1, a/2)",
        "1790 to 2026",
        "6.0 minutes",
        "at most 900 MB",
        "98.7 %",
        "steps = 200",
        "1.6 MB",  # 200 steps of 2048 tokens at 4 bytes
        "20,480 tokens a second",
        "9.7 % less than LSTM",
    ):
        assert expected in text, expected


def test_a_better_rival_is_named_the_best(run: Path) -> None:
    language = read_json(run / "evaluate/language.json")
    language["rows"].insert(0, predictor("5-gram", "ngram", 1.5))
    write_json(run / "evaluate/language.json", language)
    assert "Best is 5-gram with 1.500" in page_of(run)


def test_a_run_without_labels_says_so(run: Path) -> None:
    write_json(run / "evaluate/sentiment.json", None)
    write_json(run / "tune/iterations.json", [])
    page = page_of(run)
    assert "nothing was fine-tuned" in page
    assert "Confusion" not in page
    assert "accuracy" not in closing_words(run)


def test_a_missing_result_is_named(run: Path) -> None:
    (run / "evaluate/language.json").unlink()
    with pytest.raises(MinilmError, match=r"language\.json is missing"):
        write_report(TABLES, run)


def test_the_closing_words_name_scores_and_the_report(run: Path) -> None:
    words = closing_words(run)
    assert f"My fellow{EVIL}" in words
    assert re.search(r"Transformer +1\.988", words)
    assert re.search(r"Read first +78\.9 %", words)
    assert words.endswith(str(run / "report/report.html"))


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [(1.0, 2.0, "50.0\u00a0% less than"), (3.0, 2.0, "50.0\u00a0% more than")],
)
def test_comparisons_go_both_ways(first: float, second: float, words: str) -> None:
    assert compared(first, second) == words


def test_figures_take_their_colors_from_the_page() -> None:
    curves = [Curve(name="LSTM", meaning="lstm", points=[(1.0, 3.0), (2.0, 2.0)])]
    scores = [{"name": "A", "meaning": "transformer", **score(0.7)}]
    for figure in (learning_curves(curves, "MB", "For equal text"), score_intervals(scores, "x")):
        svg = themed_svg(figure)
        assert svg.startswith("<svg")
        assert "var(--ink)" in svg
        assert not set(re.findall(r"#[0-9a-f]{6}", svg)) & {
            c.lower() for c in style.COLORS.values()
        }
    assert "var(--lstm)" in themed_svg(learning_curves(curves, "MB", ""))


def test_who_speaks_and_what_nobody_answered_is_on_the_page(run: Path) -> None:
    reader = Reader()
    reader.feed(page_of(run))
    text = re.sub(r"\s+", " ", reader.text)
    for expected in (
        "60 % of them bear no date",
        "11 · 222 · 3,333",
        "gold",
        "militia",
        "5 texts were left out for their licence: CC-BY-NC-4.0",
        "3 texts were removed on request on 2026-11-24",
        "What was this data put together for?",
    ):
        assert expected in text, expected
    answered = {**TABLES, "datasheet": {"purpose": "To learn."}}
    write_report(answered, run)
    assert "What was this data" not in (run / "report/report.html").read_text(encoding="utf-8")
    assert "To learn." in (run / "report/datasheet.md").read_text(encoding="utf-8")


def test_a_card_without_a_census_still_makes_a_page(run: Path) -> None:
    card = read_json(run / "prepare/card.json")
    del card["census"]
    write_json(run / "prepare/card.json", card)
    assert "did not count who speaks" in page_of(run)
    assert decades_of([{"year": "1799", "words": 3}, {"year": "1812", "words": 4}]) == {
        1790: 3,
        1800: 0,
        1810: 4,
    }
