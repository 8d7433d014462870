"""The tokenizers that learn next to nothing."""

import pytest

from minilm.errors import MinilmError
from minilm.prepare.characters import ByteTokenizer, CharacterTokenizer


def test_bytes_are_ids() -> None:
    assert ByteTokenizer().encode("aé") == [97, 195, 169]
    assert (ByteTokenizer().vocab_size, ByteTokenizer().end_of_text) == (257, 256)


def test_characters_have_ids_and_others_are_written_in_bytes() -> None:
    tokenizer = CharacterTokenizer.train(["aba é"])
    assert tokenizer.characters == "a bé"
    assert tokenizer.encode("é a€") == [259, 257, 256, 0xE2, 0x82, 0xAC]
    assert tokenizer.end_of_text == 260


def test_a_small_vocabulary_takes_the_most_frequent() -> None:
    tokenizer = CharacterTokenizer.train(["aba é"], vocab_size=259)
    assert (tokenizer.characters, tokenizer.vocab_size) == ("a ", 259)
    assert tokenizer.encode("ab") == [256, 98]


@pytest.mark.parametrize("characters", ["aa", "\ud800"])
def test_what_is_no_set_of_characters(characters: str) -> None:
    with pytest.raises(MinilmError):
        CharacterTokenizer(characters)
