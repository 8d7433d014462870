"""Refusals are found where owners write them; permission is not taken for refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.consent import (
    AI_TXT,
    ROBOTS,
    SITE_FILES,
    TDMREP,
    TRAINING_ROBOTS,
    opt_out_of,
    site_opt_out_of,
)

URL = "http://127.0.0.1:8000/essays/one.html?page=2"


def page(head: str) -> bytes:
    return f"<html><head><title>T</title>{head}</head><body><p>Text.</p></body></html>".encode()


REFUSING_TAGS = [
    '<meta name="robots" content="noai">',
    '<META NAME="ROBOTS" CONTENT="Index, NoAI, NoImageAI">',
    "<meta name=robots content=noindex>",
    "<meta content='follow,none' name='robots'>",
    '<meta name="GPTBot" content="noindex, nofollow">',
    '<meta name="minilm" content="noarchive">',
    '<meta name="robots" content="noml">',
    '<meta name="tdm-reservation" content="1">',
    '<meta http-equiv="X-Robots-Tag" content="noai, noimageai">',
]
PERMITTING_TAGS = [
    "",
    '<meta name="robots" content="index, follow, max-snippet:-1">',
    '<meta name="googlebot" content="noindex">',
    '<meta name="tdm-reservation" content="0">',
    '<meta name="description" content="noai">',
    '<!-- <meta name="robots" content="noai"> -->',
    '<script>\'<meta name="robots" content="noai">\'</script>',
]


@pytest.mark.parametrize("tag", REFUSING_TAGS)
def test_a_tag_refuses(tag: str) -> None:
    assert opt_out_of(URL, {}, page(tag))


@pytest.mark.parametrize("tag", PERMITTING_TAGS)
def test_a_tag_that_says_something_else_does_not_refuse(tag: str) -> None:
    assert opt_out_of(URL, {"Content-Type": "text/html"}, page(tag)) == ""


def test_a_tag_counts_wherever_it_stands_and_in_any_encoding() -> None:
    tag = '<p>é<meta name="robots" content="noai">'
    assert all(opt_out_of(URL, {}, tag.encode(name)) for name in ("utf-8", "latin-1", "utf-16"))


REFUSING_HEADERS = [
    ("X-Robots-Tag", "noindex"),
    ("x-robots-tag", "nosnippet, NOAI"),
    ("X-Robots-Tag", "GPTBot: noindex, nofollow"),
    ("X-Robots-Tag", "googlebot: nofollow, ccbot: nofollow, none"),
    ("X-Robots-Tag", "unavailable_after: 25 Jun 2026 15:00:00 GMT, noai"),
    ("TDM-Reservation", "1"),
    ("Content-Usage", "train-ai=n"),
    ("Content-Signal", "search=yes, ai-train=no"),
]
PERMITTING_HEADERS = [
    ("X-Robots-Tag", "nofollow, max-image-preview: large"),
    ("X-Robots-Tag", "googlebot: noindex, nofollow"),
    ("X-Robots-Tag", "all"),
    ("tdm-reservation", "0"),
    ("tdm-policy", "1"),
    ("Content-Usage", "train-ai=y"),
    ("Content-Signal", "ai-train=yes, ai-input=no"),
    ("Server", "noai"),
]


@pytest.mark.parametrize("header", REFUSING_HEADERS)
def test_a_header_refuses(header: tuple[str, str]) -> None:
    assert opt_out_of(URL, [("Date", "today"), header], b"")
    assert opt_out_of(URL, dict([header]), b"")


@pytest.mark.parametrize("header", PERMITTING_HEADERS)
def test_a_header_that_says_something_else_does_not_refuse(header: tuple[str, str]) -> None:
    assert opt_out_of(URL, [header], b"") == ""


def test_the_answer_names_the_place_and_the_word() -> None:
    assert opt_out_of(URL, [("X-Robots-Tag", "CCBot: none")], b"") == (
        "the page says none to ccbot (x-robots-tag)"
    )
    assert "noai (robots)" in opt_out_of(URL, {}, page(REFUSING_TAGS[0]))


@pytest.mark.parametrize("name", TRAINING_ROBOTS)
def test_refusing_one_training_robot_is_refusing_training(name: str) -> None:
    robots = f"User-agent: {name}\nDisallow: /essays/\n\nUser-agent: *\nAllow: /\n".encode()
    assert name in site_opt_out_of(URL, {ROBOTS: robots})
    assert site_opt_out_of("http://127.0.0.1:8000/blog/", {ROBOTS: robots}) == ""


def test_the_robots_that_matter_are_known() -> None:
    theirs = {"GPTBot", "CCBot", "Google-Extended", "ClaudeBot", "Applebot-Extended", "AI2Bot"}
    assert theirs | {"meta-externalagent", "anthropic-ai", "Amazonbot"} <= set(TRAINING_ROBOTS)


def test_who_refuses_all_but_us_has_let_us_in() -> None:
    closed = b"User-agent: *\nDisallow: /\n"
    assert site_opt_out_of(URL, {ROBOTS: closed}) == "robots.txt refuses us"
    assert site_opt_out_of(URL, {ROBOTS: closed + b"\nUser-agent: minilm\nAllow: /\n"}) == ""


def test_other_robots_do_not_speak_for_us() -> None:
    robots = b"User-agent: googlebot\nUser-agent: AhrefsBot\nDisallow: /\n"
    assert site_opt_out_of(URL, {ROBOTS: robots}) == ""


@pytest.mark.parametrize(
    "line",
    ["Content-Signal: search=yes, ai-train=no", "content-usage: train-ai=n # thanks"],
)
def test_a_signal_in_robots_txt_refuses(line: str) -> None:
    assert site_opt_out_of(URL, {ROBOTS: f"User-agent: *\n{line}\nAllow: /\n".encode()})
    assert not site_opt_out_of(URL, {ROBOTS: f"User-agent: *\n# {line}\nAllow: /\n".encode()})


def test_a_signal_for_one_path_refuses_there() -> None:
    robots = b"User-agent: *\nContent-Usage: /essays/ train-ai=n\nAllow: /\n"
    assert site_opt_out_of(URL, {ROBOTS: robots})
    assert not site_opt_out_of("http://127.0.0.1/blog/", {ROBOTS: robots})


def test_ai_txt_refuses_by_pattern_and_markdown_does_not() -> None:
    assert site_opt_out_of(URL, {AI_TXT: b"User-Agent: *\nDisallow: /\nDisallow: *\n"})
    assert site_opt_out_of(URL, {AI_TXT: b"\xef\xbb\xbfUser-Agent: *\nDisallow: *.html\n"})
    assert not site_opt_out_of(URL, {AI_TXT: b"User-Agent: *\nDisallow: *.png\n"})
    assert not site_opt_out_of(URL, {AI_TXT: b"# About us\n\nWe make shoes.\n"})


def test_the_longest_location_of_tdmrep_json_decides() -> None:
    rules = [
        {"location": "/", "tdm-reservation": 1},
        {"location": "/essays/", "tdm-reservation": 0},
        {"location": "/essays/*.html", "tdm-reservation": 1, "tdm-policy": "http://x/policy"},
    ]
    files = {TDMREP: json.dumps(rules).encode()}
    assert site_opt_out_of(URL, files)
    assert not site_opt_out_of("http://127.0.0.1/essays/one.txt", files)
    assert site_opt_out_of("http://127.0.0.1/else", files)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[[", b"[" * 20_000, b'[{"location": 3}, 4]', b'[{"tdm-reservation":1}]']
)
def test_a_tdmrep_json_that_says_nothing_reserves_nothing(data: bytes) -> None:
    assert site_opt_out_of(URL, {TDMREP: data}) == ""


words = st.sampled_from(
    b'<meta name=|robots| content=|"|noai|User-agent: *\n|Disallow: |/|*|$|\x00|\xff\xfe|[{|'
    b'"location": "|tdm-reservation|<![CDATA[|&#|<template>'.split(b"|")
)
anything = st.one_of(st.binary(max_size=300), st.lists(words, max_size=40).map(b"".join))


@given(anything, st.text(max_size=40), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_any_bytes_get_an_answer(body: bytes, url: str, headers: list[tuple[str, str]]) -> None:
    assert isinstance(opt_out_of(url, headers, body), str)
    for path in SITE_FILES:
        assert isinstance(site_opt_out_of(url, {path: body}), str)


@pytest.mark.parametrize(
    "piece", [b"<meta><div>", b"<meta", b"<meta a='", b"<!--<meta>", b"<b><i>"]
)
def test_a_hostile_page_takes_no_longer_than_its_length(piece: bytes) -> None:
    assert opt_out_of(URL, {}, piece * 10_000 + page(REFUSING_TAGS[0])) in (
        "",
        "the page says noai (robots)",
    )
