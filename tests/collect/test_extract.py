"""Main text comes out of pages in any encoding; from any bytes comes an answer, never a crash."""

import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from minilm.collect import extract
from minilm.collect.extract import decode_page, extract_page
from minilm.errors import MinilmError

METHODS = ["trafilatura", "resiliparse"]
MAIN = (
    "Une société est un groupe de personnes qui vivent ensemble, et qui parlent une langue.",
    "Elle a des règles que chacun connaît, même si personne ne les a écrites jusqu’ici.",
)
PAGE = f"""<!DOCTYPE html><html lang="fr-FR"><head><title>Le titre </title>
<meta property="og:title" content="Another title">
<meta property="article:published_time" content="2024-05-03T12:00:00+02:00"></head>
<body><nav><a href="/">Accueil</a> <a href="/m">Menu principal</a></nav>
<article><h1>Société</h1><p>{MAIN[0]}</p><p>{MAIN[1]}</p>
<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">licence</a></article>
<footer>Tous droits réservés Bidule</footer></body></html>"""


@pytest.mark.parametrize("method", METHODS)
def test_main_text_and_what_the_page_says_of_itself(method) -> None:
    page = extract_page(PAGE.encode(), method=method, content_type="text/html; charset=utf-8")
    assert all(paragraph in page.text for paragraph in MAIN)
    assert "Accueil" not in page.text
    assert "Bidule" not in page.text
    assert (page.title, page.date, page.language) == ("Le titre", "2024-05-03", "fr-FR")
    assert page.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert (page.charset, page.problem) == ("utf-8", "")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", {"title": "", "date": "", "language": "", "licence": ""}),
        ("<title> </title><meta property='og:title' content=' Two\n words'>",
         {"title": "Two words"}),
        ("<meta name='date' content='last May'><meta name=DC.date content=2001-02-03>",
         {"date": "2001-02-03"}),
        ("<meta name=date content='9999-99-99'>", {"date": ""}),
        ("<meta http-equiv=content-language content=pt>", {"language": "pt"}),
        ("<link rel='nofollow license' href='/terms'>", {"licence": "/terms"}),
        (f"<title>{'long ' * 1000}</title>", {"title": ("long " * 60)[:300]}),
    ],
)  # fmt: skip
def test_claims_are_read_where_they_are_given_and_not_guessed(head: str, expected: dict) -> None:
    page = extract_page(f"<html><head>{head}</head><body><p>{MAIN[0]}</p></body></html>".encode())
    assert {field: getattr(page, field) for field in expected} == expected


@pytest.mark.parametrize(
    ("encoding", "header", "charset"),
    [
        ("utf-8", "", "utf-8"),
        ("utf-8-sig", "text/html; charset=latin-1", "utf-8"),
        ("utf-8", "text/html; charset=iso-8859-1", "utf-8"),  # a frequent lie
        ("cp1252", "text/html; charset=utf-8", "cp1252"),  # the other one
        ("cp1252", "text/html; charset=iso-8859-1", "cp1252"),
        ("cp1252", "text/html; charset=nonsense", "cp1252"),
        ("cp1252", "text/html; charset=unicode_escape", "cp1252"),
        ("utf-16", "", "utf-16-le"),
        ("utf-16-be", "text/html; charset=utf-16be", "utf-16-be"),
        ("utf-8", "text/html; charset=utf-16", "utf-8"),
        ("cp1252", "text/html; charset=utf-16", "cp1252"),
    ],
)
def test_bytes_are_what_they_are(encoding: str, header: str, charset: str) -> None:
    assert decode_page(PAGE.encode(encoding), header) == (PAGE, charset)


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        ("社会とは、共に生きる人々の集まりである。" * 3, "shift_jis", "Shift_JIS"),
        ("社会とは、共に生きる人々の集まりである。" * 3, "iso2022_jp", "iso-2022-jp"),
        ("联通", "gbk", "gb2312"),  # the two words that an editor once took for UTF-8
        ("Общество - это люди, которые живут вместе.", "koi8-r", "koi8-r"),
    ],
)
def test_what_the_page_declares(text: str, encoding: str, label: str) -> None:
    page = f"<meta charset={label}><p>{text}</p>"
    assert decode_page(page.encode(encoding))[0] == page
    assert decode_page(f"<p>{text}</p>".encode(encoding), f"text/html; charset={label}") == (
        f"<p>{text}</p>", extract.resolve_encoding(label))  # fmt: skip


def test_a_wrong_byte_or_half_a_character_spoils_one_character_and_not_all() -> None:
    body = PAGE.encode() + "é".encode()[:1]
    assert decode_page(body) == (PAGE + "\ufffd", "utf-8")
    assert decode_page(body, "text/html; charset=utf-8") == (PAGE + "\ufffd", "utf-8")


def test_the_same_in_a_page_whose_letters_a_guess_would_take_for_another_encoding() -> None:
    text = "Çok güzel bir gün, değil mi? " * 20
    assert decode_page(text.encode() + b"\xe9") == (text + "\ufffd", "utf-8")
    assert decode_page(b"\xe9 " * 3 + "é".encode())[1] != "utf-8"


