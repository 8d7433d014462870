"""A sweep chooses, prunes, remembers, shares its trials, and survives its own death."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import optuna
import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.sweep import between, log_between, one_of, open_study, sweep, whole_between
from minilm.train.trainer import Trainer, TrainerConfig

optuna.logging.set_verbosity(optuna.logging.WARNING)
SPACE = {"x": between(-1, 1), "rate": log_between(1e-4, 1)}


def bowl(settings, report):
    """The best is x = 0.3, rate = 0.01; a run reports its way down."""
    end = (settings["x"] - 0.3) ** 2 + np.log10(settings["rate"] / 0.01) ** 2
    for step in range(1, 5):
        report(step, end + 1 / step)
    return end


def states(trials):
    return [trial.state.name for trial in trials]


def test_it_finds_the_bottom_and_prunes_on_the_way(tmp_path):
    trials = sweep(bowl, SPACE, tmp_path, 16)
    assert len(trials) == 16
    assert set(states(trials)) == {"COMPLETE", "PRUNED"}
    assert states(trials)[:4] == ["COMPLETE"] * 4  # nothing to compare with yet
    best = json.loads((tmp_path / "best.json").read_text())
    assert best["score"] == min(trial.value for trial in trials if trial.state.name == "COMPLETE")
    assert best["score"] < 0.4
    assert bowl(best["settings"], lambda step, score: None) == pytest.approx(best["score"])
    pruned = next(trial for trial in trials if trial.state.name == "PRUNED")
    earlier = [t for t in trials if t.number < pruned.number and t.state.name == "COMPLETE"]
    step = max(pruned.intermediate_values)
    median = np.median([trial.intermediate_values[step] for trial in earlier])
    assert pruned.intermediate_values[step] > median


def test_choices_stay_in_their_space(tmp_path):
    space = {"n": whole_between(1, 3), "kind": one_of("a", "b"), "rate": log_between(1e-3, 1e-1)}
    trials = sweep(lambda settings, report: settings["rate"], space, tmp_path, 12)
    assert {trial.params["n"] for trial in trials} == {1, 2, 3}
    assert {trial.params["kind"] for trial in trials} == {"a", "b"}
    assert all(1e-3 <= trial.params["rate"] <= 1e-1 for trial in trials)


def test_in_pieces_it_is_the_same_sweep(tmp_path):
    whole = sweep(bowl, SPACE, tmp_path / "whole", 5)
    for n_trials in (2, 3, 5):
        pieces = sweep(bowl, SPACE, tmp_path / "pieces", n_trials)
        assert len(pieces) == n_trials
    assert [trial.params for trial in pieces] == [trial.params for trial in whole]
    assert sweep(None, SPACE, tmp_path / "pieces", 5)  # done: nothing is run
    other = sweep(bowl, SPACE, tmp_path / "other", 1, seed=1)
    assert other[0].params != whole[0].params


def test_a_run_that_breaks_costs_its_trial_alone(tmp_path):
    def breaks(settings, report):
        if settings["x"] < 0:
            raise MinilmError("The loss is not a number at step 3.")
        return settings["x"]

    trials = sweep(breaks, SPACE, tmp_path / "some", 7)
    broken = [trial for trial in trials if trial.params["x"] < 0]
    assert broken
    assert all(trial.user_attrs["error"].endswith("step 3.") for trial in broken)
    assert json.loads((tmp_path / "some" / "best.json").read_text())["settings"]["x"] > 0
    with pytest.raises(MinilmError, match=r"came to its end. The loss is not a number at step 3\."):
        sweep(breaks, {"x": between(-2, -1)}, tmp_path / "all", 3)


def test_other_errors_are_not_swallowed(tmp_path):
    with pytest.raises(ZeroDivisionError):
        sweep(lambda settings, report: 1 / 0, SPACE, tmp_path, 3)
    assert len(sweep(bowl, SPACE, tmp_path, 3)) == 3  # and the sweep can go on


def test_the_best_file_holds_the_recipe_and_guards_it(tmp_path):
    recipe = {"steps": 30, "sizes": [16, 32]}
    sweep(bowl, SPACE, tmp_path, 2, recipe=recipe)
    assert json.loads((tmp_path / "best.json").read_text())["recipe"] == recipe
    sweep(bowl, SPACE, tmp_path, 3, recipe=recipe)
    with pytest.raises(MinilmError, match="another recipe"):
        sweep(bowl, SPACE, tmp_path, 4, recipe=recipe | {"steps": 60})


def test_a_damaged_database_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    (tmp_path / "sweep.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(MinilmError, match="cannot be opened: file is not a database"):
        sweep(bowl, SPACE, tmp_path, 1)


WORKER = """
    import os, sys, time
    import optuna
    from minilm.train.sweep import between, sweep

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def run(settings, report):
        for step in range(1, 6):
            time.sleep({pause})
            report(step, settings["x"] ** 2)
        with open({log!r}, "a") as file:
            file.write(f"{{os.getpid()}} {{settings['x']:.6f}}\\n")
        return settings["x"] ** 2

    sweep(run, {{"x": between(-1, 1)}}, {folder!r}, {n_trials}, heartbeat=1)
