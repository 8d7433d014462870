"""The census counts what it says, and typical words follow the published formula."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect import representativeness
from minilm.collect.documents import Document, make_document
from minilm.collect.representativeness import (
    Census,
    log_odds,
    quantiles,
    topic_words,
    words_of,
)

counts = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 500), max_size=7)


def paper(ours: dict[str, int], theirs: dict[str, int], prior: float) -> dict[str, float]:
    """Monroe et al. 2008, equations 15 (delta), 20 (variance) and 22 (z), word by word."""
    words = sorted({*ours, *theirs})
    y = np.array([[ours.get(w, 0), theirs.get(w, 0)] for w in words], dtype=np.float64)
    n = y.sum(axis=0)
    alpha = prior * y.sum(axis=1) / y.sum()
    omega = (y + alpha[:, None]) / (n + alpha.sum() - y - alpha[:, None])
    delta = np.log(omega[:, 0]) - np.log(omega[:, 1])
    variance = (1 / (y + alpha[:, None])).sum(axis=1)
    return dict(zip(words, delta / np.sqrt(variance), strict=True))


@given(counts, counts, st.floats(0.5, 5000))
def test_log_odds_follow_the_paper(
    ours: dict[str, int], theirs: dict[str, int], prior: float
) -> None:
    found = log_odds(ours, theirs, prior)
    if len({*ours, *theirs}) > 1:
        assert found == pytest.approx(paper(ours, theirs, prior), abs=1e-9)


@given(counts, counts)
def test_what_is_typical_for_us_is_untypical_for_them(
    ours: dict[str, int], theirs: dict[str, int]
) -> None:
    there = log_odds(theirs, ours)
    assert log_odds(ours, theirs) == pytest.approx({w: -z for w, z in there.items()})
    assert set(log_odds(ours, ours).values()) <= {0.0}


def test_a_rare_word_is_not_typical_by_luck_and_a_common_one_is() -> None:
    ours, theirs = {"the": 9000, "gold": 90, "zyx": 1}, {"the": 9000, "gold": 9}
    scores = log_odds(ours, theirs)
    assert scores["gold"] > 5 > 1 > scores["zyx"] > 0


def test_typical_words_leave_the_commonest_out_and_need_somebody_to_differ_from() -> None:
    groups = {
        "a": Counter({"the": 90_000, "gold": 9000, "x": 1}),
        "b": Counter({"the": 90_000, "jobs": 9000, "gold": 100}),
    }
    assert [word["word"] for word in topic_words(groups, without=1)["a"]] == ["gold"]
    assert [word["word"] for word in topic_words(groups, without=1)["b"]] == ["jobs"]
    assert topic_words(groups, without=0)["a"][0]["word"] == "gold"
    assert topic_words({"a": groups["a"]}, without=0) == {"a": []}


def test_words() -> None:
    assert words_of("Don’t STOP, it's 1999_x: naïve!") == ["don’t", "stop", "it's", "x", "naïve"]


def document(number: int, text: str, **more: str) -> Document:
    return make_document(text, **{"id": f"d/{number}", "source": "s", "licence": "MIT", **more})


def test_a_census_counts_while_documents_pass() -> None:
    documents = [
        document(0, "one two three", date="1799-01-08", language="en"),
        document(1, "one", date="1801", source="t"),
        document(2, "one two"),
    ]
    census = Census()
    assert list(census.count(documents)) == documents
    found = json.loads(json.dumps(census.records()))
    assert found["years"] == [
        {"year": "", "words": 2},
        {"year": "1799", "words": 3},
        {"year": "1801", "words": 1},
    ]
    assert {row["language"]: row["documents"] for row in found["languages"]} == {"en": 1, "": 2}
    assert [(row["source"], row["documents"], row["words"]) for row in found["sources"]] == [
        ("s", 2, 5),
        ("t", 1, 1),
    ]
    assert [row["era"] for row in found["eras"]] == ["1750 to 1799", "1800 to 1849"]


def test_a_date_that_is_no_year_belongs_to_no_era() -> None:
    census = Census()
    for date in ("99-01-01", "999", "in 1999", ""):
        census.add({**document(0, "one"), "date": date})
    assert census.records()["eras"] == []


def test_an_empty_census_has_records() -> None:
    assert Census().records() == {"years": [], "languages": [], "sources": [], "eras": []}


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_quantiles_lie_in_order(lengths: list[int]) -> None:
    found = list(quantiles(lengths).values())
    assert found == sorted(found)
    assert (found[0], found[-1]) == (min(lengths), max(lengths))
    assert quantiles(range(101))["90 %"] == 90


def test_memory_is_bounded_by_forgetting_words_met_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(representativeness, "MOST_WORDS", 10)
    census = Census()
    census.add(document(0, "kept kept"))
    census.add(document(1, " ".join(chr(97 + i) * 2 for i in range(20))))
    assert census.by_source["s"] == {"kept": 2}


@given(st.text(max_size=60), st.text(alphabet="0123456789-²x", max_size=6))
def test_any_text_and_date_are_counted(text: str, date: str) -> None:
    census = Census()
    census.add({**document(0, text), "date": date})
    json.dumps(census.records())
