"""The command line: what it says, what it returns, and that it answers at once."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

import minilm
from minilm import cli
from minilm.errors import MinilmError


def test_help_tells_the_road_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom minilm.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print({'torch', 'numpy', 'matplotlib'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words = ["build", "collect", "prepare", "train", "tune", "evaluate", "report", "generate"]
    places = [out.stdout.index(f"\n    {word}") for word in words]
    assert places == sorted(places)
    assert out.stdout.endswith("set()\n")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"minilm {minilm.__version__}\n"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (MinilmError("The oven is cold."), 2, "minilm: The oven is cold.\n"),
        (OSError(errno.ENOSPC, "No space left on device", "x.bin"), 2, "No space left on device"),
        (
            PermissionError(errno.EACCES, "Permission denied", "x.bin"),
            2,
            "Permission denied: x.bin",
        ),
        (KeyboardInterrupt(), 130, "stopped; run the same command to continue"),
    ],
)
def test_errors_are_one_line_and_a_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    words: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "choose_recipe", fail)
    assert cli.main(["build"]) == status
    out, err = capsys.readouterr()
    assert words in err
    assert "Traceback" not in err
    assert out == ""


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "choose_recipe", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["build"])


def test_a_run_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", "--run", str(tmp_path / "nowhere")]) == 2
    assert "nowhere holds no trained transformer" in capsys.readouterr().err


def test_a_run_goes_on_with_its_own_recipe(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("[train]\nsteps = 7\n")
    assert cli.choose_recipe(None, tmp_path, ()).train.steps == 7
    assert cli.choose_recipe("recipes/smoke.toml", tmp_path, ()).train.steps != 7
    assert cli.choose_recipe(None, None, ()).name == "laptop"
    assert cli.choose_recipe(None, tmp_path, ("sotu",)).collect.sources == ("sotu",)
