"""The package keeps the rules of the house, and each rule can fail."""

import os
import subprocess
import sys
from pathlib import Path

import code_rules as rules
import pytest

PACKAGE = Path(__file__).parents[2] / "minilm"


@pytest.mark.parametrize(
    "rule",
    [
        rules.imports_between_floors,
        rules.drawing_outside_teach,
        rules.long_modules,
        rules.missing_docstrings,
    ],
)
def test_minilm_keeps_the_rule(rule):
    assert rule(PACKAGE) == []


def house(tmp_path, **modules):
    """Write a package with these modules; `train__trainer` stands for train/trainer.py."""
    package = tmp_path / "minilm"
    for name, source in modules.items():
        path = package.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""A module."""\n{source}\n')
    return package


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("collect__files", "from minilm.prepare import normalize"),
        ("collect__files", "import minilm.model"),
        ("collect__files", "def late():\n    from minilm.serve.engine import generate"),
        ("collect__files", "from ..evaluate import language"),
        ("evaluate__language", "from minilm import Transformer"),
        ("evaluate__language", "import minilm"),
        ("train__trainer", "from minilm.prepare import tokenizer"),
        ("train__trainer", "from minilm.prepare.clean import prepare"),
        ("serve__engine", "from minilm.train import checkpoint"),
        ("serve__engine", "from minilm.recipe import Recipe"),
        ("tune__classify", "from minilm.teach import style"),
        ("files", "from minilm.model import transformer"),
    ],
)
def test_a_wrong_import_is_found(tmp_path, module, source):
    [found] = rules.imports_between_floors(house(tmp_path, **{module: source}))
    assert "must not import minilm" in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("collect__files", "from minilm.errors import MinilmError\nimport numpy"),
        ("collect__files", "from . import documents\nfrom .documents import Document"),
        ("train__trainer", "from minilm.prepare.shards import TokenShards"),
        ("train__trainer", "from minilm.prepare import shards"),
        ("tune__classify", "from minilm.train.adamw import AdamW"),
        ("teach__figures__course", "from minilm import build, model"),
        ("build", "from minilm.teach import style\nfrom minilm import __version__"),
    ],
)
def test_a_right_import_is_left_alone(tmp_path, module, source):
    assert rules.imports_between_floors(house(tmp_path, **{module: source})) == []


def test_drawing_outside_teach_is_found(tmp_path):
    package = house(
        tmp_path,
        report="def draw():\n    import matplotlib.pyplot as plt",
        train__trainer="from ipywidgets import interact",
        teach__style="import matplotlib",
    )
    assert len(rules.drawing_outside_teach(package)) == 2


def test_a_long_module_is_found(tmp_path):
    package = house(tmp_path, build="\n" * (rules.MOST_LINES - 2), cli="\n" * rules.MOST_LINES)
    [found] = rules.long_modules(package)
    assert found.startswith("cli.py has 302 lines")


def test_missing_docstrings_are_found(tmp_path):
    package = house(tmp_path, build="def open(): ...\nclass Public: ...\ndef _private(): ...")
    (package / "cli.py").write_text("x = 1\n")
    assert len(rules.missing_docstrings(package)) == 3


def heavy_modules(statement):
    """Return which of the heavy packages a fresh Python holds after the statement."""
    code = f"{statement}; import sys; print({{'torch', 'numpy', 'matplotlib'}} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_import_minilm_is_light():
    assert heavy_modules("import minilm") == "set()"


def test_threads_wait_as_this_package_or_its_user_says():
    """Spinning for a moment is ours; who has chosen something else keeps it."""
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    code = f"import minilm, os; print([os.environ.get(name) for name in {names}])"
    unset = {name: value for name, value in os.environ.items() if name not in names}
    for chosen, found in ({}, ["PASSIVE", "1000"]), ({names[0]: "ACTIVE"}, ["ACTIVE", None]):
        run = subprocess.run(
            [sys.executable, "-c", code], env={**unset, **chosen}, capture_output=True, text=True
        )
        assert run.stdout.strip() == str(found)


def test_a_heavy_import_would_be_seen():
    assert heavy_modules("import minilm, numpy") == "{'numpy'}"
