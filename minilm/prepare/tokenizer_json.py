"""tokenizer.json: one file from which `tokenizers` and `transformers` read a tokenizer.

    write_tokenizer_json(tokenizer, "tokenizer.json")
    tokenizers.Tokenizer.from_file("tokenizer.json")
    transformers.PreTrainedTokenizerFast(tokenizer_file="tokenizer.json")

Both give the same ids. The file describes a line of machines that a text passes: a normalizer, a
pre-tokenizer that cuts it into words, the model that cuts words into tokens, and a decoder for the
way back. Special tokens stand beside them, and are obeyed wherever a text names them.

Source: the format that `tokenizers.Tokenizer.to_str` writes, version 1.0.
"""

from __future__ import annotations

import json
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minilm.errors import MinilmError
from minilm.files import read_json, write_json
from minilm.prepare.bpe import PATTERN
from minilm.prepare.interface import TokenTable
from minilm.prepare.letters import from_letters, to_letters
from minilm.prepare.tokenizer import Tokenizer
from minilm.prepare.unigram import Unigram
from minilm.prepare.wordpiece import LONGEST_WORD, UNKNOWN, WordPiece
from minilm.prepare.wordpiece_training import CONTINUES

if TYPE_CHECKING:
    import tokenizers

Part = dict[str, Any]


def write_tokenizer_json(tokenizer: TokenTable, path: Path | str) -> None:
    """Write a tokenizer (BPE, WordPiece or Unigram) as a tokenizer.json, atomically."""
    write_json(path, describe(tokenizer))


def to_tokenizers(tokenizer: TokenTable) -> tokenizers.Tokenizer:
    """Build a `tokenizers.Tokenizer` with the same ids.

    Raises MinilmError when the library is not installed.
    """
    try:
        from tokenizers import Tokenizer as PeerTokenizer
    except ImportError as error:
        raise MinilmError("Install the peer first: pip install tokenizers") from error
    return PeerTokenizer.from_str(json.dumps(describe(tokenizer)))


@singledispatch
def describe(tokenizer: TokenTable) -> Part:
    """Say in the terms of tokenizer.json what a tokenizer does.

    Raises MinilmError for a kind of tokenizer that the format has no model for.
    """
    raise MinilmError(f"tokenizer.json has no model for a {type(tokenizer).__name__}.")


@describe.register
def _(tokenizer: Tokenizer) -> Part:
    n_ordinary = tokenizer.vocab_size - len(tokenizer.special_tokens)
    letters = [to_letters(tokenizer.token_bytes(id_)) for id_ in range(n_ordinary)]
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {token: id_ for id_, token in enumerate(letters)},
        "merges": [[to_letters(left), to_letters(right)] for left, right in tokenizer.merges],
    }
    cut = _byte_level(use_regex=True)
    if tokenizer.pattern != PATTERN:
        cut = _sequence("pretokenizers", [_split(tokenizer.pattern), _byte_level(use_regex=False)])
    return _whole(tokenizer, model, pre_tokenizer=cut, decoder=_byte_level(use_regex=True))


@describe.register
def _(tokenizer: WordPiece) -> Part:
    model = {
        "type": "WordPiece",
        "unk_token": UNKNOWN,
        "continuing_subword_prefix": CONTINUES,
        "max_input_chars_per_word": LONGEST_WORD,
        "vocab": {token: id_ for id_, token in enumerate(tokenizer.tokens)}
        | tokenizer.special_tokens,
    }
    clean = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": True,
        "lowercase": True,
    }
    return _whole(
        tokenizer,
        model,
        normalizer=clean if tokenizer.lowercase else None,
        pre_tokenizer={"type": "BertPreTokenizer"},
        decoder={"type": "WordPiece", "prefix": CONTINUES, "cleanup": False},
    )


