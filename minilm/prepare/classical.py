"""What one did to text before language models: six ways to throw some of it away.

A bag of words cannot know that "Films", "films" and "film" belong together, so each of these steps
makes different words equal, or leaves words out. A language model has to write text in full, and
learns the connections itself: for it, what these steps remove is lost. Each is one function from
text to text; chapter 20 measures what each costs and gains.

All but the first two act on words and leave what stands between them. They are made for English.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import simplemma
import snowballstemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")  # letters, with apostrophes inside
_SPACES = re.compile(r"[^\S\n]+")
_STEMMER = snowballstemmer.stemmer("english")


def lowercase(text: str) -> str:
    """Write every letter small: "The" and "the" become one word, and so do "US" and "us"."""
    return text.lower()


def remove_punctuation(text: str) -> str:
    """Drop all that Unicode calls punctuation; spaces close up: "Well, no." becomes "Well no"."""
    kept = "".join(" " if c == "-" else c for c in text if not _is_punctuation(c) or c == "-")
    return _close_up(kept)


def remove_special_characters(text: str) -> str:
    """Keep letters, digits and spaces of ASCII alone; accents fall off: "café" becomes "cafe"."""
    plain = unicodedata.normalize("NFKD", text)
    kept = (c if c.isalnum() or c.isspace() else " " for c in plain if c.isascii())
    return _close_up("".join(kept))


def remove_stop_words(text: str) -> str:
    """Drop the 318 words of scikit-learn's list, most of them little, among them "not" and "well".

    Source: the list of the Glasgow Information Retrieval Group; Nothman et al. 2018, "Stop Word
    Lists in Free Open-source Software Packages", on what is odd in it.
    """
    return _close_up(_WORD.sub(lambda m: "" if _is_stop_word(m[0]) else m[0], text))


def stem(text: str) -> str:
    """Cut each word's ending off by rule: "relation" and "relational" become "relat".

    Source: Porter's English stemmer ("Porter2"), snowballstem.org.
    """
    return _WORD.sub(lambda m: _stem(m[0]), text)


def lemmatize(text: str) -> str:
    """Replace each word by the form under which a dictionary lists it: "was" by "be".

    Words are looked up alone, so "saw" is always the verb "see". Source: simplemma's English table.
    """
    return _WORD.sub(lambda m: _lemmatize(m[0]), text)


STEPS: dict[str, Callable[[str], str]] = {
    "lowercase": lowercase,
    "remove punctuation": remove_punctuation,
    "remove special characters": remove_special_characters,
    "remove stop words": remove_stop_words,
    "stem": stem,
    "lemmatize": lemmatize,
}


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] == "P"


def _close_up(text: str) -> str:
    """Leave single spaces between what is left, and none at the ends of lines."""
    lines = _SPACES.sub(" ", text).split("\n")
    return "\n".join(line.strip(" ") for line in lines)


def _is_stop_word(word: str) -> bool:
    return word.lower() in ENGLISH_STOP_WORDS


@lru_cache(maxsize=2**17)
def _stem(word: str) -> str:
    return _like(word, _STEMMER.stemWord(word.lower()))


@lru_cache(maxsize=2**17)
def _lemmatize(word: str) -> str:
    return _like(word, simplemma.lemmatize(word, lang="en"))


def _like(word: str, changed: str) -> str:
    """Give a changed word the case of the one it came from: lowering is a step of its own."""
    if word.isupper() and len(word) > 1:
        return changed.upper()
    return changed[:1].upper() + changed[1:] if word[0].isupper() else changed
