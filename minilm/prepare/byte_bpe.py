"""Byte-level BPE as others have trained it: any numbering, any pattern, several ways to one token.

`minilm.prepare.tokenizer` is quick because its vocabulary is tidy: all bytes, then one merge for
each further token, then the special tokens. Vocabularies in the wild are not. SmolLM's numbers the
special tokens first and has no token for 21 of the bytes; Llama 3's reaches most of its tokens by
several merges and looks up whole words before it joins anything. Here the ids come from a table and
the order of joining from the list of merges, and every word is computed once and then looked up.

Source: Sennrich et al. 2016; what it does is what the model `BPE` of Hugging Face's `tokenizers`
does.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any, Literal

import regex

from minilm.errors import MinilmError
from minilm.prepare.bpe import PATTERN, split_words, to_utf8
from minilm.prepare.interface import END_OF_TEXT, TokenTable, split_at_special
from minilm.prepare.letters import from_letters, to_letters
from minilm.prepare.tokenizer import Cache

NormalForm = Literal["NFC", "NFD", "NFKC", "NFKD"]


class ByteBPE(TokenTable):
    """A byte-level BPE tokenizer with a given vocabulary.

    `tokens` names every id in order, in the letters of `minilm.prepare.letters`; those at
    `special_ids` are special tokens, written plainly. `merges` are pairs of tokens, "Ġt he", oldest
    first. `whole_words` takes a word that is a token as it is, without joining. `normal_form` is
    applied to the text first. A byte without a token is lost, as in the library. `starts_with`
    names special tokens that stand before every text, `ends_with` the one after it.

    Raises MinilmError for tokens that occur twice, and for merges whose parts or result are none.
    """

    format = "minilm byte-level bpe 1"

    def __init__(
        self,
        tokens: Sequence[str],
        merges: Sequence[str],
        special_ids: Sequence[int],
        pattern: str = PATTERN,
        *,
        whole_words: bool = False,
        normal_form: NormalForm | None = None,
        starts_with: Sequence[str] = (),
        ends_with: str = END_OF_TEXT,
    ) -> None:
        self.pattern, self.whole_words, self.normal_form = pattern, whole_words, normal_form
        self.starts_with, self.ends_with = list(starts_with), ends_with
        special = set(special_ids)
        try:
            as_bytes = [
                t.encode() if i in special else from_letters(t) for i, t in enumerate(tokens)
            ]
            pairs = [(from_letters(a), from_letters(b)) for a, b in (m.split(" ") for m in merges)]
        except (KeyError, ValueError) as error:
            raise MinilmError(f"A token or a merge cannot be read as bytes: {error}.") from error
        super().__init__(as_bytes, ())
        self.special_tokens = {tokens[id_]: id_ for id_ in sorted(special)}
        self._id_of = {token: id_ for id_, token in enumerate(as_bytes) if id_ not in special}
        self._rank_of = {pair: rank for rank, pair in enumerate(pairs)}
        self._check(len(tokens))
        self._ids_of_word = Cache(self._encode_word)

    def _check(self, n_tokens: int) -> None:
        if len(self._id_of) + len(self.special_tokens) < n_tokens:
            raise MinilmError("A token has two ids in this vocabulary.")
        for left, right in self._rank_of:
            if not all(token in self._id_of for token in (left, right, left + right)):
                raise MinilmError(
                    f"The merge of {left!r} and {right!r} does not fit the vocabulary: they or what"
                    " they make are no tokens of it."
                )
        try:
            regex.compile(self.pattern)
        except regex.error as error:
            raise MinilmError(f"The pattern {self.pattern!r} is not valid: {error}.") from error

    @property
    def end_of_text(self) -> int:
        """The id that ends every text; raise MinilmError when the vocabulary has none."""
        if self.ends_with not in self.special_tokens:
            raise MinilmError(f"This tokenizer has no {self.ends_with} to end a text with.")
        return self.special_tokens[self.ends_with]

    @property
    def start(self) -> list[int]:
        """The ids that stand before every text; many models want none, Llama 3 wants one."""
        return [self.special_tokens[name] for name in self.starts_with]

    def encode(self, text: str, *, allow_special: bool = False) -> list[int]:
        """Turn a text into ids, without those that start or end it.

        The name of a special token inside the text is text like any other, unless `allow_special`
        is true.
        """
        ids: list[int] = []
        for part in split_at_special(text, self.special_tokens) if allow_special else [text]:
            if allow_special and part in self.special_tokens:
                ids.append(self.special_tokens[part])
                continue
            if self.normal_form:
                part = unicodedata.normalize(self.normal_form, part)
            for word in split_words(part, self.pattern):
                ids += self._ids_of_word[word]
        return ids

    def _encode_word(self, word: str) -> list[int]:
        whole = to_utf8(word)
        if self.whole_words and whole in self._id_of:
            return [self._id_of[whole]]
        known = [byte for byte in (bytes([code]) for code in whole) if byte in self._id_of]
        return [self._id_of[token] for token in join(known, self._rank_of)]

    def arguments(self) -> dict[str, Any]:
        """What the tokenizer is made of, as JSON has it."""
        special = set(self.special_tokens.values())
        return {
            "tokens": [
                token.decode() if id_ in special else to_letters(token)
                for id_, token in self._bytes_of.items()
            ],
            "merges": [f"{to_letters(left)} {to_letters(right)}" for left, right in self._rank_of],
            "special_ids": sorted(special),
            "pattern": self.pattern,
            "whole_words": self.whole_words,
            "normal_form": self.normal_form,
            "starts_with": self.starts_with,
            "ends_with": self.ends_with,
        }


def join(parts: list[bytes], rank_of: Mapping[tuple[bytes, bytes], int]) -> list[bytes]:
    """Join the pair with the lowest rank, the first of several, until no pair has a rank.

    Every joint makes two new pairs, with what stands before and after it. The heap holds pairs that
    were there once; one that has changed since is passed over. So n parts take n log n steps.
    """
    parts, n = list(parts), len(parts)
    before, after = list(range(-1, n - 1)), list(range(1, n + 1))  # who stands beside whom
    due = [(rank_of[pair], i) for i, pair in enumerate(pairwise(parts)) if pair in rank_of]
    heapify(due)
    while due:
        rank, i = heappop(due)
        j = after[i]
        if j == n or rank_of.get((parts[i], parts[j])) != rank:
            continue
        parts[i], parts[j], after[i] = parts[i] + parts[j], b"", after[j]
        if after[i] < n:
            before[after[i]] = i
        for left, right in ((before[i], i), (i, after[i])):
            if left >= 0 and right < n and (parts[left], parts[right]) in rank_of:
                heappush(due, (rank_of[parts[left], parts[right]], left))
    return [part for part in parts if part]
