"""The chapters keep the rules of the house, and each rule can fail."""

import json
from pathlib import Path

import notebook_rules as rules
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

RULES = [
    rules.not_executed_in_order,
    rules.unexpected_errors,
    rules.tone,
    rules.exercise_headings,
    rules.too_long,
    rules.head,
    rules.names_this_machine,
]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_chapter_keeps_the_rule(rule, notebook):
    assert rule(notebook) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_final_versions_are_the_packages(notebook):
    assert rules.differs_from_package(notebook, ROOT) == []


def markdown(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source="1", count=1, tags=(), outputs=()):
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": source.splitlines(keepends=True),
        "execution_count": count,
        "outputs": list(outputs),
    }


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}
HEAD = markdown("# 32 · Attention\n\nRuns in about 12 s on 2 CPU cores, peak memory about 600 MB")


@pytest.fixture
def write(tmp_path):
    """Return a function that writes cells into a notebook and returns its path."""

    def write_notebook(*cells, name="32_attention.ipynb"):
        path = tmp_path / name
        kernel = {"kernelspec": {"name": "python3"}}
        path.write_text(json.dumps({"cells": list(cells), "metadata": kernel}))
        return path

    return write_notebook


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_notebook_passes(rule, write):
    text = markdown("Adjust the scale; `just` in code is fine.\n```\nsimply\n```")
    good = [HEAD, text, code(), code("1 / 0", 2, ["raises-exception"], [ERROR])]
    assert rule(write(*good)) == []


@pytest.mark.parametrize(
    ("rule", "cells", "message"),
    [
        (rules.not_executed_in_order, [code(count=None)], "None, not 1"),
        (rules.not_executed_in_order, [code(), code(count=3)], "3, not 2"),
        (rules.not_executed_in_order, [code("")], "empty"),
        (rules.unexpected_errors, [code(outputs=[ERROR])], "without the tag"),
        (rules.unexpected_errors, [code(tags=["raises-exception"])], "under the tag"),
        (rules.exercise_headings, [markdown("## Exercises\n\n### One (easy, 5 minutes)")], "One"),
        (rules.exercise_headings, [markdown("## Exercises\n### 2 · A (hard, 5 minutes)")], "2 ·"),
        (rules.tone, [markdown("It is Simply a matrix.")], "Simply"),
        (rules.tone, [markdown("We just add; obviously.")], "just"),
        (rules.too_long, [code("x\n" * 41)], "41 lines"),
        (rules.too_long, [HEAD] * 121, "121 cells"),
        (rules.head, [markdown("# 32 Attention")], "does not begin"),
        (rules.head, [markdown("# 32 · Attention\n")], "no box"),
        (
            rules.names_this_machine,
            [code(outputs=[{"output_type": "stream", "text": ["at /home/ada/x\n"]}])],
            "/home/ada",
        ),
    ],
)
def test_a_violation_is_found(rule, cells, message, write):
    assert message in "; ".join(rule(write(*cells)))


def test_a_notebook_outside_the_course_is_found(write):
    assert "not in minilm/teach/course.py" in rules.head(write(HEAD, name="77_extra.ipynb"))[0]
    assert "not in minilm/teach/course.py" in rules.head(write(HEAD, name="37_recurrence.ipynb"))[0]


PACKAGE = '''"""A module."""
LIMIT = 3

def double(x: int) -> int:
    """Twice."""
    return x * 2

class Box:
    """A box."""

    def open(self) -> int:
        """Open it."""
        return LIMIT
'''


@pytest.mark.parametrize(
    ("path", "source", "message"),
    [
        ("minilm.room.double", "def double(x: int) -> int:\n    return x * 2  # why", ""),
        ("minilm.room.LIMIT", "LIMIT = 3", ""),
        ("minilm.room.Box", "class Box:\n    def open(self) -> int:\n        return LIMIT", ""),
        (
            "minilm.room.Box.open",
            "def open(self) -> int:\n    'Other words.'\n    return LIMIT",
            "",
        ),
        ("minilm.room.double", "def double(x: int) -> int:\n    return x * 3", "differs"),
        ("minilm.room.double", "def double(x):\n    return x * 2", "differs"),
        (
            "minilm.room.double",
            "import os\ndef double(x: int) -> int: return x * 2",
            "nothing else",
        ),
        ("minilm.room.double", "%timeit 1", "nothing else"),
        ("minilm.room.gone", "def gone(): ...", "does not exist"),
        ("minilm.cellar.double", "def double(): ...", "does not exist"),
        ("minilm.room.Box.close", "def close(self): ...", "does not exist"),
        ("", "1", "does not exist"),
    ],
)
def test_same_as(path, source, message, write, tmp_path):
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm" / "room.py").write_text(PACKAGE)
    found = rules.differs_from_package(write(code(source, tags=[f"same-as:{path}"])), tmp_path)
    assert (message in found[0] and len(found) == 1) if message else found == []