def test_comments_of_readers_and_names_of_pictures_are_not_the_main_text() -> None:
    comments = (
        "<div id=comments><p class=comment>First! I disagree with all of this, as always.</p></div>"
    )
    picture = "<img src=a.png alt='A picture of a society in its habitat'>"
    page = PAGE.replace("</article>", f"{picture}</article>{comments}").encode()
    for method in METHODS:
        text = extract_page(page, method=method).text  # type: ignore[arg-type]
        assert "habitat" not in text
        assert method == "resiliparse" or "disagree" not in text


def test_a_stray_nul_is_dropped() -> None:
    body = PAGE.encode().replace(b"Accueil", b"Acc\0ueil")
    assert decode_page(body) == (PAGE, "utf-8")


def test_without_any_declaration_the_bytes_are_asked() -> None:
    text = "Общество — это люди, которые живут вместе и говорят на одном языке. " * 3
    assert decode_page(text.encode("cp1251"))[0] == text


@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (b"", "", "no main text"),
        (b"<html><body><img src=a.png></body></html>", "text/html", "no main text"),
        (b" \n", "text/plain", "empty"),
        (b"%PDF-1.7", "application/pdf", "not a text: application/pdf"),
        (bytes(range(8)) * 9 + bytes(100), "", "not a text: bytes"),
        (b"a" * 10_000_001, "text/html", "longer than 10 MB"),
        (b"<div>some words" * 600, "text/html", "nested deeper than 512"),
    ],
)
def test_no_text_says_why(body: bytes, content_type: str, problem: str) -> None:
    page = extract_page(body, content_type=content_type)
    assert (page.text, page.problem) == ("", problem) or not page.text.strip()
    assert page.problem == problem


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "piece", ["<meta name=date><div>", "<a rel=license href=x><p>", "<ul><li>a"]
)
def test_traps_for_parsers_take_no_longer_than_they_are_long(method, piece: str) -> None:
    """Cubic time would be years, and a test that hangs fails."""
    extract_page((piece * 100_000).encode(), method=method)


def test_plain_text_stays_as_it_is() -> None:
    page = extract_page(b"<p>  5 < 6\r\n", content_type="Text/Plain; charset=utf-8")
    assert page.text == "<p>  5 < 6\r\n"


def test_a_library_that_fails_costs_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(content: str, url: str) -> str:
        raise RecursionError

    monkeypatch.setitem(extract.READERS, "trafilatura", fail)
    assert extract_page(PAGE.encode()).problem == "trafilatura failed: RecursionError"


def test_an_unknown_method() -> None:
    with pytest.raises(MinilmError, match="trafilatura or resiliparse"):
        extract_page(b"", method="regex")  # type: ignore[arg-type]


TROUBLE = [
    b"<div>", b"<p>", b"</p>", b"<table>", b"<tr><td>", b"\0", b"&#0;", b"&#xD800;", b"<!--",
    b"-->", b"<![CDATA[", b"<?xml version='1.0' encoding='utf-16'?>", b"<meta charset=utf-16>",
    b"\xff\xfe", b"\xef\xbb\xbf", b"<svg><math>", b"<script>", b"<a href='\x80'>", b"\x1b$B",
    b"<html lang='\xff'>", b"<title>\xed\xa0\x80</title>", b"some words in a row, " * 20,
    b"<time datetime='9999-99-99'>", b"<meta charset=base64>", b"<template>", b"<frameset>",
    b"<article>", PAGE.encode()[:700],
]  # fmt: skip
PIECES = st.lists(st.sampled_from(TROUBLE) | st.binary(max_size=20), max_size=30).map(b"".join)
HEADERS = st.sampled_from(
    ["", "text/html", "text/html; charset=utf-16", "text/plain; charset=sjis",
     "text/html;charset=\xff"]
) | st.text(max_size=20)  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@given(PIECES, HEADERS)
@example(b"<p>" * 3000 + b"deep", "text/html")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes(method, body: bytes, content_type: str) -> None:
    page = extract_page(body, content_type=content_type, method=method)
    assert bool(page.text.strip()) != bool(page.problem)
    "".join([page.text, page.title, page.date, page.language, page.licence]).encode()
    assert "\0" not in page.text


@pytest.mark.parametrize("method", ["trafilatura", "resiliparse"])
def test_a_page_may_leave_out_the_tag_html(method) -> None:
    bees = "Bees dance to say where the flowers are, and others follow them there at once. "
    page = f"<body><p>{bees * 6}</p></body>".encode()
    assert extract_page(page, method=method).text.count("Bees dance") == 6


def test_a_library_that_is_broken_is_not_an_empty_page(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    extract._trafilatura.cache_clear()
    with pytest.raises(MinilmError, match="trafilatura cannot be loaded"):
        extract_page(b"<html><body><p>Bees dance.</p></body></html>")