@describe.register
def _(tokenizer: Unigram) -> Part:
    floor = min(tokenizer.scores.values(), default=0.0)  # of no effect: bytes are never looked up
    vocab = [[f"<0x{byte:02X}>", floor] for byte in range(256)]
    vocab += [[piece, score] for piece, score in tokenizer.scores.items()]
    vocab += [[name, floor] for name in tokenizer.special_tokens]
    vocab += [["<unk>", floor]]  # the library demands it; with all bytes there it never appears
    model = {"type": "Unigram", "unk_id": len(vocab) - 1, "vocab": vocab, "byte_fallback": True}
    decoder = _sequence("decoders", [{"type": "ByteFallback"}, {"type": "Fuse"}])
    return _whole(tokenizer, model, pre_tokenizer=_split(PATTERN), decoder=decoder)


def _whole(tokenizer: TokenTable, model: Part, **parts: Part | None) -> Part:
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    special = tokenizer.special_tokens.items()
    empty = {"normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": n, **added, "special": True} for n, i in special],
        **empty,
        **parts,
        "model": model,
    }


def _byte_level(use_regex: bool) -> Part:
    flags = {"add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}
    return {"type": "ByteLevel", **flags}


def _split(pattern: str) -> Part:
    cut = {"pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Split", **cut}


def _sequence(name: str, parts: list[Part]) -> Part:
    return {"type": "Sequence", name: parts}


def read_tokenizer_json(path: Path | str) -> Tokenizer:
    """Read a byte-level BPE tokenizer from a tokenizer.json, with its ids.

    Its vocabulary must be numbered as BPE's usually is: the bytes, the merges by age, the special
    tokens. Raises MinilmError that says what does not fit.
    """
    content = read_json(path)
    try:
        model, cut = content["model"], content["pre_tokenizer"]
        if model["type"] != "BPE" or content["normalizer"] is not None:
            raise MinilmError(f"{path} is not byte-level BPE without a normalizer.")
        pattern = pattern_of(cut, path)
        pairs = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
        merges = [(from_letters(left), from_letters(right)) for left, right in pairs]
        byte_ids = [model["vocab"][to_letters(bytes([byte]))] for byte in range(256)]
        added = sorted(content["added_tokens"], key=lambda token: token["id"])
        tokenizer = Tokenizer(
            merges, [token["content"] for token in added], pattern, byte_ids=byte_ids
        )
        ids = {to_letters(tokenizer.token_bytes(i)): i for i in range(256 + len(merges))}
        wanted = [token["id"] for token in added]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MinilmError(f"{path} is not a tokenizer.json of byte-level BPE ({error}).") from error
    names = set(tokenizer.special_tokens)
    if ids != {token: i for token, i in model["vocab"].items() if token not in names} or wanted != [
        *tokenizer.special_tokens.values()
    ]:
        raise MinilmError(
            f"{path} numbers its tokens in another way than bytes, merges by age, special tokens."
        )
    return tokenizer


SINGLE_DIGITS = r"\p{N}|'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"
"""GPT-2's pattern on what lies between digits, and each digit a word of its own (SmolLM)."""


def pattern_of(cut: Part, path: Path | str) -> str:
    """Return the pattern that cuts a text into words, for the forms that byte-level BPE uses.

    Raises MinilmError for a pre-tokenizer of another form.
    """
    if cut["type"] == "ByteLevel" and cut["use_regex"] and not cut["add_prefix_space"]:
        return PATTERN
    if cut["type"] == "Sequence":
        first, as_bytes = cut["pretokenizers"]
        bare = (as_bytes["type"], as_bytes["use_regex"], as_bytes["add_prefix_space"])
        split = (first["type"], first.get("behavior"), first.get("invert"))
        if split == ("Split", "Isolated", False) and bare == ("ByteLevel", False, False):
            return str(first["pattern"]["Regex"])
        digits = (first["type"], first.get("individual_digits"))
        if digits == ("Digits", True) and bare == ("ByteLevel", True, False):
            return SINGLE_DIGITS
    raise MinilmError(f"{path} cuts texts into words in a way that minilm does not know.")
