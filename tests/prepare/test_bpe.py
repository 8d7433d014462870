"""BPE training against the plain pattern, a trainer made of loops, and the `tokenizers` library."""

import json
from collections import Counter
from itertools import pairwise

import pytest
import regex
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

from minilm.errors import MinilmError
from minilm.prepare.bpe import (
    BYTE_ORDER,
    PATTERN,
    count_words,
    split_at_spaces,
    split_words,
    train_bpe,
)

spaced_text = st.text(alphabet=" \n\t\r\x1c\u00a0ab'sZé1!中", max_size=40)
small_text = st.text(alphabet=" abc", max_size=60)

VERSE = """the cat sat on the mat, the cat that sat on that mat; the rat ran at the cat.
Banana bandana, banana; aaaaaaa aaa aaaa aa. The theme: thethethe. It's 1999, isn't it? naïve"""


@given(spaced_text | st.text())
def test_chunks_between_spaces_give_the_words_of_the_plain_pattern(text: str) -> None:
    first, *others = split_at_spaces(text)
    words = split_words(first) + [word for chunk in others for word in split_words(" " + chunk)]
    assert words == regex.findall(PATTERN, text)
    assert "".join(words) == text


def test_nearly_every_text_takes_the_fast_path() -> None:
    assert split_at_spaces(" a  b\nc ") == ["", "a", "", "b\nc", ""]
    assert split_at_spaces("a    b") == ["a", "  ", "b"]  # the run of spaces must stay whole


@given(st.lists(spaced_text))
def test_count_words_counts_what_the_plain_pattern_finds(texts: list[str]) -> None:
    plain = Counter(word.encode() for text in texts for word in regex.findall(PATTERN, text))
    assert count_words(texts) == plain


def test_count_words_joins_or_replaces_surrogates() -> None:
    assert count_words(["\ud83d\ude00", "\ud83d"]) == {"😀".encode(): 1, "\ufffd".encode(): 1}


def train_with_loops(word_counts: dict[bytes, int], n_merges: int) -> list[tuple[bytes, bytes]]:
    """The definition: recount everything, take the best pair, rewrite everything."""
    words = [([bytes([b]) for b in word], count) for word, count in word_counts.items()]
    age = {bytes([byte]): rank for rank, byte in enumerate(BYTE_ORDER)}
    merges: list[tuple[bytes, bytes]] = []
    while len(merges) < n_merges:
        counts: Counter[tuple[bytes, bytes]] = Counter()
        for word, count in words:
            for pair in pairwise(word):
                counts[pair] += count
        best = min(counts, key=lambda p: (-counts[p], age[p[0]], age[p[1]]), default=None)
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        age[best[0] + best[1]] = len(age)
        words = [(join_all(word, best), count) for word, count in words]
    return merges


def join_all(word: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    joined, i = [], 0
    while i < len(word):
        width = 2 if tuple(word[i : i + 2]) == pair else 1
        joined.append(b"".join(word[i : i + width]))
        i += width
    return joined


def train_with_tokenizers(texts: list[str], vocab_size: int) -> list[tuple[bytes, bytes]]:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    letters = [chr(b) if i < 188 else chr(68 + i) for i, b in enumerate(BYTE_ORDER)]
    byte = dict(zip(letters, BYTE_ORDER, strict=True))
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [(bytes(map(byte.get, a)), bytes(map(byte.get, b))) for a, b in merges]


@given(st.lists(small_text, min_size=1), st.integers(0, 40))
def test_merges_equal_the_definition(texts: list[str], n_merges: int) -> None:
    words = count_words(texts)
    if words:
        assert train_bpe(words, 256 + n_merges) == train_with_loops(words, n_merges)


def test_merges_equal_the_definition_on_a_verse() -> None:
    words = count_words([VERSE])
    assert train_bpe(words, 400) == train_with_loops(words, 144)


@given(st.lists(small_text | spaced_text, min_size=1))
def test_merges_equal_tokenizers_ties_included(texts: list[str]) -> None:
    words = count_words(texts)
    if words:
        assert train_bpe(words, 300) == train_with_tokenizers(texts, 300)


def test_merges_equal_tokenizers_on_a_verse() -> None:
    assert train_bpe(count_words([VERSE]), 400) == train_with_tokenizers([VERSE], 400)


def test_the_example_of_the_encyclopedia() -> None:
    assert train_bpe({b"aaabdaaabac": 1}, 259) == [(b"a", b"a"), (b"a", b"b"), (b"aa", b"ab")]


@given(st.lists(small_text, min_size=1))
def test_no_two_merges_make_the_same_token(texts: list[str]) -> None:
    words = count_words(texts)
    if words:
        made = [left + right for left, right in train_bpe(words, 400)]
        assert len(set(made)) == len(made)


def test_more_than_a_surrogate_worth_of_tokens() -> None:
    """Tokens are characters inside; those that UTF-16 reserves must work like any other."""
    words = {i.to_bytes(3) * 2: 2 for i in range(30_000)}
    merges = train_bpe(words, 57_500)
    assert len(merges) == 57_500 - 256
    assert len({left + right for left, right in merges}) == len(merges)


@pytest.mark.parametrize(
    ("words", "size", "message"), [({}, 300, "no text"), ({b"a": 1}, 255, "256")]
)
def test_impossible_requests(words: dict[bytes, int], size: int, message: str) -> None:
    with pytest.raises(MinilmError, match=message):
        train_bpe(words, size)
