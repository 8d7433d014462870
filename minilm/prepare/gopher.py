"""The rules of MassiveText, known by its model's name: Gopher.

Two lists. The first asks whether a text is prose (enough words, of usual length, with letters and
with the little words that hold sentences together), the second whether it says one thing again and
again. Every limit is the paper's.

The paper does not say what a word is; here words are what stands between spaces. Where it leaves
room, the reading is that of datatrove, the code behind FineWeb, and a test compares the two.

Source: Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training
Gopher", arXiv:2112.11446, appendix A1.1; the repetition limits are its table A1.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

MIN_WORDS, MAX_WORDS = 50, 100_000  # "between 50 and 100,000 words"
MIN_MEAN_LENGTH, MAX_MEAN_LENGTH = 3, 10  # characters a word
MAX_SYMBOLS_PER_WORD = 0.1  # "for either the hash symbol or the ellipsis"
MAX_BULLET_LINES = 0.9
MAX_ELLIPSIS_LINES = 0.3
MIN_WORDS_WITH_LETTER = 0.8
STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
MIN_STOP_WORDS = 2  # different ones

# Table A1: shares of paragraphs and lines that repeat an earlier one, and of their characters;
MAX_REPEATED_PARAGRAPHS = MAX_REPEATED_LINES = 0.30
MAX_CHARACTERS_IN_REPEATED_PARAGRAPHS = MAX_CHARACTERS_IN_REPEATED_LINES = 0.20
# shares of all characters in the most frequent run of n words, and in runs that stood before.
MAX_IN_TOP_RUN = {2: 0.20, 3: 0.18, 4: 0.16}
MAX_IN_REPEATED_RUNS = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}

_BULLETS, _ELLIPSES = ("•", "-"), ("...", "…")
_PARAGRAPH_END, _LINE_END = re.compile("\n{2,}"), re.compile("\n+")

Run = tuple[str, ...]

_MULTIPLIER = np.int64(0x5851F42D4C957F2D)  # odd and large: products wrap, and mix all bits


def gopher_reason(text: str) -> str | None:
    """Say which of Gopher's rules leaves a text out, or return None when it stays."""
    words = text.split()
    counts = Counter(words)
    return _quality_reason(text, words, counts) or _repetition_reason(text, words, counts)


def gopher_quality_reason(text: str) -> str | None:
    """Say why a text does not look like prose, or return None (appendix A1.1, quality filtering).

    Words without a letter or digit are punctuation and do not count for the number and the mean
    length of words; they do count among those that may lack a letter.
    """
    words = text.split()
    return _quality_reason(text, words, Counter(words))


def gopher_repetition_reason(text: str) -> str | None:
    """Say how a text repeats itself too much, or return None (table A1).

    In a text of a few words any run of words is a large share, so this asks for long texts:
    `gopher_reason` leaves the short ones out first.
    """
    words = text.split()
    return _repetition_reason(text, words, Counter(words))


def _quality_reason(text: str, words: Sequence[str], counts: Counter[str]) -> str | None:
    odd = [word for word in counts if not word.isalpha()]  # few, and they need a closer look
    signs = [word for word in odd if not any(map(str.isalnum, word))]
    n_words = len(words) - sum(counts[sign] for sign in signs)
    if n_words < MIN_WORDS:
        return f"gopher: fewer than {MIN_WORDS} words"
    if n_words > MAX_WORDS:
        return f"gopher: more than {MAX_WORDS} words"
    n_characters = sum(map(len, words)) - sum(len(sign) * counts[sign] for sign in signs)
    if not MIN_MEAN_LENGTH <= n_characters / n_words <= MAX_MEAN_LENGTH:
        return f"gopher: mean word length outside {MIN_MEAN_LENGTH} to {MAX_MEAN_LENGTH}"
    if text.count("#") > MAX_SYMBOLS_PER_WORD * len(words):
        return "gopher: too many hash signs"
    if sum(map(text.count, _ELLIPSES)) > MAX_SYMBOLS_PER_WORD * len(words):
        return "gopher: too many ellipses"
    lines = text.splitlines()
    if sum(line.lstrip().startswith(_BULLETS) for line in lines) > MAX_BULLET_LINES * len(lines):
        return "gopher: too many lines begin with a bullet"
    if sum(line.rstrip().endswith(_ELLIPSES) for line in lines) > MAX_ELLIPSIS_LINES * len(lines):
        return "gopher: too many lines end with an ellipsis"
    without_letter = sum(counts[word] for word in odd if not any(map(str.isalpha, word)))
    if len(words) - without_letter < MIN_WORDS_WITH_LETTER * len(words):
        return "gopher: too few words with a letter"
    if len(STOP_WORDS & counts.keys()) < MIN_STOP_WORDS:
        return f"gopher: fewer than {MIN_STOP_WORDS} of its stop words"
    return None


