"""Consent: has the owner of a page said that machines may not learn from it?

No law and no standard fixes one place for this sentence, so owners write it in many. All of those
that are in use are read here, each a few lines of text: in the page, in its HTTP headers, and in
three files of the site. The reading is careful: one refusal anywhere is a refusal, also where
another signal permits, because a page left out costs a page, and a page taken costs trust.
Silence is not consent; it is silence, and a licence has to answer instead (`licences.py`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from protego import Protego
from resiliparse.parse.html import DOMContext, ElementNode, HTMLTree, traverse_dom

OUR_NAME = "minilm"

# What a page may say to robots. "noai" and "noimageai": DeviantArt, 2022, since then in wide use;
# "noml": Mojeek, 2022; "noindex", "none" (noindex, nofollow) and "noarchive": Google, "Robots meta
# tag, data-nosnippet, and X-Robots-Tag specifications". A collection is an archive and an index of
# what it holds, so who wants to be in neither is left out.
REFUSALS = frozenset({"noai", "noimageai", "noml", "noindex", "none", "noarchive"})
# Directives of the same specification whose own value follows a colon.
WITH_VALUE = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"}
)

# Robots that fetch text to train models, by the names that their makers document for robots.txt:
# OpenAI, Common Crawl, Google, Anthropic (and its two earlier names), Apple, Meta, Cohere, Allen
# Institute, Amazon, ByteDance, Huawei, Webz.io. Owners cannot name a robot they never heard of,
# such as ours; but who refuses one of these has answered the question that we would ask.
TRAINING_ROBOTS = (
    "GPTBot",
    "CCBot",
    "Google-Extended",
    "ClaudeBot",
    "anthropic-ai",
    "Claude-Web",
    "Applebot-Extended",
    "meta-externalagent",
    "cohere-training-data-crawler",
    "AI2Bot",
    "Amazonbot",
    "Bytespider",
    "PanguBot",
    "Webzio-Extended",
)
ADDRESSED = {"robots", "*", OUR_NAME, *(name.lower() for name in TRAINING_ROBOTS)}

ROBOTS, AI_TXT, TDMREP = "/robots.txt", "/ai.txt", "/.well-known/tdmrep.json"
SITE_FILES = (ROBOTS, AI_TXT, TDMREP)
READ_AT_MOST = 500 * 1024  # bytes of a site's file: RFC 9309, section 2.5

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


def opt_out_of(url: str, headers: Headers, body: bytes) -> str:
    """Say how the page itself refuses: in which header or tag, in which words; "" if it does not.

    Read are X-Robots-Tag headers, also those for one robot; `<meta name="robots">`, also by a
    robot's name; `tdm-reservation: 1` as header and tag (TDM Reservation Protocol, W3C Community
    Group report, 2024); and `Content-Usage: train-ai=n` (IETF working group AIPREF, drafts) or
    `Content-Signal: ai-train=no` (Cloudflare, 2025) as headers. Any bytes can be the body: what is
    no HTML has no tags. None of these depends on `url`; what the site's own files say about an
    address is asked with `site_opt_out_of`.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in [*pairs, *_meta_tags(body)]:
        said = _refusal_in(name.strip().lower(), value)
        if said:
            return said
    return ""


def _refusal_in(name: str, value: str) -> str:
    """The refusal that one header, or one meta tag of the same name, states."""
    if name == "x-robots-tag":
        directives = list(_directives(value))
    elif name in ADDRESSED:
        directives = [(name, part.strip().lower()) for part in re.split(r"[,;]", value)]
    else:
        directives = []
    for robot, directive in directives:
        if robot in ADDRESSED and directive in REFUSALS:
            to = "" if robot in ("robots", "*") else f" to {robot}"
            return f"the page says {directive}{to} ({name})"
    if name == "tdm-reservation" and value.strip() == "1":
        return "the page reserves text and data mining (tdm-reservation: 1)"
    if name in ("content-usage", "content-signal") and _forbids_training(value):
        return f"the page refuses training ({name}: {value.strip()[:80]})"
    return ""


def _directives(value: str) -> Iterator[tuple[str, str]]:
    """Split an X-Robots-Tag into (robot, directive): `noindex` or `GPTBot: noindex, nofollow`."""
    robot = "*"
    for part in re.split(r"[,;]", value.lower()):
        first, colon, rest = part.partition(":")
        if colon and first.strip() not in WITH_VALUE:
            robot, part = first.strip(), rest
        yield robot, part.strip()


