"""The rules of the house for what stands around the package: environments, links, the README.

A rule takes paths and returns the violations, each a line that says where and what.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from minilm.teach.course import CHAPTERS

NAMED = {"jupyterlab", "torch", "numpy", "matplotlib", "nbval", "tiktoken", "datasets"}
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;+]+)")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def environments_disagree(root: Path) -> list[str]:
    """pyproject.toml, environment.yml and requirements.lock speak of the same packages."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted = {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}
    missing = NAMED - set(wanted)
    wrong = [f"pyproject.toml: {name} is missing" for name in sorted(missing)]
    wrong += _lock_disagrees(root / "requirements.lock", wanted)
    wrong += _conda_disagrees(root / "environment.yml", wanted)
    return wrong


def _lock_disagrees(lock: Path, wanted: dict[str, Requirement]) -> list[str]:
    """The lock pins each package once, to a public version, within pyproject.toml's range."""
    wrong, pins = [], {}
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), start=1):
        pin = PIN.fullmatch(line)
        if pin is None:
            wrong.append(f"requirements.lock:{number}: not of the form name==version: {line}")
        elif canonicalize_name(pin[1]) in pins:
            wrong.append(f"requirements.lock:{number}: {pin[1]} is pinned twice")
        else:
            pins[canonicalize_name(pin[1])] = pin[2]
    if "minilm" in pins:
        wrong.append("requirements.lock: pins minilm itself")
    for name, requirement in wanted.items():
        if name not in pins:
            wrong.append(f"requirements.lock: {name} is missing")
        elif not requirement.specifier.contains(pins[name]):
            wrong.append(f"requirements.lock: {name}=={pins[name]} is not in {requirement}")
    return wrong


def _conda_disagrees(path: Path, wanted: dict[str, Requirement]) -> list[str]:
    """The conda file asks pip for the same ranges, for Python 3.11, and for minilm at the end."""
    dependencies = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    wrong = []
    if "python=3.11" not in dependencies:  # a range silently becomes 3.10 on Binder
        wrong.append("environment.yml: python=3.11 is missing")
    lists = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    pip = [line for entries in lists for line in entries]
    if not pip or pip[-1] != "-e .":
        wrong.append("environment.yml: `-e .` does not stand last in the pip list")
    given = {canonicalize_name(Requirement(r).name): Requirement(r) for r in pip if r != "-e ."}
    for name in sorted(set(wanted) | set(given)):
        here, there = given.get(name), wanted.get(name)
        if here is None or there is None or here.specifier != there.specifier:
            wrong.append(f"environment.yml says {here} where pyproject.toml says {there}")
    return wrong


def markdown_of(path: Path) -> str:
    """Return a file's Markdown: the file itself, or a notebook's text cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def broken_links(paths: list[Path], root: Path) -> list[str]:
    """Relative links lead to a file of the repository, and their anchors to a heading there."""
    wrong = []
    for path in paths:
        for target in _links(markdown_of(path)):
            file, _, anchor = unquote(target).partition("#")
            there = (path.parent / file).resolve() if file else path
            if not there.is_relative_to(root.resolve()) or not there.exists():
                wrong.append(f"{path.name}: {target} does not exist")
            elif anchor and there.suffix in (".md", ".ipynb") and not _has(there, anchor):
                wrong.append(f"{path.name}: {target} has no such heading")
    return wrong


def _links(markdown: str) -> Iterator[str]:
    """Yield the relative targets of links and images."""
    for found in LINK.finditer(CODE.sub("", markdown)):
        target = found[1] or found[2]
        if not re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
            yield target


def _has(page: Path, anchor: str) -> bool:
    """Whether the page has this anchor, as GitHub or as JupyterLab makes them from headings."""
    markdown = markdown_of(page)
    headings = re.findall(r"^#{1,6}\s+(.*?)\s*#*$", markdown.lower(), re.MULTILINE)
    github = {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}
    jupyter = {heading.replace(" ", "-") for heading in headings}
    named = set(re.findall(r"(?:id|name)=\"([^\"]+)\"", markdown.lower()))
    return anchor.lower() in github | jupyter | named


def readme_table_disagrees(readme: Path) -> list[str]:
    """The README's table of chapters is the course's: linked, with question, minutes, module."""
    text = readme.read_text(encoding="utf-8")
    return [
        f"{readme.name}: the table lacks this line: {line}"
        for line in table_lines()
        if line not in text.splitlines()
    ] + [
        f"{readme.name}: links {name}, which is not in minilm/teach/course.py"
        for name in re.findall(r"\((notebooks/[^)]+\.ipynb)\)", text)
        if name not in {chapter.notebook for chapter in CHAPTERS if not chapter.planned}
    ]


def table_lines() -> list[str]:
    """Return the table's lines as the README must have them."""
    return [
        f"| {chapter.label} | [{chapter.title}]({chapter.notebook}) | {chapter.question}"
        f" | {chapter.minutes} | `{chapter.module}` |"
        for chapter in CHAPTERS
        if not chapter.planned
    ]
