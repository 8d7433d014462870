"""WordPiece: cut each word from the left, the longest known piece first.

BERT's tokenizer. It has no merges to replay: a word is covered greedily, and pieces that do not
begin a word are marked with ##. Two things make it forgetful, and both are part of the method:
white space between words is not kept, and a word with a letter that the vocabulary lacks becomes
[UNK] as a whole. `decode(encode(text)) == text` therefore holds only for texts whose words are
known and stand between single spaces; `tests/prepare/test_wordpiece.py` says exactly which.

Sources: Schuster and Nakajima 2012 for the vocabulary; Devlin et al. 2019 (BERT) and its released
code for the longest match first, the words, and the cleaning of "uncased" models.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import regex

from minilm.errors import MinilmError
from minilm.prepare.interface import END_OF_TEXT, TokenTable
from minilm.prepare.tokenizer import Cache
from minilm.prepare.wordpiece_training import CONTINUES, Rule, train_wordpiece

UNKNOWN = "[UNK]"
LONGEST_WORD = 100  # letters; what is longer is unknown, as in BERT

SIGNS = r"\p{P}$+<=>^`|~"  # Unicode's punctuation, and what else is a sign on a US keyboard
_find_words = regex.compile(rf"[{SIGNS}]|[^\s{SIGNS}]+").findall
# Format characters that are younger than the tables of `tokenizers`, which therefore keeps them.
YOUNG = r"\u0890\u0891\u08E2\U000110CD\U00013430-\U00013438"
_drop_controls = regex.compile(rf"[\p{{C}}\uFFFD--\t\n\r{YOUNG}]", regex.VERSION1).sub
_chinese = regex.compile(  # the blocks that BERT's code names
    r"[\u4E00-\u9FFF\u3400-\u4DBF\U00020000-\U0002A6DF\U0002A700-\U0002B73F\U0002B740-\U0002B81F"
    r"\U0002B920-\U0002CEAF\uF900-\uFAFF\U0002F800-\U0002FA1F]"
)


def bert_words(text: str) -> list[str]:
    """Cut a text into words as BERT does: white space is dropped, each sign is a word."""
    return _find_words(text)


def bert_clean(text: str) -> str:
    """Clean a text for an "uncased" model: no capitals, no accents, Chinese letters apart."""
    text = _chinese.sub(r" \g<0> ", _drop_controls("", text))
    text = unicodedata.normalize("NFD", text)
    kept = (letter for letter in text if unicodedata.category(letter) != "Mn")
    return "".join(map(str.lower, kept))


class WordPiece(TokenTable):
    """A WordPiece tokenizer: ordinary tokens in the order given, then the special tokens.

    `lowercase` cleans every text first (`bert_clean`), as BERT's uncased models do. Raises
    MinilmError when [UNK] is not among the special tokens or a token occurs twice.
    """

    format = "minilm wordpiece 1"

    def __init__(
        self,
        tokens: Sequence[str],
        special_tokens: Sequence[str] = (UNKNOWN, END_OF_TEXT),
        *,
        lowercase: bool = False,
    ) -> None:
        self.tokens, self.lowercase = list(tokens), lowercase
        super().__init__([t.removeprefix(CONTINUES).encode() for t in tokens], special_tokens)
        if UNKNOWN not in self.special_tokens:
            raise MinilmError(f"WordPiece needs the special token {UNKNOWN} for unknown words.")
        self._id_of = {token: id_ for id_, token in enumerate(self.tokens)}
        if len(self._id_of) < len(self.tokens) or CONTINUES in self._id_of or "" in self._id_of:
            raise MinilmError("The tokens of WordPiece must differ and must not be empty.")
        self.unknown = self.special_tokens[UNKNOWN]
        self._ids_of_word = Cache(self._cut)

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        special_tokens: Sequence[str] = (UNKNOWN, END_OF_TEXT),
        *,
        rule: Rule = "likelihood",
        lowercase: bool = False,
        progress: bool = False,
    ) -> WordPiece:
        """Learn a tokenizer of `vocab_size` tokens (fewer if the texts have no more pairs)."""
        clean = bert_clean if lowercase else str
        word_counts = Counter(word for text in texts for word in bert_words(clean(text)))
        n_ordinary = vocab_size - len(special_tokens)
        tokens = train_wordpiece(word_counts, n_ordinary, rule, progress=progress)
        return cls(tokens, special_tokens, lowercase=lowercase)

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids; the names of special tokens in it are text like any other."""
        words = bert_words(bert_clean(text) if self.lowercase else text)
        return [id_ for word in words for id_ in self._ids_of_word[word]]

    def _cut(self, word: str) -> list[int]:
        """Cover a word from the left, the longest piece first, or give it up as a whole."""
        ids: list[int] = []
        start = 0
        while start < len(word) <= LONGEST_WORD:
            mark = CONTINUES if start else ""
            for end in range(len(word), start, -1):
                if (id_ := self._id_of.get(mark + word[start:end])) is not None:
                    break
            else:
                return [self.unknown]
            ids.append(id_)
            start = end
        return ids or [self.unknown]

    def token_text(self, id_: int) -> str:
        """The token as it is written in the vocabulary, such as "##ing"."""
        return self.tokens[id_] if id_ < len(self.tokens) else self.decode_bytes([id_]).decode()

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into words with one space between them: what the text had there is lost."""
        written = [self.token_text(id_) for id_ in ids]
        marked = (
            t.removeprefix(CONTINUES) if t.startswith(CONTINUES) else " " + t for t in written
        )
        return "".join(marked).removeprefix(" ")

    def arguments(self) -> dict[str, Any]:
        """What the tokenizer is made of: its tokens, and whether it lowercases."""
        return super().arguments() | {"lowercase": self.lowercase, "tokens": self.tokens}
