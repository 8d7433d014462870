"""The tokenizer: text to ids and back, exactly, for any text and any bytes.

Encoding cuts the text into words and joins pairs inside each word, oldest merge first. Language
repeats itself, so every word, and every chunk between two spaces, is computed once and then looked
up in a bounded cache.

Inside, a token is one character (the byte itself, or 256 + the age of its merge), so that joining
a pair in a word is `str.replace` and a text of tokens is a string. Outside, tokens are ids: the
same numbers, unless the tokenizer numbers its bytes in another order, as GPT-2's does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import regex

from minilm.errors import MinilmError
from minilm.prepare import vocabulary
from minilm.prepare.bpe import (
    PATTERN,
    count_words,
    split_at_spaces,
    split_words,
    to_utf8,
    train_bpe,
)
from minilm.prepare.interface import END_OF_TEXT, TokenTable, split_at_special

if TYPE_CHECKING:
    import tiktoken

CACHED = 2**19  # words, and chunks between spaces: about 100 MB when full

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(dict[Key, Value]):
    """A dictionary that computes what it lacks, and starts afresh when it is full."""

    def __init__(self, compute: Callable[[Key], Value], limit: int = CACHED) -> None:
        super().__init__()
        self.compute, self.limit = compute, limit

    def __missing__(self, key: Key) -> Value:
        if len(self) >= self.limit:
            self.clear()
        value = self[key] = self.compute(key)
        return value


class Tokenizer(TokenTable):
    """A byte-level BPE tokenizer: `decode(encode(text)) == text` for every text.

    Ids 0 to 255 are the bytes (in the order of `byte_ids`, if given), then come the merges by age,
    then the special tokens. Raises MinilmError for merges that do not build on one another.
    """

    def __init__(
        self,
        merges: Sequence[tuple[bytes, bytes]],
        special_tokens: Sequence[str] = (END_OF_TEXT,),
        pattern: str = PATTERN,
        *,
        byte_ids: Sequence[int] = tuple(range(256)),
    ) -> None:
        self.merges, self.pattern, self.byte_ids = list(merges), pattern, list(byte_ids)
        self._tokens = [bytes([byte]) for byte in range(256)]
        self._pair_of: dict[str, str] = {}
        self._add_merges()
        self._joined = {pair: new for new, pair in self._pair_of.items()}
        self._check_arguments()
        self._ids = np.array([*self.byte_ids, *range(256, len(self._tokens))], dtype=np.uint32)
        byte_of_id = sorted(range(256), key=self.byte_ids.__getitem__)
        super().__init__(
            [*map(self._tokens.__getitem__, byte_of_id), *self._tokens[256:]], special_tokens
        )
        self._tokens_of_word = Cache(self._join_word)
        self._tokens_of_chunk = Cache(self._join_chunk)

    def _add_merges(self) -> None:
        symbols = {token: chr(byte) for byte, token in enumerate(self._tokens)}
        for left, right in self.merges:
            if left not in symbols or right not in symbols or left + right in symbols:
                raise MinilmError(
                    f"The merge of {left!r} and {right!r} does not fit: each merge must join two"
                    " earlier tokens into a new one. Train the tokenizer again."
                )
            new = symbols[left + right] = chr(len(self._tokens))
            self._pair_of[new] = symbols[left] + symbols[right]
            self._tokens.append(left + right)

    def _check_arguments(self) -> None:
        if sorted(self.byte_ids) != list(range(256)):
            raise MinilmError("byte_ids must be the numbers 0 to 255 in some order.")
        try:
            regex.compile(self.pattern)
        except regex.error as error:
            raise MinilmError(f"The pattern {self.pattern!r} is not valid: {error}.") from error

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        special_tokens: Sequence[str] = (END_OF_TEXT,),
        *,
        progress: bool = False,
    ) -> Tokenizer:
        """Learn a tokenizer of `vocab_size` tokens (fewer if the texts have no more pairs)."""
        n_ordinary = vocab_size - len(special_tokens)
        return cls(train_bpe(count_words(texts), n_ordinary, progress=progress), special_tokens)

    def encode(self, text: str, *, allow_special: bool = False) -> list[int]:
        """Turn a text into ids.

        The name of a special token inside the text is text like any other, so that nobody can
        end a document by writing it, unless `allow_special` is true.
        """
        if not (allow_special and self.special_tokens):
            return self.encode_array(text).tolist()
        ids: list[int] = []
        for part in split_at_special(text, self.special_tokens):
            is_special = part in self.special_tokens
            ids += [self.special_tokens[part]] if is_special else self.encode(part)
        return ids

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """Turn many texts into ids, on all cores.

        The same vocabulary in the hands of `tiktoken` gives the same ids and needs half the time of
        `encode` while the caches are cold.
        """
        if self.pattern != PATTERN:
            return list(map(self.encode, texts))
        return self._in_tiktoken.encode_ordinary_batch(list(texts), num_threads=os.cpu_count() or 1)

    @cached_property
    def _in_tiktoken(self) -> tiktoken.Encoding:
        return self.to_tiktoken()

    def encode_array(self, text: str) -> npt.NDArray[np.uint32]:
        """Turn a text into an array of ids: (T,)."""
        return self._ids_of(self._tokens_of_text(text))

    def _ids_of(self, tokens: str) -> npt.NDArray[np.uint32]:
        characters = np.frombuffer(tokens.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        return self._ids[characters]

    def _tokens_of_text(self, text: str) -> str:
        if self.pattern != PATTERN:
            return self._tokens_of_words(split_words(text, self.pattern))
        first, *chunks = split_at_spaces(text)
        start = self._tokens_of_words(split_words(first))
        return start + "".join(map(self._tokens_of_chunk.__getitem__, chunks))

    def _join_chunk(self, chunk: str) -> str:
        return self._tokens_of_words(split_words(" " + chunk))

    def _tokens_of_words(self, words: Iterable[str]) -> str:
        return "".join(map(self._tokens_of_word.__getitem__, words))

    def _join_word(self, word: str) -> str:
        return self._join(to_utf8(word))

    def _join(self, bytes_of_word: bytes) -> str:
        """Join pairs in a word, the oldest merge first, until no merge fits.

        Each merge is due at most once: the pairs that it makes contain its own new token, and so
        belong to younger merges.
        """
        word = bytes_of_word.decode("latin-1")
        due = list(set(filter(None, map(self._joined.get, map(add, word, word[1:])))))
        seen = set(due)
        heapify(due)
        while due:
            new = heappop(due)
            parts = word.split(self._pair_of[new])
            word = new.join(parts)
            for left, right in pairwise(parts):
                for pair in ((left[-1:] or new) + new, new + (right[:1] or new)):
                    follower = self._joined.get(pair)
                    if follower and follower not in seen:
                        seen.add(follower)
                        heappush(due, follower)
        return word

    def encode_bytes(self, data: bytes) -> list[int]:
        """Turn any bytes into ids; those that are not UTF-8 become single-byte pieces of words.

        `decode_bytes(encode_bytes(data)) == data`; valid UTF-8 gets the ids that `encode` gives.
        """
        words = split_words(data.decode("utf-8", "surrogateescape"), self.pattern)
        pieces = (word.encode("utf-8", "surrogateescape") for word in words)
        return self._ids_of("".join(map(self._join, pieces))).tolist()

    def save(self, path: Path | str) -> None:
        """Write the tokenizer as one JSON file, atomically and with a checksum."""
        vocabulary.save(self, path)

    @classmethod
    def load(cls, path: Path | str) -> Tokenizer:
        """Read a saved tokenizer; raise MinilmError when the file is not one, or is damaged."""
        return cls(**vocabulary.load(path))

    @classmethod
    def from_gpt2(cls, vocab_bpe_path: Path | str, encoder_json_path: Path | str) -> Tokenizer:
        """Read GPT-2's own tokenizer from its two files; the ids are those of GPT-2."""
        return cls(**vocabulary.read_gpt2(vocab_bpe_path, encoder_json_path))

    def to_tiktoken(self) -> tiktoken.Encoding:
        """Hand the vocabulary to `tiktoken`, which gives the same ids."""
        return vocabulary.to_tiktoken(self)
