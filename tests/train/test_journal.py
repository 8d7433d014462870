"""The log holds the history: each row once, whatever happened, and guests only if they came."""

import csv
import importlib
import sys

import pytest

from minilm.errors import MinilmError
from minilm.train.journal import Journal

HISTORY = [
    {"step": 1, "train_loss": 3.5},
    {"step": 2, "train_loss": 3.25, "valid_bits_per_byte": 2.5, "sample": 'one, "two"\nthree'},
    {"step": 3, "train_loss": 3.0},
]


def written(folder):
    with (folder / "log.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def log(folder, history, begin=0, **settings):
    with Journal(folder, **settings) as journal:
        journal.begin(history[:begin])
        for n in range(begin, len(history)):
            journal.write(history[: n + 1])


def test_rows_are_there_as_soon_as_they_are_written(tmp_path):
    journal = Journal(tmp_path)
    journal.begin([])
    for n in range(1, 4):
        journal.write(HISTORY[:n])
        assert [row["step"] for row in written(tmp_path)] == ["1", "2", "3"][:n]
    row = written(tmp_path)[1]
    assert row == {name: str(value) for name, value in HISTORY[1].items()}


def test_a_resumed_run_has_no_row_twice_and_loses_none(tmp_path):
    log(tmp_path, HISTORY)
    with (tmp_path / "log.csv").open("a") as file:
        file.write("4,2.9")  # killed in the middle of a line
    log(tmp_path, HISTORY, begin=1)
    assert [row["step"] for row in written(tmp_path)] == ["1", "2", "3"]


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log(None, HISTORY, log=("tensorboard",))
    assert not list(tmp_path.iterdir())


def test_a_guest_that_is_not_installed_costs_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wandb", None)
    log(tmp_path, HISTORY, log=("wandb",))
    said = capsys.readouterr().err
    assert said.endswith("log.csv alone (pip install wandb)\n")
    assert said.count("\n") == 1
    assert len(written(tmp_path)) == 3


def test_an_unknown_guest_is_an_error(tmp_path):
    with pytest.raises(MinilmError, match="log names 'mlflow'"):
        Journal(tmp_path, log=("mlflow",))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_shows_each_step_once(tmp_path):
    log(tmp_path, HISTORY, log=("tensorboard",))
    log(tmp_path, [HISTORY[0], *({**row, "train_loss": 9.0} for row in HISTORY[1:])], begin=1,
        log=("tensorboard",))  # fmt: skip
    accumulator = importlib.import_module(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator(str(tmp_path / "tensorboard"))
    accumulator.Reload()
    points = [(event.step, event.value) for event in accumulator.Scalars("train_loss")]
    assert points == [(1, 3.5), (2, 9.0), (3, 9.0)]
    assert [event.step for event in accumulator.Scalars("valid_bits_per_byte")] == [2]


class FakeRun:
    def __init__(self):
        self.rows, self.finished = [], False

    def log(self, row, step):
        self.rows.append((step, row))

    def finish(self):
        self.finished = True


def test_wandb_gets_its_rows_and_stays_at_home(tmp_path, monkeypatch):
    asked, run = {}, FakeRun()

    class Fake:
        @staticmethod
        def init(**settings):
            asked.update(settings)
            return run

    monkeypatch.setitem(sys.modules, "wandb", Fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    log(tmp_path, HISTORY, log=("wandb",), config={"steps": 3})
    assert asked["mode"] == "offline"
    assert asked["config"] == {"steps": 3}
    assert [step for step, _ in run.rows] == [1, 2, 3]
    assert run.rows[0][1] == {"train_loss": 3.5}
    assert run.finished
    first = asked["id"]
    log(tmp_path, HISTORY, log=("wandb",))
    assert asked["id"] == first, "a resumed run has another name"
