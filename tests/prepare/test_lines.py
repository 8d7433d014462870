"""Lines of many documents are found and dropped; all others stay as they are."""

from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minilm.prepare.lines import drop_lines, key_of_line, line_numbers, repeated_lines
from minilm.prepare.scratch import Scratch

TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", " B", "c1", "c2", ""]), max_size=5), max_size=8
)


def count(texts: list[str], folder: Path, min_documents: int):
    with Scratch(folder / "scratch") as scratch:
        records = scratch.records("lines")
        records.limit = 4
        for number, text in enumerate(texts):
            records.add(line_numbers(text), number)
        return repeated_lines(records, min_documents)


@given(TEXTS, st.integers(2, 4))
def test_lines_are_counted_by_document(tmp_path_factory, lines, min_documents) -> None:
    """The oracle: a Counter of keys, once for each document."""
    texts = ["\n".join(document) for document in lines]
    repeated = count(texts, tmp_path_factory.mktemp("lines"), min_documents)
    documents = Counter(
        key
        for document in lines
        for key in {key_of_line(line) for line in document if line.strip()}
    )
    often = {key for key, n in documents.items() if n >= min_documents}
    for text, document in zip(texts, lines, strict=True):
        stay = [line for line in document if not line.strip() or key_of_line(line) not in often]
        assert drop_lines(text, repeated) == ("\n".join(stay), len(document) - len(stay))


def test_case_numbers_and_spaces_make_no_difference() -> None:
    assert key_of_line(" Page 12 of 99 ") == key_of_line("page 13 of 98")
    assert key_of_line("page 1") == key_of_line("Page 12") != key_of_line("page 1 2")


def test_nothing_repeated() -> None:
    assert drop_lines("a\n\nb", np.empty(0, np.uint64)) == ("a\n\nb", 0)
    assert line_numbers("\n \n").size == 0
