"""Texts that would teach a model little are left out: too short, not words, or one thing repeated.

The rules are simple counts, chosen so that every rejection can be explained. Their form and most
of the limits are those of MassiveText (Rae et al. 2021, arXiv:2112.11446, appendix A1.1, "Gopher");
limits for length are looser, because a film review may have ten words.

The published rules themselves, to the letter, are rooms of their own: `gopher`, `c4`, `fineweb`,
`toxicity`. `RULES` lists them by name, each a function from a text to a reason or None;
`LINE_RULES` lists what they do inside a text first.
"""

from collections import Counter
from collections.abc import Callable

from minilm.prepare.c4 import c4_reason, keep_lines
from minilm.prepare.fineweb import fineweb_reason
from minilm.prepare.gopher import gopher_reason, runs
from minilm.prepare.toxicity import toxicity_reason

RULES: dict[str, Callable[[str], str | None]] = {
    "gopher": gopher_reason,
    "c4": c4_reason,
    "fineweb": fineweb_reason,
    "toxicity": toxicity_reason,  # C4's list of bad words was another one: read its limits first
}
LINE_RULES: dict[str, Callable[[str], str]] = {"c4": keep_lines}

MAX_SHARE_OF_GRAMS = {2: 0.20, 3: 0.18, 4: 0.16}  # of all characters, in the most frequent n-gram


def why_rejected(
    text: str,
    *,
    min_words: int = 3,
    max_words: int = 100_000,
    min_share_with_letters: float = 0.5,
    max_share_of_repeated_lines: float = 0.3,
    repetition_from: int = 50,
) -> str | None:
    """Say why a text is left out, in a few words, or return None when it stays.

    Texts of fewer than `repetition_from` words are not examined for repeated n-grams: in four
    words, two of them are always half of the text.
    """
    words = text.split()
    if len(words) < min_words:
        return f"fewer than {min_words} words"
    if len(words) > max_words:
        return f"more than {max_words} words"
    n_characters = sum(map(len, words))
    if not 2 <= n_characters / len(words) <= 10:
        return "mean word length outside 2 to 10"
    counts = Counter(words)  # different words are fewer
    n_with_letter = sum(count for word, count in counts.items() if has_letter(word))
    if n_with_letter < min_share_with_letters * len(words):
        return "too few words with a letter"
    if share_of_repeated_lines(text) > max_share_of_repeated_lines:
        return "repeated lines"
    if len(words) >= repetition_from:
        # A run is no more frequent than any of its words: this bounds its share, and in most texts
        # the bound is enough.
        widest = max(len(word) * count for word, count in counts.items())
        for n, limit in MAX_SHARE_OF_GRAMS.items():
            if n * widest > limit * n_characters and share_of_top_gram(words, n) > limit:
                return f"one run of {n} words repeated"
    return None


def has_letter(word: str) -> bool:
    """Whether a word contains a letter."""
    return word.isalpha() or any(map(str.isalpha, word))


def share_of_repeated_lines(text: str) -> float:
    """The share of lines that have occurred before in the text."""
    lines = [line for line in text.split("\n") if line]
    return 1 - len(set(lines)) / len(lines) if lines else 0.0


def share_of_top_gram(words: list[str], n: int) -> float:
    """The share of all characters that lie in the most frequent run of `n` words."""
    gram, count = Counter(runs(words, n)).most_common(1)[0]
    if count == 1:
        return 0.0
    return count * sum(map(len, gram)) / sum(map(len, words))
