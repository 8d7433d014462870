"""The two tokenizers that learn next to nothing: one id for each byte, or for each character.

They are the baseline. Nothing is unknown to bytes; characters that the training text did not show
are written in bytes, so that both give every text back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from minilm.errors import MinilmError
from minilm.prepare.bpe import to_utf8
from minilm.prepare.interface import END_OF_TEXT, TokenTable

ALL_BYTES = [bytes([byte]) for byte in range(256)]


class ByteTokenizer(TokenTable):
    """A text's UTF-8 bytes are its ids; the special tokens come after the 256 of them."""

    format = "minilm bytes 1"

    def __init__(self, special_tokens: Sequence[str] = (END_OF_TEXT,)) -> None:
        super().__init__(ALL_BYTES, special_tokens)

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids: its bytes."""
        return list(to_utf8(text))

    def encode_bytes(self, data: bytes) -> list[int]:
        """Turn bytes into ids: themselves."""
        return list(data)


class CharacterTokenizer(TokenTable):
    """Ids 0 to 255 are bytes, then come the known characters; others are written in bytes.

    Raises MinilmError when a character is not one, or occurs twice.
    """

    format = "minilm characters 1"

    def __init__(self, characters: str, special_tokens: Sequence[str] = (END_OF_TEXT,)) -> None:
        if to_utf8(characters).decode() != characters or len(set(characters)) < len(characters):
            raise MinilmError(
                "The characters of a tokenizer must differ and be encodable in UTF-8."
            )
        self.characters = characters
        super().__init__([*ALL_BYTES, *map(str.encode, characters)], special_tokens)
        self._id_of = {character: 256 + i for i, character in enumerate(characters)}

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int | None = None,
        special_tokens: Sequence[str] = (END_OF_TEXT,),
    ) -> CharacterTokenizer:
        """Learn the characters of the texts, or the most frequent ones that `vocab_size` allows."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(to_utf8(text).decode())
        best_first = sorted(counts, key=lambda character: (-counts[character], character))
        n_kept = None if vocab_size is None else max(0, vocab_size - 256 - len(special_tokens))
        return cls("".join(best_first[:n_kept]), special_tokens)

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids: one for each known character, its bytes for each other one."""
        return self._encode(to_utf8(text).decode())

    def encode_bytes(self, data: bytes) -> list[int]:
        """Turn any bytes into ids; those that are not UTF-8 stay bytes."""
        return self._encode(data.decode("utf-8", "surrogateescape"))

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for character in text:
            if (id_ := self._id_of.get(character)) is not None:
                ids.append(id_)
            else:
                ids += character.encode("utf-8", "surrogateescape")
        return ids

    def arguments(self) -> dict[str, Any]:
        """What the tokenizer is made of: its characters."""
        return super().arguments() | {"characters": self.characters}
