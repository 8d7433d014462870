"""Saved tokenizers come back whole, and damaged files are named."""

import json
from pathlib import Path

import pytest

from minilm.errors import MinilmError
from minilm.prepare.letters import from_letters, to_letters
from minilm.prepare.tokenizer import Tokenizer

TEXT = "the cat sat on the mat, the naïve cat; " * 3


def test_letters_are_those_of_gpt2() -> None:
    assert to_letters(b" the\n\xff\x00\xad") == "ĠtheĊÿĀŃ"
    every_byte = bytes(range(256))
    assert from_letters(to_letters(every_byte)) == every_byte
    assert len(set(to_letters(every_byte))) == 256


def test_save_and_load(tmp_path: Path) -> None:
    tokenizer = Tokenizer.train([TEXT], 280, special_tokens=("<|endoftext|>", "<|user|>"))
    tokenizer.save(tmp_path / "t.json")
    again = Tokenizer.load(tmp_path / "t.json")
    assert again.encode(TEXT) == tokenizer.encode(TEXT)
    assert again.special_tokens == tokenizer.special_tokens
    assert "Ġ the" in json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["merges"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("Ġ", "t", 1),
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace('"sha256"', '"sha"'),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, damage) -> None:
    path = tmp_path / "t.json"
    Tokenizer.train([TEXT], 280).save(path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(MinilmError, match=r"t\.json"):
        Tokenizer.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MinilmError, match=r"t\.json is missing"):
        Tokenizer.load(tmp_path / "t.json")


def test_gpt2_files_that_do_not_fit(tmp_path: Path) -> None:
    vocab, encoder = tmp_path / "vocab.bpe", tmp_path / "encoder.json"
    with pytest.raises(MinilmError, match=r"vocab\.bpe"):
        Tokenizer.from_gpt2(vocab, encoder)
    vocab.write_text("#version: 0.2\na b\n", encoding="utf-8")
    encoder.write_text('{"a": 0}', encoding="utf-8")
    with pytest.raises(MinilmError, match=r"encoder\.json does not number"):
        Tokenizer.from_gpt2(vocab, encoder)
    vocab.write_text("#version: 0.2\na b c\n", encoding="utf-8")
    with pytest.raises(MinilmError, match=r"vocab\.bpe is damaged"):
        Tokenizer.from_gpt2(vocab, encoder)
