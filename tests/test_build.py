"""The stage engine, with toy stages: skip, rerun, continue, refuse."""

import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from minilm.build import Stage, build
from minilm.errors import MinilmError


def make_recipe(**settings: Any) -> Any:
    return types.SimpleNamespace(name="toy", tables={"toy": settings})


RECIPE = make_recipe(flour=500, heat=220)


def make_stages(log: list[str], fail: str = "") -> tuple[Stage, ...]:
    """A bakery: dough depends on flour, bread on dough and heat, jam on nothing."""

    def body(name: str) -> Any:
        def run(settings: Any, folder: Path, folders: Any) -> None:
            log.append(name)
            for upstream in folders.values():
                assert any(upstream.iterdir())
            (folder / "half.txt").write_text("half")
            if name == fail:
                raise MinilmError(f"{name} burned")
            (folder / "whole.txt").write_text(str(settings))

        return run

    return (
        Stage("dough", "knead", body("dough"), lambda r: r.tables["toy"]["flour"]),
        Stage("jam", "boil", body("jam"), lambda r: None),
        Stage(
            "bake/bread", "bake", body("bake/bread"), lambda r: r.tables["toy"]["heat"], ("dough",)
        ),
    )


def test_a_second_build_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log: list[str] = []
    build(RECIPE, tmp_path / "run", make_stages(log))
    assert log == ["dough", "jam", "bake/bread"]
    assert "peak memory" in capsys.readouterr().out
    build(RECIPE, tmp_path / "run", make_stages(log))
    assert len(log) == 3
    assert capsys.readouterr().out.count("unchanged, kept") == 3


def test_a_changed_recipe_reruns_what_depends_on_it(tmp_path: Path) -> None:
    log: list[str] = []
    build(RECIPE, tmp_path, make_stages(log))
    build(make_recipe(flour=500, heat=180), tmp_path, make_stages(log))
    assert log[3:] == ["bake/bread"]
    build(make_recipe(flour=400, heat=180), tmp_path, make_stages(log))
    assert log[4:] == ["dough", "bake/bread"]


def test_a_goal_runs_only_what_it_needs(tmp_path: Path) -> None:
    log: list[str] = []
    build(RECIPE, tmp_path, make_stages(log), goal="bake")
    assert log == ["dough", "bake/bread"]


def test_a_failed_stage_continues_with_what_it_had(tmp_path: Path) -> None:
    log: list[str] = []
    with pytest.raises(MinilmError, match="jam burned"):
        build(RECIPE, tmp_path, make_stages(log, fail="jam"))
    assert (tmp_path / "jam" / "half.txt").exists()
    assert not (tmp_path / "jam" / "stamp.json").exists()
    build(RECIPE, tmp_path, make_stages(log))
    assert log == ["dough", "jam", "jam", "bake/bread"]
    assert json.loads((tmp_path / "jam" / "stamp.json").read_text())["resumed"]


def test_half_done_work_of_another_recipe_is_emptied_out(tmp_path: Path) -> None:
    log: list[str] = []
    with pytest.raises(MinilmError):
        build(RECIPE, tmp_path, make_stages(log, fail="dough"))
    (tmp_path / "dough" / "half.txt").rename(tmp_path / "dough" / "old.txt")
    build(make_recipe(flour=1, heat=220), tmp_path, make_stages(log))
    assert not (tmp_path / "dough" / "old.txt").exists()


def test_a_recipe_that_fails_does_not_cost_what_was_there(tmp_path: Path) -> None:
    log: list[str] = []
    build(RECIPE, tmp_path, make_stages(log))
    with pytest.raises(MinilmError):
        build(make_recipe(flour=1, heat=220), tmp_path, make_stages(log, fail="dough"))
    build(RECIPE, tmp_path, make_stages(log))
    assert log[3:] == ["dough"]
    build(make_recipe(flour=2, heat=220), tmp_path, make_stages(log))
    assert log[4:] == ["dough", "bake/bread"]
    assert not list(tmp_path.glob(".earlier/**/whole.txt"))


@pytest.mark.parametrize("damage", ["cut", "gone", "stamp"])
def test_damaged_output_is_made_again(tmp_path: Path, damage: str) -> None:
    log: list[str] = []
    build(RECIPE, tmp_path, make_stages(log))
    victim = tmp_path / "jam" / ("stamp.json" if damage == "stamp" else "whole.txt")
    if damage == "cut":
        victim.write_text("")
    else:
        victim.unlink()
    build(RECIPE, tmp_path, make_stages(log))
    assert log[3:] == ["jam"]
    assert (tmp_path / "jam" / "whole.txt").read_text() == "None"


def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(MinilmError, match="not a run of minilm"):
        build(RECIPE, tmp_path, make_stages([]))
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_files_of_the_user_in_a_run_are_kept(tmp_path: Path) -> None:
    build(RECIPE, tmp_path, make_stages([]), goal="dough")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "jam").mkdir()
    (tmp_path / "jam" / "recipe.txt").write_text("grandmother's")
    with pytest.raises(MinilmError, match="did not put there"):
        build(RECIPE, tmp_path, make_stages([]))
    assert (tmp_path / "jam" / "recipe.txt").read_text() == "grandmother's"
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_path_that_cannot_be_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(MinilmError, match="cannot be used as a run folder"):
            build(RECIPE, out, make_stages([]))


def test_two_processes_do_not_build_in_one_run(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, minilm.run_folder\n"
        f"with minilm.run_folder.open_run(pathlib.Path({str(tmp_path)!r})):\n"
        "    print('locked', flush=True); sys.stdin.read()"
    )
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        with pytest.raises(MinilmError, match="Another minilm is building"):
            build(RECIPE, tmp_path, make_stages([]))
        other.kill()  # the system lets go of the lock, whatever happens to the process
        other.wait()
        other.stdin.close()
    build(RECIPE, tmp_path, make_stages([]))
