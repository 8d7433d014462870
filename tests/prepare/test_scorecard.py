"""The scorecard on texts that can be counted by hand."""

import inspect
import json
import textwrap

import pytest

from minilm.collect.catalogues import parallel_messages
from minilm.errors import MinilmError
from minilm.prepare.characters import ByteTokenizer
from minilm.prepare.scorecard import (
    ids_differ,
    is_unspaced,
    make_scorecard,
    score_languages,
    score_numbers,
    score_text,
)
from minilm.prepare.tokenizer import Tokenizer


def words(text: str) -> list[int]:
    return [len(word) for word in text.split()]


def test_bytes_per_token_and_fertility() -> None:
    score = score_text("x", ByteTokenizer().encode, ["ab é", "c"])
    assert score == {
        "text": "x", "n_bytes": 6, "n_tokens": 6, "bytes_per_token": 1.0, "fertility": 2.0,
    }  # fmt: skip
    assert score_text("x", words, ["one two", "three"])["fertility"] == 1.0


def test_no_fertility_where_words_have_no_spaces() -> None:
    assert score_text("zh", ByteTokenizer().encode, ["修改密码"])["fertility"] is None
    spaced = ("비밀번호 변경", "पासवर्ड", "12 34")
    assert all(map(is_unspaced, ("修改密码 UI", "เปลี่ยน")))
    assert not any(map(is_unspaced, spaced))


def test_parity_is_tokens_over_english_tokens() -> None:
    messages = {"en": ["ab", "c"], "ru": ["да", "нет"]}
    english, russian = score_languages(ByteTokenizer().encode, messages)
    assert (english["parity"], russian["parity"]) == (1.0, 10 / 3)
    reversed_ = score_languages(ByteTokenizer().encode, messages, reference="ru")
    assert reversed_[0]["parity"] == 0.3


def test_numbers() -> None:
    digits = score_numbers(lambda text: list(text[1:].encode()))
    assert digits["tokens_per_number"] == (10 + 90 * 2 + 900 * 3 + 9000 * 4) / 10_000
    assert digits["one_token"] == 10 / 10_000
    assert digits["neighbors_alike"] == 1 - 4 / 10_000
    assert score_numbers(words)["one_token"] == 1.0


def test_ids_that_differ_are_shown() -> None:
    plain, joined = Tokenizer([]), Tokenizer([(b"a", b"b")])
    assert ids_differ(plain.encode, joined.encode, ["a", "ba", "xab", "ab"]) == "xab"
    assert ids_differ(joined.encode, joined.to_tiktoken().encode, ["ab", "ba"]) is None


def test_nothing_to_count() -> None:
    with pytest.raises(MinilmError, match="nothing to count"):
        score_text("x", words, [""])
    for messages in ({"en": ["a"], "de": []}, {"de": ["a"]}):
        with pytest.raises(MinilmError, match="equal messages"):
            score_languages(words, messages)


def test_the_whole_card_is_a_plain_record() -> None:
    messages = parallel_messages(["de", "ru", "el", "ar", "hi", "th", "ka", "zh_Hans", "ja", "ko"])
    programs = [inspect.getsource(textwrap)]
    ours = Tokenizer.train([*messages["en"], *programs], 600)
    card = make_scorecard(
        "bpe", ours.encode, messages, programs, ours.to_tiktoken().encode_ordinary
    )
    assert json.loads(json.dumps(card)) == card
    assert [score["text"] for score in card["languages"]] == list(messages)
    assert card["same_ids"] is True
    assert card["code"]["bytes_per_token"] > 2
    assert all(score["parity"] > 1 for score in card["languages"][1:])
    unlike = make_scorecard("bpe", ours.encode, messages, programs, ByteTokenizer().encode)
    assert unlike["same_ids"] is False
    assert make_scorecard("bpe", ours.encode, messages, programs)["same_ids"] is None
