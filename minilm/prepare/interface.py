"""What every tokenizer here can do, however it cuts: ids from text, text from ids, and a file.

`TextTokenizer` is the whole agreement. `TokenTable` is the half of it that all of them share: which
bytes each id stands for. What differs is one method, `encode`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import regex

from minilm.errors import MinilmError
from minilm.files import read_json, write_json

if TYPE_CHECKING:
    import tokenizers

END_OF_TEXT = "<|endoftext|>"


class TextTokenizer(Protocol):
    """Text to ids and back; the special tokens have ids that no text can reach by being written."""

    special_tokens: dict[str, int]

    @property
    def vocab_size(self) -> int:
        """How many ids there are."""
        ...

    @property
    def token_lengths(self) -> list[int]:
        """The bytes that each id stands for in a text, 0 for special tokens: (V,)."""
        ...

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into a text."""
        ...

    def token_bytes(self, id_: int) -> bytes:
        """The bytes that an id stands for."""
        ...

    def save(self, path: Path | str) -> None:
        """Write the tokenizer as one checksummed JSON file, atomically."""
        ...

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a saved tokenizer; raise MinilmError when the file is another one, or damaged."""
        ...


class TokenTable:
    """The bytes of every id: ordinary tokens by id, then the special tokens; and the file.

    A kind of tokenizer names its `format` and gives the `arguments` that make it again. Raises
    MinilmError for special tokens that are empty or occur twice.
    """

    format: str

    def __init__(self, tokens: Sequence[bytes], special_tokens: Sequence[str]) -> None:
        if "" in special_tokens or len(set(special_tokens)) < len(special_tokens):
            raise MinilmError(f"Special tokens must differ and not be empty: {special_tokens}.")
        self.special_tokens = {text: len(tokens) + i for i, text in enumerate(special_tokens)}
        self._bytes_of = dict(enumerate(tokens))
        self._bytes_of |= {id_: text.encode() for text, id_ in self.special_tokens.items()}

    @property
    def vocab_size(self) -> int:
        """How many ids there are, special tokens included."""
        return len(self._bytes_of)

    @property
    def end_of_text(self) -> int:
        """The id that ends every document."""
        if END_OF_TEXT not in self.special_tokens:
            raise MinilmError(f"This tokenizer has no {END_OF_TEXT}: add it to special_tokens.")
        return self.special_tokens[END_OF_TEXT]

    @property
    def start(self) -> list[int]:
        """The ids that stand before every text that a model reads: none, unless it wants some."""
        return []

    @property
    def token_lengths(self) -> list[int]:
        """The number of bytes that each id stands for in a text, 0 for special tokens: (V,)."""
        special = set(self.special_tokens.values())
        ids = range(self.vocab_size)
        return [0 if id_ in special else len(self._bytes_of[id_]) for id_ in ids]

    def token_bytes(self, id_: int) -> bytes:
        """The bytes that an id stands for (for a special token, its name)."""
        return self.decode_bytes([id_])

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Turn ids back into bytes; raise MinilmError for an id outside the vocabulary."""
        try:
            return b"".join(map(self._bytes_of.__getitem__, ids))
        except KeyError as error:
            raise MinilmError(
                f"Id {error} is not in this vocabulary of {self.vocab_size} tokens."
                " Were these ids made by another tokenizer?"
            ) from error

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids back into text; bytes that are not UTF-8, as in half a letter, become �."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def arguments(self) -> dict[str, Any]:
        """What the tokenizer is made of, as JSON has it; each kind adds what it has learned."""
        return {"special_tokens": list(self.special_tokens)}

    def save(self, path: Path | str) -> None:
        """Write the tokenizer as one JSON file, atomically and with a checksum."""
        save_checked(path, self.format, self.arguments())

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a saved tokenizer; raise MinilmError when the file is not one, or is damaged."""
        return cls(**load_checked(path, cls.format))

    def to_tokenizers(self) -> tokenizers.Tokenizer:
        """Hand the vocabulary to `tokenizers`, which gives the same ids.

        Raises MinilmError when the library is not installed, or has no model of this kind.
        """
        from minilm.prepare.tokenizer_json import to_tokenizers

        return to_tokenizers(self)


def split_at_special(text: str, special_tokens: Iterable[str]) -> list[str]:
    """Cut a text before and after each name of a special token, the longest where several fit."""
    names = sorted(map(regex.escape, special_tokens), key=len, reverse=True)
    return regex.split(f"({'|'.join(names)})", text) if names else [text]


def save_checked(path: Path | str, kind: str, content: Mapping[str, Any]) -> None:
    """Write what makes a tokenizer of one kind, and its checksum, as JSON, atomically."""
    write_json(path, {"format": kind, "sha256": _checksum(content), **content})


def load_checked(path: Path | str, kind: str) -> dict[str, Any]:
    """Read what `save_checked` has written.

    Raises MinilmError that names the file when it is missing, damaged, or of another kind.
    """
    content = read_json(path)
    if not isinstance(content, dict) or content.pop("format", None) != kind:
        raise MinilmError(f"{path} is not a tokenizer of minilm ({kind!r} is not in it).")
    if content.pop("sha256", None) != _checksum(content):
        raise MinilmError(f"{path} is damaged: its checksum does not fit. Make it again.")
    return content


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


CLASS_OF_FORMAT = {
    "minilm tokenizer 1": ("tokenizer", "Tokenizer"),
    "minilm wordpiece 1": ("wordpiece", "WordPiece"),
    "minilm unigram 1": ("unigram", "Unigram"),
    "minilm characters 1": ("characters", "CharacterTokenizer"),
    "minilm bytes 1": ("characters", "ByteTokenizer"),
    "minilm byte-level bpe 1": ("byte_bpe", "ByteBPE"),
}


def load_tokenizer(path: Path | str) -> TextTokenizer:
    """Read a saved tokenizer of any kind; raise MinilmError when the file is none."""
    content = read_json(path)
    kind = content.get("format") if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in CLASS_OF_FORMAT:
        raise MinilmError(f"{path} is not a tokenizer of minilm.")
    module, name = CLASS_OF_FORMAT[kind]
    tokenizer_class = getattr(import_module(f"minilm.prepare.{module}"), name)
    return tokenizer_class.load(path)
