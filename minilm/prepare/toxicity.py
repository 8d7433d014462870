"""Bad words, counted against a list: the oldest filter for toxic text, with well-known limits.

A list sees words, not what is done with them. It finds the quotation, the victim's report and the
word that a group uses for itself, and misses hate that is politely worded. Whole words are
compared, so Scunthorpe stays; misspellings, spaced letters and all languages but English escape.
Dodge et al. 2021 found that C4's list removed text by and about minorities more than other text.
It is off unless you ask for it.

The list is a file of the package `better-profanity`, read without importing the package. Neither
it nor what it finds is printed anywhere here: results are counts.

Sources: the rule is C4's (Raffel et al. 2020, section 2.2: a page with any word of a list goes),
though with another list; Dodge et al. 2021, "Documenting Large Webtext Corpora", EMNLP.
"""

import re
from functools import cache

from minilm.collect.packages import read_checked

LEXICON = "better-profanity==0.7.0"
LEXICON_FILE = "better_profanity/profanity_wordlist.txt"
LEXICON_SHA256 = "e75665f3f57b5e0412b178334764aae9cae319b88ef3f42027d1e1f22ed7172b"

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@cache
def lexicon() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the list: the first word of each entry -> all entries that begin with it, as words.

    Raises MinilmError with the command that installs the package when it is missing.
    """
    entries: dict[str, set[tuple[str, ...]]] = {}
    for line in read_checked(LEXICON, LEXICON_FILE, LEXICON_SHA256).splitlines():
        words = tuple(_WORD.findall(line.lower()))
        if words:
            entries.setdefault(words[0], set()).add(words)
    return {first: tuple(sorted(group, key=len)) for first, group in entries.items()}


def count_bad_words(text: str) -> int:
    """Count the places in a text where an entry of the list begins, upper or lower case."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    entries = lexicon()
    return sum(
        any(entry == tuple(words[place : place + len(entry)]) for entry in entries[word])
        for place, word in enumerate(words)
        if word in entries
    )


def toxicity_reason(text: str, *, max_bad_words: int = 0) -> str | None:
    """Say that a text holds more words of the list than allowed, or return None.

    With the default it is C4's rule: one such word, and the whole text goes.
    """
    if count_bad_words(text) > max_bad_words:
        return "toxicity: words of the list"
    return None
