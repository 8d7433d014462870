"""The rules of the house for the package's code, read from its syntax trees, never by importing.

A rule takes the package's folder and returns the violations, each a line that says where and what.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

# Who may import whom. What is not a floor is the basement, which anyone may import and which
# imports no floor, or the roof, which may import every floor and which no floor imports.
FLOORS = {
    "collect": set(),
    "model": set(),
    "evaluate": set(),
    "prepare": {"collect"},
    "train": {"model", "evaluate", "prepare.packing", "prepare.shards"},
    "tune": {"collect", "prepare", "model", "evaluate", "train"},
    "serve": {"model", "prepare"},
}
TEACHING = "teach"  # may import everything; only the roof may import it
BASEMENT = {"errors", "files", "hardware", "gguf_file", "memory", "__version__"}
DRAWING = {"matplotlib", "ipywidgets", "IPython", "seaborn", "plotly"}
MOST_LINES = 300


def modules(package: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every module of the package with its syntax tree."""
    for path in sorted(package.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_names(path: Path, tree: ast.Module, package: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, full dotted name) of all that a module imports, wherever the import stands."""
    parents = [package.name, *path.relative_to(package).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [] if node.level == 0 else parents[: len(parents) - node.level + 1]
            base = [*base, *(node.module.split(".") if node.module else [])]
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)


def imports_between_floors(package: Path) -> list[str]:
    """Floors import only what the table above allows, and never the roof."""
    wrong = []
    for path, tree in modules(package):
        where = path.relative_to(package)
        home = where.parts[0].removesuffix(".py")
        for line, name in imported_names(path, tree, package):
            top, _, inside = name.partition(".")
            if top != package.name or _may_import(home, inside):
                continue
            wrong.append(f"{where}:{line}: {home} must not import {name}")
    return wrong


def _may_import(home: str, inside: str) -> bool:
    """Whether a module of `home` may import `inside`, a dotted name within the package."""
    target = inside.split(".")[0]
    if target == home or target in BASEMENT:
        return True
    if home in FLOORS:
        return any(inside == door or inside.startswith(f"{door}.") for door in FLOORS[home])
    if home in BASEMENT or home == "__init__":
        return False
    return target != ""  # the roof and teach, which name what they take


def drawing_outside_teach(package: Path) -> list[str]:
    """Matplotlib and widgets live on the teaching floor, so that the rest works without them."""
    wrong = []
    for path, tree in modules(package):
        where = path.relative_to(package)
        if where.parts[0] == TEACHING:
            continue
        for line, name in imported_names(path, tree, package):
            if name.split(".")[0] in DRAWING:
                wrong.append(f"{where}:{line}: only teach may import {name}")
    return wrong


def long_modules(package: Path) -> list[str]:
    """A module that grows past the limit wants to be two."""
    sizes = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path, _ in modules(package)
    }
    return [
        f"{path.relative_to(package)} has {lines} lines, more than {MOST_LINES}"
        for path, lines in sizes.items()
        if lines > MOST_LINES
    ]


def missing_docstrings(package: Path) -> list[str]:
    """Every module and every public function and class says what it is."""
    wrong = []
    for path, tree in modules(package):
        where = path.relative_to(package)
        if not ast.get_docstring(tree):
            wrong.append(f"{where}:1: the module has no docstring")
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and not ast.get_docstring(node):
                wrong.append(f"{where}:{node.lineno}: {node.name} has no docstring")
    return wrong
