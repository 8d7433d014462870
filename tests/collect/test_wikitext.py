"""Articles come out of dumps as running text; broken dumps are named with the line."""

import bz2
import gzip
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minilm.collect.wikitext import WIKIPEDIA, markup_to_text, wiki_documents
from minilm.errors import MinilmError

ARTICLE = """{{Infobox person|name=Ada|born={{date|1815}}}}
'''Ada''' was a [[mathematician]]<ref name="x">A {{cite|book}}</ref> and [[Poet|writer]],&nbsp;and
l'''Avare'' don't mind.[[File:Ada.jpg|thumb|Her ''portrait'' of [[1840]]]] See [https://a.org it].

== Her ''life'' ==
* born in [[London]]
* died<!-- hidden -->
{| class="wikitable"
! year !! event <ref>inside</ref>
|}
<math>x^2</math><gallery>
File:B.jpg|caption
</gallery>
x<sup>2</sup> <nowiki>[[kept]]</nowiki> __NOTOC__
[[Datei:C.jpg|Bild]] [[Category:Women]] [[:Category:Women|women]] [[Star Wars: A New Hope]] [[File]]
"""
TEXT = """Ada was a mathematician and writer, and
l'Avare don't mind. See it.

Her life
born in London
died

x2 [[kept]]
women Star Wars: A New Hope File"""


def page(title: str, text: str, ns: int = 0, more: str = "", number: int = 1) -> str:
    return f"""<page><title>{title}</title><ns>{ns}</ns><id>{number}</id>{more}
<revision><id>9</id><timestamp>2020-01-02T03:04:05Z</timestamp><model>wikitext</model>
<text xml:space="preserve">{text}</text></revision></page>\n"""


def dump(*pages: str, base: str = "https://de.wikipedia.org/wiki/Wikipedia:Hauptseite") -> str:
    return f"""<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="de">
<siteinfo><sitename>Wiki</sitename><base>{base}</base><namespaces>
<namespace key="0" /><namespace key="6">Datei</namespace><namespace key="14">Kategorie</namespace>
</namespaces></siteinfo>
{"".join(pages)}</mediawiki>"""


def test_markup() -> None:
    assert markup_to_text(ARTICLE, frozenset({"file", "category", "datei"})) == TEXT


@pytest.mark.parametrize(
    ("name", "compress"),
    [("a.xml", bytes), ("a.xml.bz2", bz2.compress), ("a.xml.gz", gzip.compress)],
)
def test_articles_of_a_dump(tmp_path: Path, name: str, compress) -> None:
    path = tmp_path / name
    pages = [
        page(
            "Ein Titel", "Ein [[Link]] &amp; mehr [[Datei:X.jpg|Bild]] [[Kategorie:Y]]", number=12
        ),
        page("Weiter", "#WEITERLEITUNG [[Ein Titel]]", more='<redirect title="Ein Titel" />'),
        page("Diskussion:Ein Titel", "Nein.", ns=1),
        page("Leer", "{{Vorlage}}"),
        page("Code", "print(1)").replace("wikitext", "Scribunto"),
        "<page><title>Nichts</title><ns>0</ns><id>3</id></page>",
    ]
    path.write_bytes(compress(dump(*pages).encode()))
    left_out: Counter[str] = Counter()
    [document] = wiki_documents(path, left_out=left_out)
    assert document["text"] == "Ein Link & mehr"
    assert document["id"] == f"files/{path.as_posix()}#12"
    assert document["origin"] == "https://de.wikipedia.org/wiki/Ein_Titel"
    assert (document["title"], document["language"]) == ("Ein Titel", "de")
    assert (document["date"], document["licence"]) == ("2020-01-02", WIKIPEDIA)
    assert left_out == {
        "redirect": 1, "not an article": 1, "no text": 2, "not wikitext: Scribunto": 1
    }  # fmt: skip


def test_the_licence_of_another_wiki_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(dump(page("A", "b"), base="https://wiki.example.org/wiki/Main"))
    assert next(wiki_documents(path))["licence"] == "not stated"
    assert next(wiki_documents(path, "mine"))["licence"] == "mine"


def test_of_several_revisions_the_last_counts(tmp_path: Path) -> None:
    old = "<revision><timestamp>2001-01-01T00:00:00Z</timestamp><text>old</text></revision>"
    path = tmp_path / "a.xml"
    path.write_text(dump(page("A", "new", more=old)))
    [document] = wiki_documents(path)
    assert (document["text"], document["date"]) == ("new", "2020-01-02")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{}]><mediawiki>&z;</mediawiki>'.format(
    "".join(
        f'<!ENTITY {b} "{f"&{a};" * 30}">' for a, b in zip("abcdefghi", "bcdefghiz", strict=True)
    )
)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.xml", dump(page("A", "b"))[:-30].encode(), r"a\.xml, line 7 is broken XML"),
        ("a.xml", dump(page("A", "b \x01")).encode(), r"a\.xml, line \d is broken XML"),
        ("a.xml", b"", r"a\.xml, line 1 is broken XML"),
        ("a.xml", b"<rss><page/></rss>", r"a\.xml is no dump of MediaWiki: it begins with <rss>"),
        ("a.xml", BOMB.encode(), r"a\.xml, line 1 is broken XML"),
        ("a.xml.bz2", bz2.compress(dump().encode())[:-9], r"a\.xml\.bz2 cannot be read"),
        ("a.xml.bz2", b"none", r"a\.xml\.bz2 cannot be read"),
    ],
)  # fmt: skip
def test_broken_dumps_are_named(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MinilmError, match=message):
        list(wiki_documents(path))
    with pytest.raises(MinilmError, match="cannot be read"):
        list(wiki_documents(tmp_path))


PIECES = ["[[", "]]", "{{", "}}", "{|", "|}", "|", "'''", "''", "<ref>", "</ref>", "<math>", "==",
          "\n", "* ", "File:", "<!--", "-->", "&nbsp;", "&#xD800;", "&#0;", "http://a.b", "[",
          "a "]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=60).map("".join))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_markup(markup: str) -> None:
    text = markup_to_text(markup)
    assert isinstance(text, str)
    assert text == text.strip()


PEAK = """
import sys
from pathlib import Path
from minilm.collect.wikitext import wiki_documents
from minilm.memory import peak_memory
print(sum(1 for _ in wiki_documents(Path(sys.argv[1]))), peak_memory())
"""


def test_memory_does_not_grow_with_the_dump(tmp_path: Path) -> None:
    """Five times the pages, 24 MB more of them, and the peak stays within 10 MB."""
    one = page("A", "Some words and [[a link]]." + "&lt;!--" + "long " * 1200 + "--&gt;")
    peaks = []
    for times in (1000, 5000):
        path = tmp_path / "a.xml"
        path.write_text(dump(*[one] * times))
        out = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, check=True)
        n, memory = map(int, out.stdout.split())
        assert n == times
        peaks.append(memory)
    assert peaks[1] - peaks[0] < 10_000_000
