"""What FineWeb adds to the rules of Gopher and C4: three looks at a page's lines.

They were found by computing some fifty statistics on better and worse text and asking, for each
limit, what a model trained on the remaining text gains. They judge web pages; a page of prose, one
paragraph in a line, passes unseen.

Source: Penedo et al. 2024, "The FineWeb Datasets: Decanting the Web for the Finest Text Data at
Scale", arXiv:2406.17557, section 3.5. datatrove, the code behind it, differs in two numbers that it
does not explain: it allows 0.01 of the characters in repeated lines by default, and adds a limit
of 0.3 line feeds a word.
"""

import regex

from minilm.prepare.gopher import repeated

MIN_LINES_WITH_END_MARK = 0.12
MAX_CHARACTERS_IN_REPEATED_LINES = 0.1
MAX_SHORT_LINES, SHORT_LINE = 0.67, 30  # characters

_END_MARK = regex.compile(r"\p{Sentence_Terminal}\Z")


def fineweb_reason(
    text: str, *, max_characters_in_repeated_lines: float = MAX_CHARACTERS_IN_REPEATED_LINES
) -> str | None:
    """Say which of FineWeb's own rules leaves a text out, or return None when it stays.

    A line ends well with what Unicode calls a sentence terminal (. ? ! and their kin in other
    scripts), without a closing quotation mark behind it; empty lines do not count.
    """
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    if not lines:
        return "fineweb: no text"
    ended = sum(_END_MARK.search(line, len(line) - 1) is not None for line in lines)
    if ended < MIN_LINES_WITH_END_MARK * len(lines):
        return "fineweb: too few lines end with punctuation"
    if sum(len(line) <= SHORT_LINE for line in lines) > MAX_SHORT_LINES * len(lines):
        return "fineweb: too many short lines"
    n_characters = len(text) - text.count("\n")
    if repeated(lines)[1] > max_characters_in_repeated_lines * n_characters:
        return "fineweb: characters in repeated lines"
    return None
