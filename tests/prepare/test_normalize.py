"""Normal texts have one form; HTML leaves no trace; nothing else is touched."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare.normalize import normalize, strip_html

messy = st.text(" \n\t\r\f\x85\u00a0\u200b\u2028\ufeffae\u0301\u0300<>&", max_size=40)


@pytest.mark.parametrize(
    ("messy", "clean"),
    [
        ("  a  b\t\tc ", "a b c"),
        ("a\r\nb\rc\u2028d\x0ce", "a\nb\nc\nd\ne"),
        ("a \n\n\n\n b", "a\n\nb"),
        ("e\u0301", "\u00e9"),
        ("a\u200bb\ufeffc\u00add\x00e\x7ff\u202eg\ud800h", "abcdefgh"),
        ("a\u00a0b\u3000c\u2009d", "a b c d"),
        ("\u0646\u200c\u0647 👩\u200d💻", "\u0646\u200c\u0647 👩\u200d💻"),
        ("a  b", "a b"),
        ("a\x85b", "a\nb"),
        ("", ""),
    ],
)
def test_one_form(messy: str, clean: str) -> None:
    assert normalize(messy) == clean


@given(messy | st.text())
def test_normal_texts_stay_and_keep_the_promises(text: str) -> None:
    normal = normalize(text)
    assert normalize(normal) == normal
    assert unicodedata.is_normalized("NFC", normal)
    assert not re.search(r"  |\n\n\n| \n|\n |[^\S \n]|^\s|\s$", normal)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in normal.replace("\n", ""))
    normal.encode()


@given(st.text("abc .,\n", max_size=40))
def test_visible_characters_are_all_kept(text: str) -> None:
    assert normalize(text).split() == text.split()


@pytest.mark.parametrize(
    ("remnant", "clean"),
    [
        ("one<br /><br />two<BR>three", "one\n\ntwo\nthree"),
        ('<p class="x">a</p> <i>b</i> <a href="c">d</a>', "\na\n b d"),
        ("Tom &amp; Jerry &quot;x&quot; caf&#233; &lt;br&gt;", 'Tom & Jerry "x" café \n'),
        ("a < b > c, <3, <grin>, x<y", "a < b > c, <3, <grin>, x<y"),
        ("AT&T & co", "AT&T & co"),
    ],
)
def test_remnants_of_html(remnant: str, clean: str) -> None:
    assert strip_html(remnant) == clean


@given(st.text("ab <>/\n.!", max_size=40))
def test_text_without_tags_is_left_alone(text: str) -> None:
    if not re.search(r"<\s*/?\s*[ab]", text):
        assert strip_html(text) == text
