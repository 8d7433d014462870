"""In which language a text is written, guessed from its short runs of bytes.

The guess is that of a naive Bayes classifier over byte sequences, trained by others on some 140
languages; the model comes inside the package `py3langid`. On a paragraph it is nearly always right;
on two or three words it errs often, and it always names some language, whatever it reads.

Source: Lui and Baldwin 2012, "langid.py: An Off-the-shelf Language Identification Tool", ACL.
"""

from functools import cache
from typing import Any

LOOK_AT = 1000  # characters: enough to be sure, and long documents cost no more than that
UNKNOWN = "und"  # ISO 639-2: undetermined


@cache
def _identifier() -> Any:
    """Load the model, once in a process; it takes about half a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language_of(text: str) -> tuple[str, float]:
    """Guess the language of a text: its ISO 639-1 code, and how sure the guess is, from 0 to 1.

    Only the first `LOOK_AT` characters are read. A text without letters is ("und", 0.0).
    """
    start = text[:LOOK_AT]
    if not any(map(str.isalpha, start)):
        return UNKNOWN, 0.0
    code, confidence = _identifier().classify(start)
    return code, float(confidence)


def known_languages() -> list[str]:
    """Return the codes of all languages that can be named."""
    return sorted(_identifier().labels)


def language_reason(text: str, language: str, *, min_confidence: float = 0.0) -> str | None:
    """Say why a text is not taken for one in `language`, or return None when it is.

    FineWeb keeps pages in English from a confidence of 0.65 on (Penedo et al. 2024, section 3.3),
    of another classifier (fastText): a limit does not carry over from one model to another.
    """
    code, confidence = language_of(text)
    if code != language:
        return f"language: not {language}"
    if confidence < min_confidence:
        return f"language: {language}, but not surely"
    return None
