"""The checks of chapter 11."""

from collections.abc import Callable, Sequence
from itertools import product

from protego import Protego

from minilm.teach.check import Checks, exercise

LINKS = [
    ("http://example.org/a", "http://example.org/a", "an address that is already normal stays"),
    ("HTTP://Example.ORG/a", "http://example.org/a", "scheme and host have no capitals"),
    ("http://example.org/A", "http://example.org/A", "but a path keeps its capitals"),
    ("#top", "http://example.org/dir/page", "a fragment names a place in a page, not a page"),
    ("other?q=1#x", "http://example.org/dir/other?q=1", "a link is relative to the page it is on"),
    ("/b", "http://example.org/b", "a path that begins with / begins at the host"),
    ("http://example.org:80/", "http://example.org/", "80 is the port of http anyway"),
    ("http://example.org:8080/", "http://example.org:8080/", "but 8080 is another server"),
    ("http://example.org", "http://example.org/", "the empty path and / are one page"),
    ("/?b=2&a=1", "http://example.org/?a=1&b=2", "parameters have no order"),
    ("/?b=2&a=2&a=1", "http://example.org/?a=1&a=2&b=2", "the values of one name have none either"),
]


@exercise
def one_address(attempt: Callable[[str, str], str]) -> Checks:
    """Write a link (seen on the page `base`) in the one way for its page."""
    for link, address, why in LINKS:
        got = attempt(link, "http://example.org/dir/page")
        yield got == address, f"{link!r} should become {address!r}, not {got!r}: {why}"


RULES: list[list[tuple[str, str]]] = [
    [("Disallow", "/private")],
    [("Disallow", "/"), ("Allow", "/public")],
    [("Allow", "/"), ("Disallow", "/public/no")],
    [("Disallow", "/*.pdf$")],
    [("Disallow", "/*/tmp/"), ("Allow", "/a/tmp/ok")],
    [("Allow", "/page"), ("Disallow", "/*.htm")],
    [("Disallow", "/page"), ("Allow", "/page")],
    [("Disallow", "/a.b")],
]
PATHS = [
    *("/", "/private", "/privateer", "/public", "/public/no/x", "/file.pdf", "/file.pdf?x=1"),
    *("/a/tmp/x", "/a/tmp/ok", "/tmp/x", "/page", "/page.htm", "/a.b", "/axb", "/x/private"),
]


@exercise
def may_fetch(attempt: Callable[[Sequence[tuple[str, str]], str], bool]) -> Checks:
    """Say whether rules (kind, pattern) allow a path, as RFC 9309 has it."""
    yield bool(attempt([], "/a")), "without any rule, everything is allowed"
    for rules, path in product(RULES, PATHS):
        lines = "\n".join(f"{kind}: {pattern}" for kind, pattern in rules)
        right = Protego.parse(f"User-agent: *\n{lines}").can_fetch(f"http://x.org{path}", "you")
        got = bool(attempt(rules, path))
        verdict = "allowed" if right else "forbidden"
        yield got == right, f"by {rules}, {path} is {verdict}; you say it is not"


@exercise
def earliest_starts(attempt: Callable[[Sequence[str], float], list[float]]) -> Checks:
    """When each request may start, if one host is asked every `delay` seconds at most."""
    got = list(attempt(["a"], 2.0))
    yield got == [0.0], f"the first request starts at 0, not at {got}"
    got = list(attempt(["a", "a", "a"], 2.0))
    yield got == [0.0, 2.0, 4.0], f"three pages of one host start at [0, 2, 4], not {got}"
    got = list(attempt(["a", "b", "c"], 2.0))
    yield got == [0.0, 0.0, 0.0], f"three hosts may be asked at once; you start at {got}"
    got = list(attempt(["a", "a", "b", "a", "b"], 0.5))
    yield got == [0.0, 0.5, 0.0, 1.0, 0.5], f"a a b a b, 0.5 s each: [0, .5, 0, 1, .5], not {got}"
    yield list(attempt([], 1.0)) == [], "no pages, no starts"


@exercise
def word_scores(attempt: Callable[[str, str], tuple[float, float]]) -> Checks:
    """Precision and recall of the words that were found, against those of the known text."""
    cases = [
        ("the cat sat", "the cat sat", (1.0, 1.0), "all is found and nothing else"),
        ("menu the cat sat", "the cat sat", (0.75, 1.0), "one word in four does not belong"),
        ("the cat", "the cat sat down", (1.0, 0.5), "half of the words are found"),
        ("a a a a", "a b", (0.25, 0.5), "a word counts as often as the known text has it"),
        ("The CAT, sat.", "the cat sat", (1.0, 1.0), "capitals and punctuation do not count"),
        ("", "the cat", (0.0, 0.0), "who finds nothing has found nothing right"),
    ]
    for found, known, right, why in cases:
        got = tuple(attempt(found, known))
        close = len(got) == 2 and all(abs(g - r) < 1e-9 for g, r in zip(got, right, strict=True))
        yield close, f"{found!r} against {known!r} should give {right}, not {got}: {why}"