"""


def worker(tmp_path, pause, n_trials):
    code = textwrap.dedent(WORKER).format(
        pause=pause, folder=str(tmp_path), log=str(tmp_path / "log"), n_trials=n_trials
    )
    return subprocess.Popen([sys.executable, "-W", "error", "-c", code])


def test_a_killed_sweep_goes_on(tmp_path):
    process = worker(tmp_path, 0.1, 100)
    log = tmp_path / "log"
    while not log.exists() or len(log.read_text().splitlines()) < 3:
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(0.2)  # well inside the next run
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    study = open_study(tmp_path, {}, heartbeat=1)
    before = study.get_trials()
    running = [trial for trial in before if trial.state.name == "RUNNING"]
    assert len(running) == 1
    time.sleep(4.1)  # its heart has stopped for long enough; SQLite counts whole seconds
    trials = sweep(
        lambda settings, report: settings["x"] ** 2, {"x": between(-1, 1)}, tmp_path,
        len(before) + 2, heartbeat=1,
    )  # fmt: skip
    finished = [trial for trial in before if trial.state.name in ("COMPLETE", "PRUNED")]
    assert [t.params for t in trials[: len(finished)]] == [t.params for t in finished]
    assert study.get_trials()[running[0].number].state.name == "FAIL"
    again = trials[len(finished)]
    assert again.params == running[0].params  # the same settings, tried again
    assert again.number == running[0].number + 1


def test_two_processes_share_the_trials(tmp_path):
    processes = [worker(tmp_path, 0.03, 10) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    trials = open_study(tmp_path, {}).get_trials()
    assert {trial.state.name for trial in trials} <= {"COMPLETE", "PRUNED"}
    assert len(trials) in (10, 11)  # the second may have been in the middle of one
    assert len({trial.params["x"] for trial in trials}) == len(trials)  # none drawn twice
    pids = [line.split()[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert len(set(pids)) == 2


def test_a_trial_is_a_run_of_the_trainer(tmp_path):
    """A real, tiny run: a stream in which each token tells the next."""
    for part in ("train", "valid"):
        ids = np.arange(2000) * 7 % 30
        write_shards([ids], tmp_path / part, vocab_size=30, token_lengths=[2] * 30)
    train, valid = TokenShards.open(tmp_path / "train"), TokenShards.open(tmp_path / "valid")

    def run(settings, report):
        torch.manual_seed(0)
        model = Transformer(TransformerConfig(30, context_length=16, n_layers=1, d_model=16))
        config = TrainerConfig(
            steps=20, batch_size=4, muon_learning_rate=0.0, eval_every=5, eval_tokens=200,
            device="cpu", **settings,
        )  # fmt: skip
        history = Trainer(
            model, config, train, valid,
            on_evaluation=lambda step, scores: report(step, scores["valid_bits_per_byte"]),
        ).fit()  # fmt: skip
        return history[-1]["valid_bits_per_byte"]

    space = {"learning_rate": one_of(1e-5, 1e-3, 3e-2)}
    trials = sweep(run, space, tmp_path / "sweep", 7)
    assert "PRUNED" in states(trials)
    assert all(set(trial.intermediate_values) <= {5, 10, 15, 20} for trial in trials)
    best = json.loads((tmp_path / "sweep" / "best.json").read_text())
    assert best["settings"] == {"learning_rate": 3e-2}
