"""The exercises of chapter 12: licences, anonymity, exposure, and removal with copies."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from minilm.collect.documents import Document, make_document
from minilm.teach.check import Checks, exercise


@exercise
def licence_holds(attempt: Callable[[str, set[str]], bool]) -> Checks:
    """Decide an expression of licences, joined by AND and OR, against the set of those allowed."""
    for expression, allowed, expected in [
        ("MIT", {"MIT"}, True),
        ("CC-BY-NC-4.0", {"CC-BY-4.0"}, False),
        ("MIT OR GPL-3.0-only", {"MIT"}, True),
        ("MIT AND GPL-3.0-only", {"MIT"}, False),
        ("MIT AND GPL-3.0-only", {"MIT", "GPL-3.0-only"}, True),
        ("GPL-3.0-only OR MIT AND CC-BY-4.0", {"MIT", "CC-BY-4.0"}, True),
        ("GPL-3.0-only OR MIT AND CC-BY-4.0", {"MIT"}, False),
        ("GPL-3.0-only OR MIT AND CC-BY-4.0", {"GPL-3.0-only"}, True),
        ("MIT AND CC-BY-4.0 OR GPL-3.0-only", {"GPL-3.0-only"}, True),
        ("unknown", {"MIT"}, False),
        ("MIT OR GPL-3.0-only", set(), False),
    ]:
        found = attempt(expression, allowed)
        yield (
            found is expected,
            f"{expression!r} with {sorted(allowed)} allowed is {expected}, not {found!r}",
        )


@exercise
def k_anonymity(attempt: Callable[[Sequence[dict[str, Any]], Sequence[str]], int]) -> Checks:
    """The size of the smallest group of rows that look the same in some columns."""
    rows = [
        {"born": 1950, "town": "Ash", "illness": "flu"},
        {"born": 1950, "town": "Ash", "illness": "flu"},
        {"born": 1961, "town": "Ash", "illness": "gout"},
        {"born": 1961, "town": "Ash", "illness": "flu"},
        {"born": 1961, "town": "Elm", "illness": "flu"},
    ]
    for columns, expected, why in [
        (["town"], 1, "only one row has the town Elm"),
        (["born"], 2, "two rows have 1950, three have 1961"),
        (["born", "town"], 1, "only one row has 1961 together with Elm"),
        ([], 5, "without a column all five rows look the same"),
    ]:
        found = attempt(rows, columns)
        yield found == expected, f"for the columns {columns} k is {expected}, not {found}: {why}"
    crossed = [{"born": born, "town": town} for born in (1950, 1961) for town in ("Ash", "Elm")]
    found = attempt(crossed, ["born", "town"])
    yield (
        found == 1,
        f"each year and each town occurs twice, but no two rows share both: k is 1, not {found}",
    )
    repeated = rows[:4] + rows[:2]
    found = attempt(repeated, ["born", "town"])
    yield (
        found == 2,
        f"the groups have 4 rows and 2 rows, so k is 2, the size of the smallest, not {found}",
    )


@exercise
def exposure(attempt: Callable[[list[float], int], float]) -> Checks:
    """How many bits of guessing a model saves: log2 of all candidates minus log2 of the rank."""
    losses = [3.0, 1.0, 2.0, 5.0, 4.0, 9.0, 8.0, 7.0]
    for secret, expected, why in [
        (1, 3.0, "it has the smallest loss, rank 1 of 8: three bits, nothing is left to guess"),
        (2, 2.0, "one candidate has a smaller loss, so its rank is 2"),
        (5, 0.0, "it comes last, rank 8 of 8: the model helps nobody"),
    ]:
        found = attempt(losses, secret)
        yield (
            math.isclose(found, expected, abs_tol=1e-9),
            f"for the candidate with loss {losses[secret]} it is {expected}, not {found}: {why}",
        )
    found = attempt([1.0, 1.0, 1.0, 1.0], 2)
    yield (
        math.isclose(found, 2.0, abs_tol=1e-9),
        f"four equal losses: none is smaller than the secret's, its rank is 1, not {found}",
    )


def _letters() -> list[Document]:
    rows = [
        ("a", "Dear all, I moved."),
        ("b", "Dear  all,\nI moved. "),
        ("c", "Dear all, we moved."),
        ("d", "Nothing."),
    ]
    return [make_document(text, id=id, source="test", licence="own") for id, text in rows]


@exercise
def remove_with_copies(
    attempt: Callable[[list[Document], str], tuple[list[Document], list[str]]],
) -> Checks:
    """Remove a document by id, and with it every other whose words are the same."""
    letters = _letters()
    kept, gone = attempt(letters, "a")
    ids = [document["id"] for document in kept]
    yield "a" not in ids, "the document that was asked for is still there"
    yield "b" not in ids, "b says the same with other spaces: the text is still there"
    yield ids == ["c", "d"], f"c and d are other texts and stay, in their order; you kept {ids}"
    yield sorted(gone) == ["a", "b"], f"a and b are gone, and both must be named, not {gone}"
    yield letters == _letters(), "the list that came in must stay as it was"
    kept, gone = attempt(letters, "b")
    yield sorted(gone) == ["a", "b"], f"asked for b, a goes as well; you removed {gone}"
    try:
        attempt(letters, "z")
    except KeyError:
        yield True, ""
    else:
        yield False, "there is no z: raise KeyError, or a misspelled request looks like a done one"
