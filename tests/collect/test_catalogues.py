"""Messages are parallel, without placeholders, and a language that is missing is named."""

import re
import subprocess
import sys

import pytest

from minilm.collect.catalogues import languages, messages, parallel_messages
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


def test_parallel_messages_say_the_same_line_by_line() -> None:
    parallel = parallel_messages(["de", "ru", "hi", "zh_Hans", "ar"])
    assert list(parallel) == ["en", "de", "ru", "hi", "zh_Hans", "ar"]
    assert {len(lines) for lines in parallel.values()} == {len(parallel["en"])}
    assert parallel["en"] == sorted(set(parallel["en"]))
    assert len(parallel["en"]) > 200
    place = parallel["en"].index("Change password")
    assert parallel["de"][place] == "Passwort ändern"
    assert parallel["zh_Hans"][place] == "修改密码"
    with pytest.raises(MinilmError, match="besides English"):
        parallel_messages(["en"])


def test_django_is_not_imported() -> None:
    code = (
        "import sys; from minilm.collect.catalogues import parallel_messages;"
        "parallel_messages(['de']); assert 'django' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
