"""The same short sentences in a hundred languages: the messages of Django, translated by people.

The package `django` carries the catalogues of its translators (BSD licence). They are thin, a few
hundred messages a language, and speak of forms and passwords; but they are parallel, real, and on
every machine that has the package.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from babel.messages.mofile import read_mo

from minilm.collect.packages import package_file
from minilm.errors import MinilmError

DJANGO = "django"

_PLACEHOLDERS = re.compile(r"%\(\w+\)[sdr]|%[sdr]|\{\w*\}|<[^<>]+>")


@cache
def messages(language: str) -> dict[str, str]:
    """Return the messages of a language, such as "de" or "zh_Hans": English text -> translation.

    Names to be filled in (`%(name)s`) and tags are taken out, spaces are single. "en" gives the
    English of all messages that German has. Raises MinilmError for a language without a catalogue.
    """
    if language == "en":
        return {english: english for english in messages("de")}
    root = package_file(DJANGO, "django/__init__.py").parent
    files = sorted(root.glob(f"**/locale/{language}/LC_MESSAGES/django.mo"))
    if not files:
        raise MinilmError(
            f"Django has no messages in {language!r}; it has {', '.join(languages())}."
        )
    found: dict[str, str] = {}
    for file in files:
        with open(file, "rb") as catalogue:
            for message in read_mo(catalogue):
                if message.id and isinstance(message.id, str) and isinstance(message.string, str):
                    found.setdefault(_plain(message.id), _plain(message.string))
    return {english: text for english, text in found.items() if english and text}


def languages() -> list[str]:
    """Return the languages that have catalogues, English first."""
    root = package_file(DJANGO, "django/__init__.py").parent / "conf" / "locale"
    found = {Path(file).parts[-3] for file in root.glob("*/LC_MESSAGES/django.mo")}
    return ["en", *sorted(found - {"en"})]


def _plain(text: str) -> str:
    return " ".join(_PLACEHOLDERS.sub("", text).split())


def parallel_messages(languages: Sequence[str]) -> dict[str, list[str]]:
    """Return the messages that all of the languages have, with English, line by line the same.

    Raises MinilmError when no other language is named, or one has no catalogue.
    """
    tables = {language: messages(language) for language in languages if language != "en"}
    if not tables:
        raise MinilmError("Name at least one language besides English, such as 'de'.")
    shared = sorted(set.intersection(*map(set, tables.values())))
    return {"en": shared} | {name: [table[m] for m in shared] for name, table in tables.items()}
