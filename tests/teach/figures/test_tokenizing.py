"""Tokens as colored strips: whatever a learner types is shown, and none of it is obeyed."""

import IPython.display
import pytest

from minilm.teach.figures import tokenizing


@pytest.fixture
def shown(monkeypatch):
    """Collect what would be displayed, each a bundle of media types."""
    bundles = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_a_text_is_shown_and_not_run(shown):
    tokenizing.strip([b"<script>", b" & ", b"x\n"], "<Title>")
    html = shown[0]["text/html"]
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "&lt;Title&gt;" in html
    assert shown[0]["text/plain"] == "<Title>: <script>|␣&␣|x⏎"


def test_part_of_a_letter_is_red_and_a_special_token_gold(shown):
    first, second = ("é".encode()[:1], "é".encode()[1:])
    tokenizing.strip([b"caf", first, second, b"<|end|>"], "t", special=[b"<|end|>"])
    html = shown[0]["text/html"]
    assert html.count(tokenizing._BROKEN) == 2
    assert html.count(tokenizing._SPECIAL) == 1
    assert shown[0]["text/plain"] == "t: caf|c3|a9|<|end|>"
