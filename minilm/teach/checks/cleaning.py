"""The checks of chapter 20."""

from collections.abc import Callable

from minilm.prepare.privacy import passes_luhn
from minilm.teach.check import Checks, exercise


@exercise
def check_digit(attempt: Callable[[str], str]) -> Checks:
    """The digit that makes the digits before it pass the Luhn check."""
    for digits in ("7992739871", "411111111111111", "37828224631000", "0", "5", "123456781234567"):
        last = attempt(digits)
        yield (
            isinstance(last, str) and len(last) == 1,
            f"for {digits} you gave {last!r}: one digit is asked for, as text",
        )
        right = next(d for d in "0123456789" if passes_luhn(digits + d))
        yield (
            last == right,
            f"{digits}{last} does not pass: once your digit stands at the end, which of the others"
            f" are doubled? For {digits} the digit is {right}",
        )


@exercise
def short_lines(attempt: Callable[[str], float]) -> Checks:
    """The share of a text's lines that have at most 30 characters; empty lines are no lines."""
    share = attempt("short\n" + "x" * 31)
    yield share == 0.5, f"one of two lines is short, and you gave {share}"
    share = attempt("x" * 30 + "\n" + "x" * 31)
    yield share == 0.5, f"a line of 30 characters is short, one of 31 is not; you gave {share}"
    share = attempt("short\n\n\n" + "x" * 40 + "\n \n")
    yield share == 0.5, f"empty lines and lines of spaces do not count; you gave {share}"
    share = attempt("short\nshort\nshort")
    yield share == 1.0, f"three lines, all short, and you gave {share}: equal lines count each"
    for nothing in ("", "\n \n"):
        share = attempt(nothing)
        yield share == 0.0, f"a text without lines has no short lines: 0.0, not {share}"


@exercise
def mask_ssn(attempt: Callable[[str], str]) -> Checks:
    """Replace American social security numbers, 123-45-6789, by <ssn>, and nothing else."""
    for text, masked in [
        ("It is 123-45-6789.", "It is <ssn>."),
        ("123-45-6789", "<ssn>"),
        ("(123-45-6789), 987-65-4321!", "(<ssn>), <ssn>!"),
    ]:
        got = attempt(text)
        yield got == masked, f"{text!r} became {got!r} instead of {masked!r}"
    for text, what in [
        ("Call 555-123-4567.", "a telephone number"),
        ("ISBN 978-0-306-40615-7", "an ISBN"),
        ("order 4123-45-67890", "a longer number: look at what stands before and after"),
        ("part 12-123-45-6789-1", "a part of a longer number: a hyphen can go on, too"),
        ("from 2020-12-3000", "no such number: three digits come first"),
        ("in 1861-1865", "a span of years"),
    ]:
        got = attempt(text)
        yield got == text, f"{text!r} holds {what}, and became {got!r}"


@exercise
def keep_case(
    encode: Callable[[str], tuple[str, str]], decode: Callable[[str, str], str]
) -> Checks:
    """Lowercase a text and note beside it what is needed to undo that, in few characters."""
    texts = [
        "a film",
        "The film",
        "THE President of the USA, in 1812.",
        "McCarthy",
        "",
        "ÉTÉ à Paris",
    ]
    for text in texts:
        lower, notes = encode(text)
        yield lower == text.lower(), f"the text of {text!r} must be {text.lower()!r}, not {lower!r}"
        again = decode(lower, notes)
        yield again == text, f"{text!r} came back as {again!r}"
    sentence = "The President gave the Congress a report on the state of the Union. " * 20
    lower, notes = encode(sentence)
    yield decode(lower, notes) == sentence, "a longer text did not come back"
    yield (
        len(notes) <= len(sentence) / 2,
        f"{len(notes)} characters of notes for {len(sentence)} of text: that is no saving; note"
        " only where capitals are, or one sign a word",
    )
    _, notes = encode("no capital letter stands in this long line of words")
    yield len(notes) <= 11, f"a text without capitals needs hardly a note; yours has {len(notes)}"
