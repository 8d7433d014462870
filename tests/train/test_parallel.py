"""Many processes are one: the same losses, checkpoints for any number of them, and no hanging."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import ranks
from minilm.errors import MinilmError
from minilm.model.storage import load_model, load_tensors
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.parallel import join
from minilm.train.trainer import Trainer

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


def torchrun(*arguments, **environment):
    """Start torchrun; its output is returned."""
    command = [sys.executable, "-m", "torch.distributed.run", *map(str, arguments)]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1", **environment}, text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def two(root):
    """The histories of two processes."""
    return histories(root, 2, "ddp", "ddp, packed", "fsdp", "fsdp, packed", "fsdp, lion",
                     "fsdp, stopped")  # fmt: skip


@pytest.fixture(scope="module")
def four(root, two):
    """The histories of four processes, which continue what two have begun."""
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
