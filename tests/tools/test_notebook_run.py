"""`pytest --nbval notebooks` fails where a chapter does not do what it shows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
PRINTS_TWO = [new_output("stream", text="2\n")]


def code(source, outputs=(), *tags):
    return new_code_cell(
        source, outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)}
    )


def box(seconds, megabytes):
    return new_markdown_cell(
        f"Runs in about {seconds} s on 2 CPU cores, peak memory about {megabytes} MB"
    )


CASES = {
    "good": [
        box(3, 60),
        code("print(2)", PRINTS_TWO),
        code("1 + 1;"),  # Jupyter shows no value
        code("import sys\nprint('50 %', file=sys.stderr)"),
        code("print(object())", [new_output("stream", text="<object object at 0x7f00aa>\n")]),
        code("print('took 3.1 ms')", [new_output("stream", text="took 17 μs\n")]),
    ],
    "stale_output": [code("print(3)", PRINTS_TWO)],
    "error": [code("1 / 0")],
    "stale_memory": [box(3, 5000), code("print(2)", PRINTS_TWO)],
    "stale_time": [box(900, 60), code("print(2)", PRINTS_TWO)],
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Run nbval once over all cases; return its output."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "conftest.py", folder / "notebooks")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "tests" / "sanitize.cfg", folder)
    for name, cells in CASES.items():
        nbformat.write(new_notebook(cells=cells), folder / "notebooks" / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-v", "-o", f"pythonpath={ROOT / 'tools'}"]
    command += [
        "--nbval",
        "--nbval-current-env",
        "--nbval-sanitize-with",
        "sanitize.cfg",
        "notebooks",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout


def verdicts(report, name):
    """Return what became of one notebook's tests, in order."""
    return re.findall(rf"/{name}(?:::|\.)ipynb::(?:Cell \d+|box) (\w+) ", report)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("good", ["PASSED"] * 6),
        ("stale_output", ["FAILED", "SKIPPED"]),
        ("error", ["FAILED", "SKIPPED"]),
        ("stale_memory", ["PASSED", "FAILED"]),
        ("stale_time", ["PASSED", "FAILED"]),
    ],
)
def test_the_run_says(report, name, expected):
    assert verdicts(report, name) == expected, report
    assert "Renew it: python tools/execute_notebooks.py" in report
