"""Whatever stops a run, and wherever: what comes out in the end is the same, bit for bit."""

import csv
import errno
import multiprocessing
import os
import random
import signal
import threading
import time

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.storage import load_tensors

FILES = ("checkpoint.safetensors", "model.safetensors")
CLOCKS = ("seconds", "tokens_per_second")


@pytest.fixture
def runs(monkeypatch, pytestconfig):
    """The module with the run, under a name that another process can import."""
    monkeypatch.syspath_prepend(pytestconfig.rootpath / "tests" / "train")
    import killed_run

    return killed_run


def outcome(folder):
    """All that a finished run leaves behind, but for its clocks."""
    tensors = {name: load_tensors(folder / name)[0] for name in FILES}
    with (folder / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    history = load_tensors(folder / "checkpoint.safetensors")[1]["progress"]["history"]
    assert [int(row["step"]) for row in rows] == [row["step"] for row in history]
    for row in (*rows, *history):
        for clock in CLOCKS:
            del row[clock]
    return tensors, rows, history


def assert_same(one, other):
    (tensors, *tables), (other_tensors, *other_tables) = outcome(one), outcome(other)
    assert tables == other_tables
    for name in FILES:
        assert tensors[name].keys() == other_tensors[name].keys()
        for key, tensor in tensors[name].items():
            assert tensor.equal(other_tensors[name][key]), f"{name}: {key} differs"


@pytest.mark.parametrize("every", [1, 4])
def test_killed_at_any_moment(shards, tmp_path, runs, every):
    """Kill, start again, kill again ... until one run comes to its end."""
    changes = {"steps": 12, "checkpoint_every": every}
    start = time.perf_counter()
    runs.trainer(tmp_path, "straight", **changes).fit()
    whole = time.perf_counter() - start
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["minilm.train.trainer"])  # so torch is imported once
    generator, lives = random.Random(every), 0
    while not (tmp_path / "killed" / "model.safetensors").exists():
        lives += 1  # each begins with other weights, which a checkpoint has to replace
        seed = 0 if not (tmp_path / "killed" / "checkpoint.safetensors").exists() else lives
        process = server.Process(target=runs.run, args=(tmp_path, "killed", seed), kwargs=changes)
        process.start()
        process.join(60 if lives > 9 else generator.uniform(0.02, 0.5 * whole))
        process.kill()
        process.join()
    assert lives > 3
    assert_same(tmp_path / "straight", tmp_path / "killed")


