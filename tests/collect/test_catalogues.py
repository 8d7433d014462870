"""Messages are parallel, without placeholders, and a language that is missing is named."""

import re

import pytest

from minilm.collect.catalogues import languages, messages
from minilm.errors import MinilmError


def test_languages() -> None:
    names = languages()
    assert names[0] == "en"
    assert len(names) == len(set(names)) > 80
    assert {"de", "ja", "zh_Hans", "ar"} <= set(names)


@pytest.mark.parametrize("language", ["en", "de", "hi", "zh_Hans"])
def test_messages(language: str) -> None:
    found = messages(language)
    assert len(found) > 300
    for english, text in found.items():
        assert english
        assert text
        assert not re.search(r"%\(|%s|<a|  |\n|\{\w+\}", text)


def test_they_are_translations() -> None:
    assert messages("de")["January"] == "Januar"
    assert messages("fr")["January"] == "janvier"
    assert messages("en")["January"] == "January"
    assert len(messages("de").keys() & messages("ja").keys()) > 300


def test_a_missing_language_is_named() -> None:
    with pytest.raises(MinilmError, match=r"no messages in 'xx'; it has en, af"):
        messages("xx")
