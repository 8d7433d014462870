"""Environments, links and the README keep the rules of the house, and each rule can fail."""

import shutil
from pathlib import Path

import project_rules as rules
import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/*.md"),
     *ROOT.glob("benchmarks/*.md"), *ROOT.glob("notebooks/*.ipynb")}
)  # fmt: skip


def test_environments_agree():
    assert rules.environments_disagree(ROOT) == []


def test_the_readmes_table_is_the_courses():
    assert rules.readme_table_disagrees(ROOT / "README.md") == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    assert rules.broken_links([page], ROOT) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("requirements.lock", "torch==2.13.0", "torch==2.13.0+cpu", "not of the form"),
        ("requirements.lock", "torch==2.13.0", "torch==2.99.0", "is not in torch"),
        ("requirements.lock", "numpy==", "numpy>=", "not of the form"),
        ("requirements.lock", "nbval==", "nbvalue==", "nbval is missing"),
        ("requirements.lock", "numpy==", "minilm==1\nnumpy==", "pins minilm"),
        ("requirements.lock", "numpy==", "NumPy==2.0\nnumpy==", "pinned twice"),
        ("requirements.lock", "numpy==", "--index-url x\nnumpy==", "not of the form"),
        ("environment.yml", "python=3.11", "python>=3.11", "python=3.11 is missing"),
        ("environment.yml", "- -e .", "- -e .\n      - gguf", "does not stand last"),
        ("environment.yml", "- datasets>=2.19", "- datasets>=2.18", "datasets>=2.18 where"),
        (
            "environment.yml",
            "      - tiktoken>=0.7\n",
            "",
            "None where pyproject.toml says tiktoken",
        ),
        ("pyproject.toml", '"tiktoken>=0.7",', "", "tiktoken is missing"),
    ],
)
def test_a_disagreement_is_found(file, old, new, message, tmp_path):
    for name in ("pyproject.toml", "environment.yml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    assert message in "; ".join(rules.environments_disagree(tmp_path))


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[here](page.md), [far](https://example.org/x), ![a](pic.png)", 0),
        ("[there](page.md#a-heading) [me](#Top-of-all) `[code](gone.md)`", 0),
        ('<img src="pic.png"> <img src="gone.png">', 1),
        ("[gone](gone.md)", 1),
        ("[no such heading](page.md#gone) [nor here](#gone)", 2),
        ("[outside](../)", 1),
    ],
)
def test_broken_links_are_found(text, broken, tmp_path):
    (tmp_path / "page.md").write_text("# A heading\n")
    (tmp_path / "pic.png").touch()
    (tmp_path / "start.md").write_text(f"# Top of all\n\n{text}\n")
    assert len(rules.broken_links([tmp_path / "start.md"], tmp_path)) == broken


def test_a_wrong_table_is_found(tmp_path):
    readme = tmp_path / "README.md"
    lines = rules.table_lines()
    readme.write_text("\n".join(lines))
    assert rules.readme_table_disagrees(readme) == []
    readme.write_text("\n".join(lines[1:]) + "\n| 77 | [Extra](notebooks/77_extra.ipynb) |")
    assert len(rules.readme_table_disagrees(readme)) == 2
