"""Bytes in letters: how the files of GPT-2, and of minilm, write tokens that are any bytes.

Each byte has a letter of its own. Bytes that print stand for themselves; the other 68 take the
letters from Ā (U+0100) on, so that a space is written Ġ and a line feed Ċ.
"""

from minilm.prepare.bpe import BYTE_ORDER

N_PRINTABLE = 188
_code_points = [*BYTE_ORDER[:N_PRINTABLE], *range(256, 256 + 256 - N_PRINTABLE)]
_LETTER_OF_BYTE = {byte: chr(c) for byte, c in zip(BYTE_ORDER, _code_points, strict=True)}
_BYTE_OF_LETTER = {letter: byte for byte, letter in _LETTER_OF_BYTE.items()}


def to_letters(token: bytes) -> str:
    """Write a token's bytes as letters: `to_letters(b" the") == "Ġthe"`."""
    return "".join(_LETTER_OF_BYTE[byte] for byte in token)


def from_letters(letters: str) -> bytes:
    """Read a token's bytes back; raise KeyError for a letter that stands for no byte."""
    return bytes(_BYTE_OF_LETTER[letter] for letter in letters)
