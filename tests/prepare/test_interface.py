"""All tokenizers, one agreement: round trips, lengths, files, and ids that no text can forge."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm.errors import MinilmError
from minilm.prepare.characters import ByteTokenizer, CharacterTokenizer
from minilm.prepare.interface import TextTokenizer, TokenTable, load_tokenizer
from minilm.prepare.tokenizer import Tokenizer
from minilm.prepare.unigram import Unigram
from minilm.prepare.wordpiece import WordPiece

TEXT = """The cat sat on the mat, the cats sat on mats; naïve cats in cafés. 中文 中 1999, 19 99.
Whoever hammers hammered hammering hammers: ham, hamster, hams."""

ALL: dict[str, TextTokenizer] = {
    "bytes": ByteTokenizer(),
    "characters": CharacterTokenizer.train([TEXT]),
    "bpe": Tokenizer.train([TEXT] * 2, 320),
    "wordpiece": WordPiece.train([TEXT] * 2, 120),
    "unigram": Unigram.train([TEXT] * 2, 340),
}
LOSSLESS = [name for name in ALL if name != "wordpiece"]
any_text = st.text() | st.text(TEXT + "<|endoftext|>[UNK]<0x0A>", max_size=80)
unicode_text = st.text(st.characters(exclude_categories=("Cs",))) | st.text(TEXT, max_size=80)


@pytest.mark.parametrize("name", LOSSLESS)
@given(text=unicode_text)
def test_every_text_comes_back(name: str, text: str) -> None:
    assert ALL[name].decode(ALL[name].encode(text)) == text


@pytest.mark.parametrize("name", LOSSLESS)
@given(data=st.binary() | unicode_text.map(str.encode))
def test_all_bytes_come_back(name: str, data: bytes) -> None:
    tokenizer = ALL[name]
    assert tokenizer.decode_bytes(tokenizer.encode_bytes(data)) == data


@pytest.mark.parametrize("name", LOSSLESS)
@given(text=unicode_text)
def test_bytes_of_a_text_get_its_ids_and_lengths_add_up(name: str, text: str) -> None:
    tokenizer = ALL[name]
    ids = tokenizer.encode(text)
    assert tokenizer.encode_bytes(text.encode()) == ids
    assert sum(tokenizer.token_lengths[id_] for id_ in ids) == len(text.encode())


@pytest.mark.parametrize("name", ALL)
@given(text=any_text)
def test_no_text_reaches_a_special_token(name: str, text: str) -> None:
    tokenizer = ALL[name]
    ids = tokenizer.encode(text)
    allowed = {tokenizer.special_tokens["[UNK]"]} if name == "wordpiece" else set()
    assert not (set(ids) & set(tokenizer.special_tokens.values()) - allowed)
    assert all(0 <= id_ < tokenizer.vocab_size for id_ in ids)
    assert isinstance(tokenizer.decode(ids), str)


@pytest.mark.parametrize("name", LOSSLESS)
def test_lone_surrogates_become_marks(name: str) -> None:
    tokenizer = ALL[name]
    assert tokenizer.decode(tokenizer.encode("a\ud83d\ude00 \udc80")) == "a😀 \ufffd"


@pytest.mark.parametrize("name", ALL)
def test_saved_and_loaded_by_any_door(name: str, tmp_path: Path) -> None:
    tokenizer, path = ALL[name], tmp_path / "t.json"
    tokenizer.save(path)
    for again in (type(tokenizer).load(path), load_tokenizer(path)):
        assert type(again) is type(tokenizer)
        assert again.encode(TEXT) == tokenizer.encode(TEXT)
        assert again.special_tokens == tokenizer.special_tokens
        assert again.token_lengths == tokenizer.token_lengths


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_or_foreign_file_is_named(name: str, tmp_path: Path) -> None:
    path, other = tmp_path / "t.json", tmp_path / "other.json"
    ALL[name].save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["special_tokens"].append("<|new|>")
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(MinilmError, match=r"t\.json is damaged"):
        load_tokenizer(path)
    ALL["bpe" if name != "bpe" else "unigram"].save(other)
    with pytest.raises(MinilmError, match=r"other\.json is not a tokenizer"):
        type(ALL[name]).load(other)


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": ["x"]}', '{"format": "x"}'])
def test_a_file_of_something_else(content: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(MinilmError, match=r"x\.json is not a tokenizer"):
        load_tokenizer(tmp_path / "x.json")


def test_the_table() -> None:
    table = TokenTable([b"a", b"bc"], ["<|endoftext|>", "<|user|>"])
    assert (table.vocab_size, table.end_of_text) == (4, 2)
    assert table.token_lengths == [1, 2, 0, 0]
    assert table.decode([1, 0, 3]) == "bca<|user|>"
    with pytest.raises(MinilmError, match="4 is not in this vocabulary of 4"):
        table.decode([4])
    with pytest.raises(MinilmError, match="-1 is not"):
        table.decode([-1])
    for special in (["x", "x"], [""]):
        with pytest.raises(MinilmError, match="must differ"):
            TokenTable([], special)
    with pytest.raises(MinilmError, match="has no"):
        _ = TokenTable([], []).end_of_text