def _forbids_training(value: str) -> bool:
    """Whether a list of preferences says that models may not be trained."""
    said = {part.strip().lower().replace(" ", "") for part in re.split(r"[,;]", value)}
    return bool(said & {"train-ai=n", "ai-train=no"})


def _meta_tags(body: bytes) -> list[tuple[str, str]]:
    """(name or http-equiv, content) of every meta tag, wherever in the page it stands."""
    if b"meta" not in body.lower() and body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return []
    # Names and contents are ASCII, and Latin-1 reads any byte; only UTF-16 writes ASCII otherwise.
    encoding = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    document = HTMLTree.parse(body.decode(encoding, errors="replace")).document
    tags: list[tuple[str, str]] = []

    def note(context: DOMContext) -> None:
        tag = context.node
        if isinstance(tag, ElementNode) and tag.tag == "meta":
            name = tag.getattr("name") or tag.getattr("http-equiv") or ""
            tags.append((name, tag.getattr("content") or ""))

    if document and document.document_element:
        # One walk: asking for the tags by name takes more than quadratic time in nested pages.
        traverse_dom(document.document_element, note, elements_only=True)
    return tags


def site_opt_out_of(url: str, files: Mapping[str, bytes], robot: str = OUR_NAME) -> str:
    """Say how the site refuses that a robot learns from this address; "" if it does not.

    `files` holds what the site gave for `SITE_FILES`, as path -> bytes; one that it does not have
    is left out. A robots.txt that refuses any of `TRAINING_ROBOTS` refuses training, unless it
    refuses all that it does not name and lets us in by name. Robots.txt by RFC 9309 (through
    protego) with the lines Content-Signal and Content-Usage; ai.txt by Spawning, 2023: the same
    syntax, about training; tdmrep.json by the TDM Reservation Protocol, section 6.1.
    """
    robots = files.get(ROBOTS, b"")
    return (
        _robots_refusal(url, robots, robot)
        or _signal_refusal(url, robots)
        or ("" if _rules(files.get(AI_TXT, b"")).can_fetch(url, robot) else "ai.txt refuses us")
        or _reservation(url, files.get(TDMREP, b""))
    )


def _robots_refusal(url: str, robots: bytes, robot: str) -> str:
    rules = _rules(robots)
    if not rules.can_fetch(url, robot):
        return "robots.txt refuses us"
    if not rules.can_fetch(url, "zzz"):  # a robot that it does not name
        return ""  # it refuses everyone but those whom it names, and it names us
    refused = [name for name in TRAINING_ROBOTS if not rules.can_fetch(url, name)]
    return f"robots.txt refuses {', '.join(refused)}" if refused else ""


def _signal_refusal(url: str, robots: bytes) -> str:
    """Content-Signal and Content-Usage lines, the latter also for one path; in any group."""
    for line in _text(robots).splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        if not colon or name.strip().lower() not in ("content-signal", "content-usage"):
            continue
        path, _, rest = value.strip().partition(" ")
        if not path.startswith("/"):
            path, rest = "/", value
        if _forbids_training(rest) and not _allowed(url, [(path, True)]):
            return f"robots.txt refuses training ({line.strip()[:80]})"
    return ""


def _reservation(url: str, data: bytes) -> str:
    """A list of {location, tdm-reservation}: the longest location that matches decides."""
    try:
        rules = json.loads(_text(data))
    except (ValueError, RecursionError):
        return ""  # a file that cannot be read reserves nothing
    reserved = [
        (rule["location"], str(rule.get("tdm-reservation")).strip() == "1")
        for rule in (rules if isinstance(rules, list) else [])
        if isinstance(rule, dict) and isinstance(rule.get("location"), str)
    ]
    return "" if _allowed(url, reserved) else "tdmrep.json reserves text and data mining"


def _allowed(url: str, rules: list[tuple[str, bool]]) -> bool:
    """Whether (path pattern, refused) rules allow an address, by the matching of RFC 9309."""
    lines = ["User-agent: *"]
    for location, refused in rules:
        pattern = "".join(location.split()).replace("#", "%23")
        lines.append(f"{'Disallow' if refused else 'Allow'}: {pattern}")
    return bool(_rules("\n".join(lines).encode(errors="replace")).can_fetch(url, OUR_NAME))


@lru_cache(maxsize=256)
def _rules(data: bytes) -> Protego:
    return Protego.parse(_text(data))


def _text(data: bytes) -> str:
    return data[:READ_AT_MOST].decode("utf-8-sig", errors="replace")
