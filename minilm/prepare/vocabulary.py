"""A tokenizer's vocabulary on disk, from GPT-2's files, and in the hands of tiktoken.

All of them write a token's bytes in the letters of `minilm.prepare.letters`, so that a saved merge
reads "Ġt he": what joins is visible in the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from minilm.errors import MinilmError
from minilm.files import read_json
from minilm.prepare.bpe import BYTE_ORDER
from minilm.prepare.interface import load_checked, save_checked
from minilm.prepare.letters import from_letters, to_letters

if TYPE_CHECKING:
    import tiktoken

    from minilm.prepare.tokenizer import Tokenizer

FORMAT = "minilm tokenizer 1"


def save(tokenizer: Tokenizer, path: Path | str) -> None:
    """Write what makes a tokenizer, and the checksum of it, as JSON."""
    content = {
        "special_tokens": list(tokenizer.special_tokens),
        "pattern": tokenizer.pattern,
        "byte_ids": tokenizer.byte_ids,
        "merges": [f"{to_letters(left)} {to_letters(right)}" for left, right in tokenizer.merges],
    }
    save_checked(path, FORMAT, content)


def load(path: Path | str) -> dict[str, Any]:
    """Read the arguments of a saved tokenizer.

    Raises MinilmError that names the file when it is missing, damaged, or something else.
    """
    content = load_checked(path, FORMAT)
    return content | {"merges": _read_merges(content["merges"], path)}


def _read_merges(lines: list[str], path: Path | str) -> list[tuple[bytes, bytes]]:
    try:
        pairs = [line.split(" ") for line in lines]
        return [(from_letters(left), from_letters(right)) for left, right in pairs]
    except (KeyError, ValueError) as error:
        raise MinilmError(f"{path} is damaged: a merge cannot be read ({error}).") from error


def read_gpt2(vocab_bpe_path: Path | str, encoder_json_path: Path | str) -> dict[str, Any]:
    """Read the arguments of GPT-2's tokenizer from `vocab.bpe` and `encoder.json`.

    GPT-2 numbers the bytes in `BYTE_ORDER`; its merges follow in the order of `vocab.bpe`. Raises
    MinilmError when a file is missing or damaged, or when the two do not belong together.
    """
    try:
        lines = Path(vocab_bpe_path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MinilmError(f"{vocab_bpe_path} cannot be read ({error}).") from error
    merges = _read_merges([line for line in lines[1:] if line], vocab_bpe_path)
    tokens = [bytes([byte]) for byte in BYTE_ORDER] + [left + right for left, right in merges]
    names = [*map(to_letters, tokens), "<|endoftext|>"]
    if read_json(encoder_json_path) != {name: id_ for id_, name in enumerate(names)}:
        raise MinilmError(
            f"{encoder_json_path} does not number the tokens of {vocab_bpe_path}:"
            " one of the two is damaged, or they belong to different tokenizers."
        )
    return {"merges": merges, "byte_ids": [BYTE_ORDER.index(byte) for byte in range(256)]}


def to_tiktoken(tokenizer: Tokenizer) -> tiktoken.Encoding:
    """Build a `tiktoken.Encoding` with the same ids."""
    import tiktoken

    special = tokenizer.special_tokens
    n_ordinary = tokenizer.vocab_size - len(special)
    return tiktoken.Encoding(
        name="minilm",
        pat_str=tokenizer.pattern,
        mergeable_ranks={tokenizer.token_bytes(id_): id_ for id_ in range(n_ordinary)},
        special_tokens=special,
    )
