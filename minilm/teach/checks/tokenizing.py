"""The checks of chapter 22."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from minilm.prepare.tokenizer import Tokenizer
from minilm.teach.check import Checks, exercise

Merges: TypeAlias = Sequence[tuple[bytes, bytes]]
Tree: TypeAlias = "bytes | tuple[Tree, Tree]"


@exercise
def utf8_decode(attempt: Callable[[bytes], list[int]]) -> Checks:
    """Read UTF-8 bytes back into code points."""
    plain = attempt(b"cat")
    yield plain == [99, 97, 116], f"b'cat' is the code points [99, 97, 116], not {plain}"
    for character in "é€😀":
        got = attempt(character.encode())
        yield (
            got == [ord(character)],
            f"{character} is {list(character.encode())} and code point {ord(character)}, not {got}",
        )
    edges = [0x00, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF]
    got = attempt("".join(map(chr, edges)).encode())
    yield got == edges, f"first and last of each length, behind one another: {edges} became {got}"


@exercise
def family_tree(attempt: Callable[[bytes, Merges], Tree]) -> Checks:
    """How a token was put together: a pair of trees, down to single bytes."""
    merges = [(b"a", b"n"), (b"an", b"d"), (b"h", b"and"), (b"s", b"t"), (b"st", b"and")]
    got = attempt(b"q", merges)
    yield got == b"q", f"a single byte was never joined: b'q' stays b'q', not {got!r}"
    got = attempt(b"an", merges)
    yield got == (b"a", b"n"), f"b'an' was joined from (b'a', b'n'), you say {got!r}"
    expected: Tree = (b"h", ((b"a", b"n"), b"d"))
    got = attempt(b"hand", merges)
    yield got == expected, f"b'hand' grew as {expected!r}, you say {got!r}"
    expected = ((b"s", b"t"), ((b"a", b"n"), b"d"))
    got = attempt(b"stand", merges)
    yield got == expected, f"b'stand' grew as {expected!r}, you say {got!r}"


@exercise
def complete_part(attempt: Callable[[bytes], tuple[str, bytes]]) -> Checks:
    """The text that can be shown already, and the bytes that have to wait."""
    for text in ("cat", "naïve", "5 €", "ab😀", ""):
        data = text.encode()
        for end in range(len(data) + 1):
            shown, kept = attempt(data[:end])
            yield (
                "\ufffd" not in shown,
                f"{data[:end]!r} was shown as {shown!r}: half a letter must wait",
            )
            yield (
                shown.encode() + kept == data[:end],
                f"{data[:end]!r} became {shown!r} and {kept!r}: together they must be all bytes",
            )
            expected = data[:end].decode(errors="ignore")
            yield (
                shown == expected,
                f"of {data[:end]!r} {expected!r} can be shown already, you show {shown!r}",
            )


@exercise
def join_documents(attempt: Callable[[Sequence[str], Tokenizer], list[int]]) -> Checks:
    """Documents behind one another, each ended by a token that no text can write."""
    tokenizer = Tokenizer([(b"a", b"b"), (b" ", b"ab")])
    end = tokenizer.end_of_text
    got = attempt(["ab", " ab"], tokenizer)
    yield (
        got.count(end) == 2 and got[-1] == end,
        f"two documents have two ends, the last id being one of them: {got} (the end is {end})",
    )
    yield (
        got == [256, end, 257, end],
        f"['ab', ' ab'] should be [256, {end}, 257, {end}], not {got}",
    )
    forged = "ab<|endoftext|>ab"
    got = attempt([forged], tokenizer)
    yield (
        got.count(end) == 1,
        f"the document {forged!r} ended itself: {got} has {got.count(end)} ends, not 1",
    )
    yield tokenizer.decode(got[:-1]) == forged, f"{forged!r} became {tokenizer.decode(got[:-1])!r}"
    yield attempt([], tokenizer) == [], "no documents are no ids"
