"""The checks of chapter 10."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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
