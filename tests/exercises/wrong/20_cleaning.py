"""Wrong attempts at the exercises of chapter 20, each with words that the answer must contain."""

import re

from minilm.prepare.privacy import passes_luhn


def doubles_the_others(digits):
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += digit if place % 2 == 0 else sum(divmod(2 * digit, 10))
    return str(-total % 10)


def a_number_not_a_text(digits):
    return next(d for d in range(10) if passes_luhn(f"{digits}{d}"))


def the_sum_itself(digits):
    total = sum(
        int(d) if place % 2 else sum(divmod(2 * int(d), 10))
        for place, d in enumerate(reversed(digits))
    )
    return str(total % 10)


def empty_lines_count(text):
    lines = text.split("\n")
    return sum(len(line) <= 30 for line in lines) / len(lines)


def fewer_than_thirty(text):
    lines = [line for line in text.split("\n") if line.strip()]
    return sum(len(line) < 30 for line in lines) / len(lines) if lines else 0.0


def equal_lines_once(text):
    lines = {line for line in text.split("\n") if line.strip()}
    return sum(len(line) <= 30 for line in lines) / max(2, len(lines)) if lines else 0.0


def divides_by_nothing(text):
    lines = [line for line in text.split("\n") if line.strip()]
    return sum(len(line) <= 30 for line in lines) / len(lines)


def inside_longer_numbers(text):
    return re.sub(r"\d{3}-\d{2}-\d{4}", "<ssn>", text)


def stops_at_word_ends(text):
    return re.sub(r"\b\d{3}-\d{2}-\d{4}\b", "<ssn>", text)


def any_three_groups(text):
    return re.sub(r"(?<![\d-])\d+-\d+-\d{4}(?![\d-])", "<ssn>", text)


def first_letters_only(text):
    words = re.findall(r"\w+", text)
    return text.lower(), "".join("1" if word[0].isupper() else "0" for word in words)


def capitalize(lower, notes):
    flags = iter(notes)
    return re.sub(r"\w+", lambda m: m[0].capitalize() if next(flags) == "1" else m[0], lower)


def keep_all(text):
    return text.lower(), text


def take_all(lower, notes):
    return notes


def a_flag_for_each_letter(text):
    return text.lower(), "".join("1" if c != c.lower() else "0" for c in text)


def raise_flagged(lower, notes):
    return "".join(c.upper() if f == "1" else c for c, f in zip(lower, notes, strict=True))


def nothing_noted(text):
    return text.lower(), ""


def sentence_case(lower, notes):
    return lower[:1].upper() + lower[1:]


WRONG = [
    ("check_digit", doubles_the_others, "which of the others"),
    ("check_digit", a_number_not_a_text, "one digit is asked for, as text"),
    ("check_digit", the_sum_itself, "does not pass"),
    ("short_lines", empty_lines_count, "empty lines and lines of spaces"),
    ("short_lines", fewer_than_thirty, "a line of 30 characters is short"),
    ("short_lines", equal_lines_once, "equal lines count each"),
    ("short_lines", divides_by_nothing, "ZeroDivisionError"),
    ("mask_ssn", inside_longer_numbers, "a longer number"),
    ("mask_ssn", stops_at_word_ends, "a hyphen can go on"),
    ("mask_ssn", any_three_groups, "a telephone number"),
    ("keep_case", (first_letters_only, capitalize), "came back as"),
    ("keep_case", (keep_all, take_all), "no saving"),
    ("keep_case", (a_flag_for_each_letter, raise_flagged), "no saving"),
    ("keep_case", (nothing_noted, sentence_case), "came back as 'A film'"),
]