@pytest.fixture(autouse=True)
def _listening_to_ctrl_c():
    """A shell that starts the tests in the background lets them ignore SIGINT; a test may not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("step", [1, 8, 11])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_asked_to_stop_it_finishes_the_step(shards, tmp_path, runs, step, name, capsys):
    runs.trainer(tmp_path, "straight").fit()
    run = runs.trainer(tmp_path, "stopped")
    number, add_gradients = getattr(signal, name), run.add_gradients

    def interrupted(*batch):
        if len(run.history) + 1 == step:
            signal.raise_signal(number)
        return add_gradients(*batch)

    run.add_gradients = interrupted
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt if name == "SIGINT" else SystemExit) as stop:
        run.fit()
    assert name == "SIGINT" or stop.value.code == 143
    assert f"{name}: finishing this step" in capsys.readouterr().err
    assert signal.getsignal(number) == before
    about = load_tensors(tmp_path / "stopped" / "checkpoint.safetensors")[1]
    assert len(about["progress"]["history"]) == step
    runs.trainer(tmp_path, "stopped", seed=5).fit()
    assert_same(tmp_path / "straight", tmp_path / "stopped")


def test_a_second_signal_acts_at_once(shards, tmp_path, runs):
    run = runs.trainer(tmp_path, "stopped")

    def interrupted(*batch):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    run.add_gradients = interrupted
    with pytest.raises(KeyboardInterrupt):
        run.fit()
    assert not (tmp_path / "stopped" / "checkpoint.safetensors").exists()


def test_another_thread_hears_no_signals_and_trains(shards, tmp_path, runs):
    thread = threading.Thread(target=runs.trainer(tmp_path, "threaded").fit)
    thread.start()
    thread.join()
    assert (tmp_path / "threaded" / "model.safetensors").exists()


@pytest.mark.parametrize("where", ["checkpoint", "log"])
def test_a_full_disk_costs_nothing_that_was_saved(shards, tmp_path, runs, where, monkeypatch):
    runs.trainer(tmp_path, "straight").fit()
    run = runs.trainer(tmp_path, "full")
    if where == "checkpoint":
        fsync, calls = os.fsync, []

        def full(file):
            calls.append(file)
            if len(calls) > 6:
                raise OSError(errno.ENOSPC, "No space left on device")
            fsync(file)

        monkeypatch.setattr(os, "fsync", full)
    else:
        train_step = run.train_step

        def fill(step):
            (tmp_path / "full" / "log.csv").unlink(missing_ok=True)
            if step == 7:
                (tmp_path / "full" / "log.csv").symlink_to("/dev/full")
            return train_step(step)

        run.train_step = fill
    with pytest.raises(MinilmError, match="The disk is full"):
        run.fit()
    monkeypatch.undo()
    about = load_tensors(tmp_path / "full" / "checkpoint.safetensors")[1]
    assert len(about["progress"]["history"]) > 2
    monkeypatch.syspath_prepend(os.path.dirname(runs.__file__))
    runs.trainer(tmp_path, "full", seed=5).fit()
    assert_same(tmp_path / "straight", tmp_path / "full")


@pytest.mark.parametrize("harm", ["a bit", "half", "gone"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(shards, tmp_path, runs, harm, capsys):
    class StopError(Exception):
        pass

    runs.trainer(tmp_path, "straight").fit()
    run = runs.trainer(tmp_path, "damaged")
    train_step = run.train_step

    def stop(step):
        if step == 14:
            raise StopError
        return train_step(step)

    run.train_step = stop
    with pytest.raises(StopError):
        run.fit()
    newest = tmp_path / "damaged" / "checkpoint.safetensors"
    data = bytearray(newest.read_bytes())
    if harm == "gone":
        newest.unlink()  # killed between the two renamings
    elif harm == "half":
        newest.write_bytes(data[: len(data) // 2])
    else:
        data[-100] ^= 1
        newest.write_bytes(data)
    resumed = runs.trainer(tmp_path, "damaged", seed=5)
    resumed.resume()
    assert len(resumed.history) == 9
    assert ("is damaged" in capsys.readouterr().err) == (harm != "gone")
    resumed.fit()
    assert_same(tmp_path / "straight", tmp_path / "damaged")
    assert not list((tmp_path / "damaged").glob("checkpoint.[bn]*"))


def test_two_damaged_checkpoints_are_an_error(shards, tmp_path, runs):
    (tmp_path / "damaged").mkdir()
    for name in ("checkpoint.safetensors", "checkpoint.before.safetensors"):
        (tmp_path / "damaged" / name).write_bytes(b"nothing")
    with pytest.raises(MinilmError, match=r"No checkpoint in .* can be read. Delete checkpoint"):
        runs.trainer(tmp_path, "damaged").fit()


def test_a_checkpoint_from_before_a_setting_existed_is_accepted(shards, tmp_path, runs):
    from minilm.model.storage import save_tensors

    run = runs.trainer(tmp_path, "old", steps=12)
    run.fit()
    path = tmp_path / "old" / "checkpoint.safetensors"
    tensors, about = load_tensors(path)
    for name in ("compile", "on_bad_step", "optimizer", "schedule", "precision", "parallel"):
        del about["progress"]["config"][name]
    del about["progress"]["scaler"], about["progress"]["bad_steps"]
    save_tensors(tensors, about, path)
    runs.trainer(tmp_path, "old", steps=12, device="auto").fit()
    for changes in ({"optimizer": "lion"}, {"compile": True}, {"clip": 2.0}):
        with pytest.raises(MinilmError, match=f"other settings \\({next(iter(changes))}\\)"):
            runs.trainer(tmp_path, "old", steps=12, **changes).fit()


@pytest.mark.parametrize("optimizer", ["adamw", "lion", "sgd"])
@pytest.mark.parametrize("schedule", ["wsd", "cosine", "linear"])
def test_every_optimiser_and_schedule_resumes(shards, tmp_path, runs, optimizer, schedule):
    changes = {"optimizer": optimizer, "schedule": schedule, "steps": 12, "learning_rate": 1e-3}
    runs.trainer(tmp_path, "straight", **changes).fit()
    run = runs.trainer(tmp_path, "stopped", **changes)
    run.look = lambda step, row: step == 6 and signal.raise_signal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        run.fit()
    runs.trainer(tmp_path, "stopped", seed=5, **changes).fit()
    mine, other = (load_tensors(tmp_path / n / FILES[1])[0] for n in ("straight", "stopped"))
    assert all(mine[key].equal(other[key]) for key in mine)


def test_float16_resumes_with_its_scale(shards, tmp_path, runs):
    changes = {"precision": "float16", "steps": 12}
    straight, stopped = (runs.trainer(tmp_path, n, **changes) for n in ("straight", "stopped"))
    for run in (straight, stopped):
        run.scaler.scale = 2.0**24
    history = straight.fit()
    assert history[0]["grad_norm"] is None
    assert history[-1]["grad_norm"] > 0
    assert straight.scaler.scale < 2.0**24
    stopped.look = lambda step, row: step == 6 and signal.raise_signal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        stopped.fit()
    resumed = runs.trainer(tmp_path, "stopped", seed=5, **changes)
    resumed.fit()
    assert resumed.scaler.state() == straight.scaler.state()
    for one, other in zip(straight.model.parameters(), resumed.model.parameters(), strict=True):
        assert one.equal(other)
    assert torch.isfinite(torch.cat([w.flatten() for w in straight.model.parameters()])).all()