def _repetition_reason(text: str, words: Sequence[str], counts: Counter[str]) -> str | None:
    return (
        _repeated_parts(
            text,
            _PARAGRAPH_END.split(text.strip()),
            "paragraphs",
            MAX_REPEATED_PARAGRAPHS,
            MAX_CHARACTERS_IN_REPEATED_PARAGRAPHS,
        )
        or _repeated_parts(
            text,
            _LINE_END.split(text),
            "lines",
            MAX_REPEATED_LINES,
            MAX_CHARACTERS_IN_REPEATED_LINES,
        )
        or _top_run(text, words, counts)
        or _repeated_runs(text, words)
    )


def _repeated_parts(
    text: str, parts: list[str], name: str, max_parts: float, max_characters: float
) -> str | None:
    if len(parts) == len(set(parts)):
        return None
    n_parts, n_characters = repeated(parts)
    if n_parts > max_parts * len(parts):
        return f"gopher: repeated {name}"
    if n_characters > max_characters * len(text):
        return f"gopher: characters in repeated {name}"
    return None


def repeated(parts: Sequence[str]) -> tuple[int, int]:
    """Count the parts that repeat an earlier one, and their characters."""
    again = Counter(parts)
    again.subtract(again.keys())  # each but its first
    return again.total(), sum(len(part) * count for part, count in again.items())


def _top_run(text: str, words: Sequence[str], counts: Counter[str]) -> str | None:
    # A run is not more frequent than any of its words, so n times the word that fills most of the
    # text (with a space) bounds what one run can fill. Most texts need no closer look.
    widest = max(((len(word) + 1) * count for word, count in counts.items()), default=0)
    for n, limit in MAX_IN_TOP_RUN.items():
        if len(words) >= n and n * widest > limit * len(text):
            run, count = Counter(runs(words, n)).most_common(1)[0]
            if len(" ".join(run)) * count > limit * len(text):
                return f"gopher: one run of {n} words repeated"
    return None


def _repeated_runs(text: str, words: Sequence[str]) -> str | None:
    # A run of ten that stood before consists of runs of five that stood before: what those cover
    # bounds all the shares, and is mostly nothing.
    shortest, strictest = min(MAX_IN_REPEATED_RUNS), min(MAX_IN_REPEATED_RUNS.values())
    if characters_covered(words, shortest) <= strictest * len(text):
        return None
    for n, limit in MAX_IN_REPEATED_RUNS.items():
        if characters_in_repeated_runs(words, n) > limit * len(text):
            return f"gopher: repeated runs of {n} words"
    return None


def runs(words: Sequence[str], n: int) -> Iterator[Run]:
    """Yield every run of n words, overlapping: n-grams."""
    return zip(*(words[i:] for i in range(n)), strict=False)


def characters_covered(words: Sequence[str], n: int) -> int:
    """Count the characters of all words in runs of n that occur more than once; or a few too many.

    Runs are compared by a number made of their words' hashes: equal runs have equal numbers, and a
    chance meeting of different ones can only raise the count, which is a bound.
    """
    hashes = np.fromiter(map(hash, words), np.int64, len(words))
    numbers = hashes[n - 1 :].copy()
    for i in range(n - 1):
        numbers *= _MULTIPLIER
        numbers += hashes[i : i + len(numbers)]
    ordered = np.sort(numbers)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not twice.size:
        return 0
    covered = np.convolve(np.isin(numbers, twice), np.ones(n, np.int64)) > 0  # (len(words),)
    return int(np.fromiter(map(len, words), np.int64, len(words))[covered].sum())


def characters_in_repeated_runs(words: Sequence[str], n: int) -> int:
    """Count the characters in runs of n words that stood before, none of them twice.

    After a repeated run, reading goes on behind it, so no two of those counted overlap.
    """
    seen: set[Run] = set()
    characters, free = 0, 0
    for start, run in enumerate(runs(words, n)):
        if start < free:
            continue
        if run in seen:
            characters += sum(map(len, run))
            free = start + n
        else:
            seen.add(run)
    return characters
