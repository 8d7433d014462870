"""The rules of the house for notebooks, read from their files.

A rule takes a notebook's path and returns the violations, each a line that says where and what.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chapter_box import read_box

from minilm.teach.course import CHAPTERS

MOST_CELLS = 120
MOST_CODE_LINES = 40
UNKIND = re.compile(r"\b(simply|just|obviously)\b", re.IGNORECASE)  # to whom it is not obvious
CODE_IN_TEXT = re.compile(r"```.*?```|`[^`\n]*`|<!--.*?-->", re.DOTALL)
THIS_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp)/[\w.-]+")
SAME_AS = "same-as:"
EXERCISE = r"### {number} · .+ \((easy|medium|hard), \d+ minutes\)"
EXERCISE_FORM = "### 1 · A window (easy, 5 minutes)"


def cells(notebook: Path, kind: str | None = None) -> Iterator[tuple[int, dict[str, Any], str]]:
    """Yield (index, cell, source) of a notebook's cells, of one kind if given."""
    for index, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"]):
        if kind in (None, cell["cell_type"]):
            yield index, cell, "".join(cell["source"])


def tags(cell: dict[str, Any]) -> list[str]:
    """Return a cell's tags."""
    return cell["metadata"].get("tags", [])


def not_executed_in_order(notebook: Path) -> list[str]:
    """The outputs are those of one Run All: counts 1, 2, 3, ... and no empty leftovers."""
    wrong = []
    for expected, (index, cell, source) in enumerate(cells(notebook, "code"), start=1):
        if not source.strip():
            wrong.append(f"cell {index}: an empty code cell")
        if cell["execution_count"] != expected:
            wrong.append(
                f"cell {index}: execution_count is {cell['execution_count']}, not {expected}"
            )
    return wrong


def unexpected_errors(notebook: Path) -> list[str]:
    """An error stands only where the tag announces it, and where the tag is, an error stands."""
    wrong = []
    for index, cell, _ in cells(notebook, "code"):
        failed = any(output["output_type"] == "error" for output in cell["outputs"])
        if failed != ("raises-exception" in tags(cell)):
            what = "an error without the tag" if failed else "no error under the tag"
            wrong.append(f"cell {index}: {what} raises-exception")
    return wrong


def differs_from_package(notebook: Path, root: Path) -> list[str]:
    """A cell tagged `same-as:dotted.path` holds the package's definition and nothing else.

    Syntax trees are compared, docstrings left out: comments and layout may differ, names may not.
    """
    wrong = []
    for index, cell, source in cells(notebook, "code"):
        for tag in tags(cell):
            if not tag.startswith(SAME_AS):
                continue
            path = tag.removeprefix(SAME_AS)
            definition = find_definition(path, root)
            try:
                body = ast.parse(source).body
            except SyntaxError:
                body = []
            if definition is None:
                wrong.append(f"cell {index}: {path} does not exist")
            elif len(body) != 1:
                wrong.append(f"cell {index}: must hold the definition of {path} and nothing else")
            elif _bare(body[0]) != _bare(definition):
                wrong.append(f"cell {index}: differs from {path}")
    return wrong


def find_definition(dotted: str, root: Path) -> ast.stmt | None:
    """Return the syntax tree of a function, class, method or constant of the package."""
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        for module in (root.joinpath(*parts[:cut]).with_suffix(".py"),
                       root.joinpath(*parts[:cut], "__init__.py")):  # fmt: skip
            if module.is_file():
                return _descend(ast.parse(module.read_text(encoding="utf-8")), parts[cut:])
    return None


def _descend(tree: Any, names: list[str]) -> Any:
    for name in names:
        tree = next((node for node in getattr(tree, "body", []) if name in _names(node)), None)
    return tree


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _bare(tree: ast.AST) -> str:
    """Write a syntax tree down without its docstrings."""
    tree = ast.parse(ast.unparse(tree))
    for node in ast.walk(tree):
        documented = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if documented and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def tone(notebook: Path) -> list[str]:
    """No word that tells the learner that it should have been easy."""
    return [
        f'cell {index}: "{found[0]}"'
        for index, _, source in cells(notebook, "markdown")
        for found in UNKIND.finditer(CODE_IN_TEXT.sub("", source))
    ]


def exercise_headings(notebook: Path) -> list[str]:
    """Exercises are numbered from 1, and each says how hard and how long it is."""
    wrong, below, number = [], False, 0
    for index, _, source in cells(notebook, "markdown"):
        for line in source.splitlines():
            if line.startswith("## "):
                below = line == "## Exercises"
            elif below and line.startswith("### "):
                number += 1
                if not re.fullmatch(EXERCISE.format(number=number), line):
                    wrong.append(f"cell {index}: {line!r} is not of the form {EXERCISE_FORM!r}")
    return wrong


def too_long(notebook: Path) -> list[str]:
    """A chapter fits into one sitting, a cell on one screen."""
    everything = list(cells(notebook))
    wrong = []
    if len(everything) > MOST_CELLS:
        wrong.append(f"{len(everything)} cells, more than {MOST_CELLS}")
    for index, cell, source in everything:
        lines = len(source.splitlines())
        if cell["cell_type"] == "code" and lines > MOST_CODE_LINES:
            wrong.append(f"cell {index}: {lines} lines of code, more than {MOST_CODE_LINES}")
    return wrong


def head(notebook: Path) -> list[str]:
    """It is a chapter of the course, begins with its heading, and has a time and memory box."""
    by_file = {Path(chapter.notebook).name: chapter for chapter in CHAPTERS if not chapter.planned}
    if notebook.name not in by_file:
        return [f"{notebook.name} is not in minilm/teach/course.py"]
    chapter = by_file[notebook.name]
    wrong = []
    data = json.loads(notebook.read_text(encoding="utf-8"))
    first = "".join(data["cells"][0]["source"]).strip().splitlines()
    heading = f"# {chapter.label} · {chapter.title}"
    if data["cells"][0]["cell_type"] != "markdown" or not first or first[0] != heading:
        wrong.append(f"cell 0: does not begin with {heading!r}")
    if read_box(data) is None:
        wrong.append("no box: Runs in about 12 s on 2 CPU cores, peak memory about 600 MB")
    if data["metadata"].get("kernelspec", {}).get("name") != "python3":
        wrong.append("the kernel is not python3")
    return wrong


def names_this_machine(notebook: Path) -> list[str]:
    """Outputs show no folder of the machine that made them."""
    return [
        f"cell {index}: an output shows {found[0]}"
        for index, cell, _ in cells(notebook, "code")
        for output in cell["outputs"]
        for found in THIS_MACHINE.finditer(_text(output))
    ]


def _text(output: dict[str, Any]) -> str:
    """All the text in one output of a cell."""
    data = output.get("data", {})
    parts = [output.get("text", ""), *(data[kind] for kind in data if kind.startswith("text/"))]
    parts += output.get("traceback", [])
    return "\n".join("".join(part) for part in parts)
