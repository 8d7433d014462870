"""Lines that many documents share: menus, disclaimers, forms of address. Counted, then left out.

Whole documents may differ while half of each is the same boilerplate. Every document's different
lines become numbers on disk; sorting brings equal ones together, and a line that stands in many
documents is dropped from all of them.

Source: Wenzek et al. 2020, CCNet (arXiv:1911.00359), section 3.2, who drop a paragraph that occurs
in another document of the shard; here a line has to occur in a number of documents that you choose.
"""

import re

import numpy as np

from minilm.prepare.grams import Numbers, is_among, number_of
from minilm.prepare.scratch import Records

_NUMBER = re.compile(r"\d+")


def key_of_line(line: str) -> str:
    """What makes two lines the same: neither case, nor numbers, nor spaces at the ends.

    Page numbers and dates make the difference in much boilerplate: any number counts as 0.
    """
    return _NUMBER.sub("0", line.strip().lower())


def line_numbers(text: str) -> Numbers:
    """The number of each different line of a text that is not blank, sorted: (L,)."""
    keys = {key_of_line(line) for line in text.split("\n") if line.strip()}
    return np.sort(np.array(list(map(number_of, keys)), dtype=np.uint64))


def repeated_lines(records: Records, min_documents: int) -> Numbers:
    """The numbers of lines that stand in at least `min_documents` documents, sorted: (L,).

    `records` holds a pair (line, document) for each different line of each document. The result is
    all that is kept in memory, eight bytes for each line that many documents share.
    """
    frequent = [np.empty(0, np.uint64)]
    for block in records.blocks():
        lines, counts = np.unique(block["key"], return_counts=True)
        frequent.append(lines[counts >= min_documents])
    return np.concatenate(frequent)


def drop_lines(text: str, repeated: Numbers) -> tuple[str, int]:
    """The text without the repeated lines, and how many were dropped."""
    lines = text.split("\n")
    numbers = np.array([number_of(key_of_line(line)) for line in lines], dtype=np.uint64)
    found = is_among(numbers, repeated)
    kept = [line for line, drop in zip(lines, found, strict=True) if not drop]
    return ("\n".join(kept) if len(kept) < len(lines) else text), len(lines) - len(kept)
