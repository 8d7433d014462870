"""The checks of chapter 23."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from minilm.prepare.scorecard import score_languages
from minilm.teach.check import Checks, exercise

PIECES = {"h": -3.0, "u": -2.0, "g": -2.5, "s": -1.5, "hu": -3.5, "ug": -2.2, "hug": -4.5}


@exercise
def longest_match(attempt: Callable[[str, Collection[str]], list[str] | None]) -> Checks:
    """Cut a word from the left, the longest piece first; None when no piece fits."""
    pieces = {"un", "una", "a", "ble", "able", "b", "le"}
    got = attempt("able", pieces)
    yield got == ["able"], f"'able' is a piece of its own, you cut it into {got}"
    got = attempt("bleun", pieces)
    yield got == ["ble", "un"], f"'bleun' is ['ble', 'un'], not {got}"
    got = attempt("unable", pieces)
    yield (
        got == ["una", "ble"],
        f"'unable': the longest piece at the start is 'una', so ['una', 'ble'], not {got}",
    )
    got = attempt("unx", pieces)
    yield got is None, f"no piece fits the x of 'unx': the answer is None, not {got}"
    got = attempt("", pieces)
    yield got == [], f"the empty word has no pieces: [], not {got}"


@exercise
def count_ways(attempt: Callable[[str, Collection[str]], int]) -> Checks:
    """In how many ways a word can be written in pieces."""
    got = attempt("hug", PIECES)
    yield got == 4, f"'hug' is h|u|g, hu|g, h|ug and hug, four ways, you say {got}"
    got = attempt("x", PIECES)
    yield got == 0, f"'x' cannot be written in these pieces: 0, you say {got}"
    got = attempt("a" * 30, {"a", "aa"})
    yield (
        got == 1_346_269,
        f"thirty times a, in the pieces a and aa: 1,346,269 ways, you say {got:,}",
    )
    got = attempt("hugs" * 3, PIECES)
    yield got == 64, f"'hugshugshugs' has 4 * 4 * 4 ways, you say {got}"


@exercise
def expected_counts(
    attempt: Callable[[str, Mapping[str, float]], Mapping[str, float]],
) -> Checks:
    """How often each piece is used in a word, over all ways weighted by their probability."""
    got = attempt("hu", {"h": math.log(0.5), "u": math.log(0.5), "hu": math.log(0.25)})
    yield (
        math.isclose(got.get("hu", 0), 0.5) and math.isclose(got.get("h", 0), 0.5),
        f"'hu' is h|u or hu, both with probability 1/4: each piece is used 0.5 times, not {got}",
    )
    got = attempt("gg", {"g": math.log(0.5), "gg": math.log(0.75)})
    yield (
        math.isclose(got.get("g", 0), 0.5),
        "'gg': the way g|g has a quarter of the probability and uses g twice, so g is expected 0.5"
        f" times, you say {got.get('g')}",
    )
    got = attempt("hugs", PIECES)
    letters = sum(len(piece) * n for piece, n in got.items())
    yield (
        math.isclose(letters, 4, abs_tol=1e-6),
        f"whatever the way, the pieces of 'hugs' have four letters together; yours have {letters}",
    )
    ways = {
        ("h", "u", "g", "s"): math.exp(-9.0),
        ("hu", "g", "s"): math.exp(-7.5),
        ("h", "ug", "s"): math.exp(-6.7),
        ("hug", "s"): math.exp(-6.0),
    }
    expected = ways["hug", "s"] / sum(ways.values())
    yield (
        math.isclose(got.get("hug", 0), expected, abs_tol=1e-6),
        f"'hug' is used {expected:.3f} times in 'hugs', you say {got.get('hug', 0):.3f}",
    )


@exercise
def most_expensive(
    attempt: Callable[[Callable[[str], Sequence[int]], Mapping[str, Sequence[str]]], str],
) -> Checks:
    """The language in which the same messages cost the most tokens."""
    messages = {
        "en": ["save the file now", "day", "year", "hour"],
        "de": ["Datei jetzt sichern", "der Tag", "das Jahr", "die Stunde"],
        "ru": ["сохранить файл", "день", "год", "час"],
    }
    ways: dict[str, Callable[[str], Sequence[int]]] = {
        "bytes": lambda text: list(text.encode()),
        "words": lambda text: list(map(len, text.split())),
        "only e": lambda text: [1] * (1 + text.count("e") + 4 * text.count("v")),
    }
    for name, encode in ways.items():
        scores = score_languages(encode, messages)
        dearest = max(scores, key=lambda score: score["n_tokens"])
        got = attempt(encode, messages)
        costs = {score["text"]: score["n_tokens"] for score in scores}
        yield (
            got == dearest["text"],
            f"with {name} the tokens are {costs}: {dearest['text']!r} is the dearest, not {got!r}",
        )
