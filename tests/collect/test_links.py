"""Links are found in any bytes, and those that their author closes to robots are left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.links import links_of

HTML = [("Content-Type", "text/html; charset=utf-8")]
HERE = "http://a.example/c/d"


def found(page: str, *headers: tuple[str, str]) -> list[str]:
    links = links_of(HERE, [*HTML, *headers], page.encode())
    return [link.removeprefix("http://a.example") for link in links]


def test_links_in_order_each_once() -> None:
    page = '<a href="/b">b</a><A HREF=x>x</A><map><area href="?q=1"></map><a href="/b#2">b</a>'
    assert found(page) == ["/b", "/c/x", "/c/d?q=1"]


def test_what_is_no_link() -> None:
    page = (
        '<a>x</a><a href="">x</a><a href="mailto:a@b">x</a><!-- <a href="/x">x</a> --><p href=/y>'
    )
    assert found(page) == []
    assert found('<script>"<a href=/x>x</a>"</script><link rel="stylesheet" href="/s.css">') == []


def test_the_base_of_relative_links() -> None:
    assert found('<base href="/e/"><base href="/f/"><a href="x">x</a>') == ["/e/x"]
    assert found('<base href="http://[::1"><a href="x">x</a>') == ["/c/x"]


def test_closed_links() -> None:
    assert found('<a rel="external NoFollow" href=x>x</a><a href=y rel=noopener>y</a>') == ["/c/y"]


@pytest.mark.parametrize(
    "tag", ["<META name=Robots content='noindex, NOFOLLOW'>", "<meta name=robots content=none>"]
)
def test_closed_pages(tag: str) -> None:
    assert found(f"{tag}<a href=x>x</a>") == []
    assert found(f"<a href=x>x</a>{tag}") == []


def test_open_pages() -> None:
    assert found("<meta name=robots content='noindex, follow'><a href=x>x</a>") == ["/c/x"]
    assert found("<meta name=description content=nofollow><a href=x>x</a>") == ["/c/x"]


@pytest.mark.parametrize("value", ["nofollow", "noindex, nofollow", "somebot: none"])
def test_closed_by_a_header(value: str) -> None:
    assert found("<a href=x>x</a>", ("x-robots-tag", value)) == []
    assert found("<a href=x>x</a>", ("X-Robots-Tag", "noindex"), ("X-Robots-Tag", value)) == []
    assert found("<a href=x>x</a>", ("X-Other", value)) == ["/c/x"]


def test_only_html_has_links() -> None:
    assert links_of(HERE, [("content-type", "text/plain")], b"<a href=x>x</a>") == []
    assert links_of(HERE, [], b"<a href=x>x</a>") == []


def test_charsets() -> None:
    page = '<a href="/é">x</a>'
    latin = [("Content-Type", "text/html; charset=ISO-8859-1")]
    wrong = [("Content-Type", "text/html; charset=no-such-charset")]
    assert links_of(HERE, latin, page.encode("latin-1")) == ["http://a.example/%C3%A9"]
    assert links_of(HERE, wrong, page.encode()) == ["http://a.example/%C3%A9"]


def test_many_links_take_little_time() -> None:
    """The parser's own lists of elements would need minutes for this page."""
    page = "".join(f'<a href="/{n}">{n}</a>' for n in range(20_000))
    assert len(found(page)) == 20_000


@given(st.binary(), st.text(st.characters(codec="latin-1")))
def test_any_bytes(body: bytes, charset: str) -> None:
    for link in links_of(HERE, [("Content-Type", f"text/html; charset={charset}")], body):
        assert link.startswith("http")
