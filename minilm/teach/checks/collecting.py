"""The checks of chapter 10."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from minilm.collect.documents import Document, make_document
from minilm.teach.check import Checks, exercise


def _documents(*rows: tuple[str, str, str]) -> list[Document]:
    """Make documents of (id, text, licence)."""
    return [make_document(text, id=id, source="test", licence=what) for id, text, what in rows]


@exercise
def allow_list(attempt: Callable[[Iterable[Document], set[str]], list[Document]]) -> Checks:
    """Keep the documents whose licence is on the list, word for word."""
    documents = _documents(
        ("a", "one", "CC BY 4.0"),
        ("b", "two", "CC BY-NC 4.0"),
        ("c", "three", ""),
        ("d", "four", "CC0 1.0"),
        ("e", "five", "CC BY 4.0, except the pictures"),
        ("f", "six", "not stated"),
    )
    before = [dict(document) for document in documents]
    kept = attempt(documents, {"CC BY 4.0", "CC0 1.0"})
    yield isinstance(kept, list), f"return a list of documents, not a {type(kept).__name__}"
    ids = [document["id"] for document in kept]
    yield {"a", "d"} <= set(ids), f"a and d are licensed as the list says; you kept {ids}"
    for id, why in [
        ("c", "the empty licence of c says nothing, so it allows nothing"),
        ("f", "not stated is not allowed"),
        ("b", "CC BY-NC 4.0 is another licence than CC BY 4.0, however alike they look"),
        ("e", "a licence with an exception is another licence: compare whole licences"),
    ]:
        yield id not in ids, why
    yield ids == ["a", "d"], f"each document once, in the order in which they came; you kept {ids}"
    unchanged = before == documents
    yield unchanged, "the documents that came in must stay as they were: build a new list"
    yield attempt(documents, set()) == [], "an empty list allows nothing"


@exercise
def compare_manifests(
    attempt: Callable[[Mapping[str, str], Mapping[str, str]], dict[str, list[str]]],
) -> Checks:
    """Say which documents were added, removed and changed between two tables of id -> sha256."""
    old = {"a": "00", "b": "11", "c": "22", "e": "55"}
    new = {"e": "55", "d": "33", "b": "99", "a": "00", "g": "11"}
    found = attempt(old, new)
    keys = {"added", "removed", "changed"}
    yield isinstance(found, dict) and set(found) == keys, f"return a dict with the keys {keys}"
    yield (
        sorted(found["added"]) == ["d", "g"],
        f"d and g are new; you say that {sorted(found['added'])} were added",
    )
    yield (
        sorted(found["removed"]) == ["c"],
        f"only c is gone; you say that {sorted(found['removed'])} were removed",
    )
    yield (
        sorted(found["changed"]) == ["b"],
        f"only b is in both with another text; you say that {sorted(found['changed'])} changed",
    )
    nothing: dict[str, list[str]] = {"added": [], "removed": [], "changed": []}
    yield attempt(old, dict(old)) == nothing, "a table compared with itself shows no change"
    yield attempt({}, {}) == nothing, "two empty tables show no change"


@exercise
def times_to_repeat(attempt: Callable[[int, int, float], float]) -> Checks:
    """How often a source must be read so that it is the wanted share of all that is read."""
    for own, other, share in [
        (100, 100, 0.5), (100, 300, 0.5), (100, 100, 0.75), (12_185_751, 34_105_269, 0.5),
        (500, 100, 0.5),
    ]:  # fmt: skip
        times = attempt(own, other, share)
        read = own * times
        got = read / (read + other)
        yield (
            abs(got - share) < 1e-9,
            f"{own:,} bytes read {times:.3g} times beside {other:,} are {got:.0%} of the whole,"
            f" not {share:.0%}",
        )


@exercise
def to_columns(attempt: Callable[[list[dict[str, Any]]], dict[str, list[Any]]]) -> Checks:
    """Turn rows into columns that lose nothing: each column has a value, or None, for each row."""
    rows: list[dict[str, Any]] = [
        {"text": "one", "label": 0},
        {"title": "Two", "text": "two"},
        {"text": "three"},
    ]
    before = [dict(row) for row in rows]
    columns = attempt(rows)
    yield isinstance(columns, dict), f"return a dictionary, not a {type(columns).__name__}"
    yield (
        set(columns) == {"text", "label", "title"},
        f"title stands in the second row only, and is a column, too; yours are {sorted(columns)}",
    )
    lengths = {name: len(values) for name, values in columns.items()}
    yield set(lengths.values()) == {3}, f"three rows make columns of three values, not {lengths}"
    yield (
        list(columns["label"]) == [0, None, None],
        f"the labels are 0, none and none: [0, None, None], not {columns['label']}",
    )
    yield (
        list(columns["title"]) == [None, "Two", None],
        f"the title belongs to the second row: [None, 'Two', None], not {columns['title']}",
    )
    yield list(columns["text"]) == ["one", "two", "three"], "the texts stay in their order"
    yield rows == before, "the rows that came in must stay as they were"
    yield attempt([]) == {}, "no rows make no columns"


@exercise
def read_lines(attempt: Callable[[Iterable[str]], Iterator[dict[str, Any]]]) -> Checks:
    """Read lines of JSON one at a time; a bad one stops the reading and is named by its number."""
    taken = []

    def stream() -> Iterator[str]:
        for line in ['{"text": "one"}\n', "\n", '{"text": "two"}\n', "oops\n", '{"text": "no"}\n']:
            taken.append(line)
            yield line

    rows = iter(attempt(stream()))
    first = next(rows, None)
    yield first == {"text": "one"}, f'the first line holds {{"text": "one"}}, you gave {first!r}'
    yield (
        len(taken) == 1,
        f"for the first row one line is enough, but you had read {len(taken)} lines already",
    )
    second = next(rows, None)
    yield second == {"text": "two"}, f"the empty line is no row, so two comes next, not {second!r}"
    try:
        third = next(rows, None)
    except ValueError as error:
        message = str(error)
        yield (
            "line 4" in message,
            f'say which line it is, counting empty ones: "line 4", not {message!r}',
        )
    else:
        yield False, f"line 4 is not JSON and must raise ValueError; you went on to {third!r}"


@exercise
def reservoir(attempt: Callable[[Iterable[Any], int, random.Random], list[Any]]) -> Checks:
    """Keep n items of a stream so that each has the same chance, reading it once."""
    few = attempt(iter("abc"), 5, random.Random(0))
    yield sorted(few) == ["a", "b", "c"], f"5 of the stream a b c are all of them, not {few}"
    some = attempt(iter(range(100)), 10, random.Random(0))
    yield len(some) == 10, f"10 of 100 items are wanted, {len(some)} came"
    yield len(set(some)) == 10, f"an item of the stream was kept twice: {sorted(some)}"
    generator, n_draws = random.Random(0), 6000
    kept: Counter[int] = Counter()
    for _ in range(n_draws):
        kept.update(attempt(iter(range(10)), 3, generator))
    for place, name in [(0, "first"), (9, "last"), (4, "fifth")]:
        yield (
            abs(kept[place] - 1800) < 180,  # five standard deviations
            f"3 of 10 items, drawn 6,000 times: each should be kept about 1,800 times, but the"
            f" {name} was kept {kept[place]:,} times",
        )
    fair = all(abs(kept[place] - 1800) < 180 for place in range(10))
    yield fair, f"not all items have the same chance: {[kept[place] for place in range(10)]}"
