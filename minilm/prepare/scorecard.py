"""A scorecard for tokenizers: how short, how fair, how good with numbers and code, how true.

All that is asked of a tokenizer is `encode(text) -> ids`, so that those of other libraries are
judged by the same lines. The results are plain records.

- bytes per token: UTF-8 bytes of a text over its tokens; high is short;
- fertility: tokens per word; 1 is a token for every word;
- parity: tokens of a language over tokens of English, for messages that say the same; 1 is fair.

Sources: Rust et al. 2021 (arXiv:2012.15613) for fertility; Petrov et al. 2023 (arXiv:2305.15425)
for parity, which they call the tokenization premium.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypedDict

from minilm.errors import MinilmError

Encode = Callable[[str], Sequence[int]]

UNSPACED = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


class TextScore(TypedDict):
    """How a tokenizer cuts one text."""

    text: str
    n_bytes: int
    n_tokens: int
    bytes_per_token: float
    fertility: float | None  # None where words are written without spaces


class LanguageScore(TextScore):
    """The same, beside the same messages in the reference language."""

    parity: float


class NumberScore(TypedDict):
    """How a tokenizer cuts the whole numbers 0 to 9,999."""

    tokens_per_number: float
    one_token: float  # the share of numbers that are one token
    neighbors_alike: float  # the share of numbers n with as many tokens as n + 1


class Scorecard(TypedDict):
    """All that is measured of one tokenizer."""

    tokenizer: str
    languages: list[LanguageScore]
    code: TextScore
    numbers: NumberScore
    same_ids: bool | None  # as the reference, on all of these texts; None without a reference


def make_scorecard(
    name: str,
    encode: Encode,
    messages: Mapping[str, Sequence[str]],
    programs: Sequence[str],
    reference: Encode | None = None,
) -> Scorecard:
    """Measure a tokenizer on parallel messages, programs and numbers: one plain record."""
    texts = [*programs, *(line for lines in messages.values() for line in lines)]
    return Scorecard(
        tokenizer=name,
        languages=score_languages(encode, messages),
        code=score_text("code", encode, programs),
        numbers=score_numbers(encode),
        same_ids=None if reference is None else ids_differ(encode, reference, texts) is None,
    )


def score_text(name: str, encode: Encode, texts: Iterable[str]) -> TextScore:
    """Count bytes, words and tokens of texts; raise MinilmError when they are empty."""
    texts = list(texts)
    n_bytes = sum(len(text.encode()) for text in texts)
    n_tokens = sum(len(encode(text)) for text in texts)
    if n_bytes == 0 or n_tokens == 0:
        raise MinilmError(f"There is nothing to count in the text {name!r}.")
    n_words = sum(len(text.split()) for text in texts)
    fertility = None if is_unspaced("".join(texts)) else n_tokens / n_words
    return TextScore(
        text=name,
        n_bytes=n_bytes,
        n_tokens=n_tokens,
        bytes_per_token=n_bytes / n_tokens,
        fertility=fertility,
    )


def is_unspaced(text: str) -> bool:
    """Whether most letters of a text belong to a script that puts no spaces between words."""
    letters = [letter for letter in text if letter.isalpha()]
    unspaced = sum(unicodedata.name(letter, "").startswith(UNSPACED) for letter in letters)
    return 2 * unspaced > len(letters) or not text.split()


def score_languages(
    encode: Encode, messages: Mapping[str, Sequence[str]], reference: str = "en"
) -> list[LanguageScore]:
    """Score the same messages in several languages, each beside the reference.

    Raises MinilmError when the languages do not have equally many messages, or the reference is
    not among them.
    """
    if reference not in messages or len({len(lines) for lines in messages.values()}) != 1:
        raise MinilmError(
            f"Parity compares equal messages: each language, and {reference!r}, needs all of them."
        )
    n_reference = score_text(reference, encode, messages[reference])["n_tokens"]
    scores = []
    for language, lines in messages.items():
        score = score_text(language, encode, lines)
        scores.append(LanguageScore(**score, parity=score["n_tokens"] / n_reference))
    return scores


def score_numbers(encode: Encode) -> NumberScore:
    """Count the tokens of the numbers 0 to 9,999, each behind a space, as in a sentence."""
    counts = [len(encode(f" {number}")) for number in range(10_001)]
    alike = sum(here == following for here, following in pairwise(counts))
    return NumberScore(
        tokens_per_number=sum(counts[:-1]) / 10_000,
        one_token=counts[:-1].count(1) / 10_000,
        neighbors_alike=alike / 10_000,
    )


def ids_differ(encode: Encode, reference: Encode, texts: Iterable[str]) -> str | None:
    """Return the first text that two tokenizers turn into different ids, None if there is none."""
    for text in texts:
        if list(encode(text)) != list(reference(text)):
            return text
    return None
