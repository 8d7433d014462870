"""Translated messages: parallel, without placeholders, read without importing Django."""

import subprocess
import sys

import pytest

from minilm.collect.messages import parallel_messages, read_catalog
from minilm.errors import MinilmError

LANGUAGES = ["de", "ru", "hi", "zh_Hans", "ar"]


def test_the_same_messages_in_every_language() -> None:
    messages = parallel_messages(LANGUAGES)
    assert list(messages) == ["en", *LANGUAGES]
    assert len({len(lines) for lines in messages.values()}) == 1
    assert len(messages["en"]) > 200
    place = messages["en"].index("Change password")
    assert messages["de"][place] == "Passwort ändern"
    assert messages["zh_Hans"][place] == "修改密码"
    assert not any("%" in line or "{" in line for line in messages["en"])
    assert all(line.strip() for lines in messages.values() for line in lines)


def test_messages_are_in_a_fixed_order() -> None:
    english = parallel_messages(["de"])["en"]
    assert english == sorted(english)
    assert set(english) <= set(read_catalog("de"))


def test_languages_that_are_not_there() -> None:
    with pytest.raises(MinilmError, match="no file"):
        parallel_messages(["xx"])
    with pytest.raises(MinilmError, match="besides English"):
        parallel_messages(["en"])


def test_django_is_not_imported() -> None:
    code = (
        "import sys; from minilm.collect.messages import parallel_messages;"
        "parallel_messages(['de']); assert 'django' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
