"""The same short texts in many languages: the translated messages of Django's user interface.

A program that is translated carries, for each language, a catalogue from English messages to
translated ones. Those of Django are on every machine that has the package; they are read as files,
and Django is not imported. The messages are short and about forms and dates, which is not how
people write; but they say the same in every language.
"""

from collections.abc import Sequence

from babel.messages.mofile import read_mo

from minilm.collect.packages import package_file
from minilm.errors import MinilmError

DJANGO = "django"
PARTS = ("conf", "contrib/admin", "contrib/auth", "contrib/humanize", "contrib/postgres")
"""Of these the first exists for every language."""

ENGLISH = "en"


def parallel_messages(languages: Sequence[str]) -> dict[str, list[str]]:
    """Read the messages that exist in all of the languages, line by line the same, with English.

    Languages are named as in Django's folders, such as "de" or "zh_Hans". Messages with
    placeholders such as `%(name)s` are left out: those are the same letters in every language.

    Raises MinilmError when Django or one of the languages is not installed.
    """
    catalogs = {language: read_catalog(language) for language in languages if language != ENGLISH}
    if not catalogs:
        raise MinilmError("Name at least one language besides English, such as 'de'.")
    shared = set.intersection(*map(set, catalogs.values()))
    english = sorted(message for message in shared if not set("%{<&") & set(message))
    messages = {language: [catalogs[language][m] for m in english] for language in catalogs}
    return {ENGLISH: english} | messages


def read_catalog(language: str) -> dict[str, str]:
    """Read one language's messages: English to translated."""
    messages: dict[str, str] = {}
    first = package_file(DJANGO, f"django/{PARTS[0]}/locale/{language}/LC_MESSAGES/django.mo")
    django = first.parents[4]
    for path in (django / f"{part}/locale/{language}/LC_MESSAGES/django.mo" for part in PARTS):
        if not path.exists():
            continue
        with path.open("rb") as file:
            catalog = read_mo(file)
        for message in catalog:
            english, translated = message.id, message.string
            if not (isinstance(english, str) and isinstance(translated, str)):
                continue  # one form for one thing, another for many
            if english and translated and not message.context:
                messages.setdefault(english, translated)
    return messages
