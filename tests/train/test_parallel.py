"""Many processes are one: the same losses, checkpoints for any number of them, and no hanging."""

import json
import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.storage import load_model
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.parallel import Replicas, close_group, join, open_group, own_device
from minilm.train.sharded import Shards
from minilm.train.trainer import Trainer

sys.path.append(str(Path(__file__).parent))
import ranks

RANKS = Path(ranks.__file__)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Shards with documents of many lengths; each token tells the next one."""
    root, generator = tmp_path_factory.mktemp("ranks"), np.random.default_rng(0)
    for part, n in (("train", 300), ("valid", 40)):
        sizes = generator.integers(1, 25, n)
        pieces = [(np.arange(size) * 7 + generator.integers(30)) % 30 for size in sizes]
        write_shards(pieces, root / part, vocab_size=30, token_lengths=[2] * 30)
    return root


@pytest.fixture(autouse=True)
def alone_again():
    """Leave the group that a test has made in this process."""
    yield
    close_group()


def torchrun(*arguments, **environment):
    """Start torchrun; its output is returned."""
    command = [sys.executable, "-m", "torch.distributed.run", *map(str, arguments)]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1", **environment}, text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


def free_port():
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def two(root):
    """The histories of two processes."""
    names = [
        "ddp",
        "ddp, packed",
        "fsdp",
        "fsdp, packed",
        "fsdp, lion",
        "fsdp, stopped",
        "fsdp, bad",
    ]
    return histories(root, 2, *names)


@pytest.fixture(scope="module")
def four(root, two):
    """The histories of four processes, which continue what two have begun."""
    shutil.copytree(root / "fsdp-stopped", root / "stopped-by-two")
    return histories(root, 4, "ddp, packed", "fsdp", "fsdp, continued")


def histories(root, size, *names):
    status, output = torchrun("--standalone", "--nproc-per-node", size, RANKS, root, *names)
    assert status == 0, output
    return json.loads((root / f"{size}.json").read_text())


def alone(root, name, **changes):
    """The history of one process with the same settings, but for those that are changed."""
    kind = "lstm" if name == "ddp, packed" else "transformer"
    shards = [TokenShards.open(root / part) for part in ("train", "valid")]
    config = ranks.config(**ranks.RUNS[name] | {"parallel": "none"} | changes)
    return Trainer(ranks.model(kind), config, *shards, sample=ranks.sample).fit()


def assert_same(history, expected):
    assert [row["tokens"] for row in history] == [row["tokens"] for row in expected]
    for key, digits in (("train_loss", 1e-5), ("valid_bits_per_byte", 1e-5), ("grad_norm", 2e-3)):
        mine, others = ([row[key] for row in rows if key in row] for rows in (history, expected))
        assert mine == pytest.approx(others, abs=digits)
    assert [row.get("sample") for row in history] == [row.get("sample") for row in expected]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ddp", "ddp, packed", "fsdp", "fsdp, packed", "fsdp, lion"])
def test_two_processes_are_one(root, two, name):
    assert_same(two[name], alone(root, name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ddp, packed", "fsdp"])
def test_four_processes_are_one(root, four, name):
    assert_same(four[name], alone(root, name))


@pytest.mark.slow
def test_a_number_gone_bad_on_one_rank_stops_all(two):
    """Rank 0 did not hold it, but it gathers it, and says where it met it; nobody waits."""
    (message,) = two["fsdp, bad"]
    assert "not a number at step 2" in message
    assert "the output of blocks.1.attention_norm is the first that is not finite" in message


@pytest.mark.slow
def test_shards_of_two_are_continued_by_four_and_end_as_one_file(root, two, four):
    expected, continued = alone(root, "fsdp"), four["fsdp, continued"]
    assert_same(continued, expected)
    assert continued[:4] == two["fsdp, stopped"]  # not trained again

    trainer = sharded_by_one(root / "fsdp-stopped")
    trainer.resume()
    assert trainer.history == continued
    finished = load_model(root / "fsdp-stopped" / "model.safetensors")
    for name, weight in trainer.model.state_dict().items():
        assert weight.full_tensor().equal(finished.state_dict()[name]), name


@pytest.mark.slow
def test_shards_of_two_are_continued_by_one(root, two, four, tmp_path):
    folder = tmp_path / "one"
    shutil.copytree(root / "stopped-by-two", folder)
    assert_same(sharded_by_one(folder, root).fit(), alone(root, "fsdp"))


@pytest.mark.slow
def test_two_hosts_lose_a_process_and_end_as_if_nothing_had_happened(root):
    """Two agents meet on the loopback. A rank is killed, and in the next life one asked to stop."""
    agent = ["--nnodes", 2, "--nproc-per-node", 1, "--rdzv-backend", "c10d", "--rdzv-id", "both",
             "--rdzv-endpoint", f"127.0.0.1:{free_port()}", "--local-addr", "127.0.0.1",
             "--max-restarts", 2, "--monitor-interval", 0.1, RANKS, root, "ddp, hit"]  # fmt: skip
    with ThreadPoolExecutor(2) as hosts:
        both = [
            hosts.submit(torchrun, *agent, TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1") for _ in "12"
        ]
        ends = [host.result() for host in both]
    output = "\n".join(text for _, text in ends)
    assert [status for status, _ in ends] == [0, 0], output
    assert "exitcode: -9" in output
    assert "Stopped after step 7 of 9." in output
    history = json.loads((root / "2.json").read_text())["ddp, hit"]
    assert_same(history, alone(root, "ddp, hit"))


def test_one_process_needs_no_others(root):
    """The same settings on one device: a world of one, and the losses of no parallelism at all."""
    assert_same(alone(root, "ddp", parallel="ddp"), alone(root, "ddp"))


def test_several_processes_must_know_what_for(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(MinilmError, match=r'4 processes were started.*parallel = "ddp"'):
        join("none", "cpu")
    with pytest.raises(MinilmError, match="parallel is 'dp'"):
        join("dp", "cpu")


def test_a_rank_without_a_gpu_says_so(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(MinilmError, match="Process 2 of this host"):
        own_device(torch.device("cuda"), size=3)
    with pytest.raises(MinilmError, match="cannot share an mps device"):
        own_device(torch.device("mps"), size=2)
    assert own_device(torch.device("cuda"), size=1) == torch.device("cuda")


def test_a_rank_that_waits_in_vain_gives_up(monkeypatch):
    """The other one never comes."""
    for name, value in {"RANK": 1, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("MASTER_PORT", str(free_port()))
    with pytest.raises(Exception, match=r"(?i)timed out|timeout"):
        join("ddp", "cpu", patience=0.5)


def test_damaged_shards_are_noticed(root, tmp_path):
    trainer = sharded_by_one(tmp_path / "run", root)
    trainer.fit()
    newest, *older = sorted((tmp_path / "run").glob("checkpoint-*"), reverse=True)
    assert not older  # what came before the end is not needed any more
    shard = next(newest.glob("*.safetensors"))
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    with pytest.raises(MinilmError, match=r"No checkpoint in .* can be read. Delete checkpoint-6"):
        sharded_by_one(tmp_path / "run", root).resume()


def sharded_by_one(folder, root=None, kind=Trainer):
    """A trainer of shards that is its own and only rank."""
    shards = [TokenShards.open((root or folder.parent) / part) for part in ("train", "valid")]
    config = ranks.config(**ranks.RUNS["fsdp"])
    return kind(ranks.model("transformer"), config, *shards, folder=folder, sample=ranks.sample)


def test_shards_and_single_files_are_not_taken_for_each_other(root, tmp_path):
    sharded_by_one(tmp_path / "shards", root).fit()
    config = ranks.config()
    shards = [TokenShards.open(root / part) for part in ("train", "valid")]
    with pytest.raises(MinilmError, match="in shards"):
        Trainer(ranks.model("transformer"), config, *shards, folder=tmp_path / "shards").resume()
    Trainer(ranks.model("transformer"), config, *shards, folder=tmp_path / "file").fit()
    with pytest.raises(MinilmError, match="in one file"):
        sharded_by_one(tmp_path / "file", root).resume()


def stopped_after_two_checkpoints(root, folder):
    trainer = sharded_by_one(folder, root, kind=ranks.Stopping)
    with pytest.raises(ranks.StoppedError):
        trainer.fit()
    assert sorted(path.name for path in folder.glob("checkpoint-*")) == [
        "checkpoint-2",
        "checkpoint-4",
    ]
    return folder


def test_the_checkpoint_before_the_last_is_there_if_it_is_needed(root, tmp_path, capsys):
    folder = stopped_after_two_checkpoints(root, tmp_path / "run")
    doubting, healthy, damaged = (sharded_by_one(folder, root) for _ in range(3))
    healthy.resume()
    doubting.resume(doubted=True)
    assert (len(healthy.history), len(doubting.history)) == (4, 2)
    assert "damaged" not in capsys.readouterr().err

    shard = next((folder / "checkpoint-4").glob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:-1])
    damaged.resume()
    assert len(damaged.history) == 2
    assert "checkpoint-4 is damaged" in capsys.readouterr().err
    assert_same(damaged.fit(), alone(root, "fsdp"))


def test_half_a_checkpoint_is_none(root, tmp_path):
    """What a killed process left unfinished is not read, and cleared away by the next one."""
    folder = stopped_after_two_checkpoints(root, tmp_path / "run")
    unfinished = folder / ".checkpoint-5"
    shutil.copytree(folder / "checkpoint-2", unfinished)
    trainer = sharded_by_one(folder, root)
    trainer.resume()
    assert len(trainer.history) == 4
    trainer.checkpoint()
    assert not unfinished.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_disk_that_takes_no_more_costs_nothing(root, tmp_path):
    import resource

    folder = stopped_after_two_checkpoints(root, tmp_path / "run")
    trainer = sharded_by_one(folder, root)
    trainer.resume()
    trainer.history.append({})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(MinilmError, match=r"checkpoint-5 was not written: .*File too large"):
            trainer.checkpoint()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    again = sharded_by_one(folder, root)
    again.resume()
    assert len(again.history) == 4


def test_gradients_travel_once_a_step():
    """All other mini-batches add up where they are: for replicas and for shards."""
    device = torch.device("cpu")
    open_group(device, 0, 1, patience=10)
    replicas = Replicas(device)
    replica = replicas.place(ranks.model("transformer"))
    for last in (False, True):
        with replicas.adding_up(last=last):
            assert replica.require_backward_grad_sync == last
    shards = Shards(device)
    model = shards.place(ranks.model("transformer"))
    for last in (False, True):
        model.zero_grad()
        with shards.adding_up(last=last):
            model(torch.zeros(1, 2, dtype=torch.int64)).sum().backward()
        assert (model.norm.weight.grad is not None) == last  # no share of a sum, until the last
