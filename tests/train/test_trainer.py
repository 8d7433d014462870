"""The loop learns, and a run that is killed ends exactly as one that is not."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.lstm import LSTM, LSTMConfig
from minilm.model.storage import load_model, load_tensors
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards, write_shards
from minilm.train.trainer import Trainer, TrainerConfig

CONFIG = TrainerConfig(
    steps=12, batch_size=4, warmup=0.2, decay=0.5, eval_every=5, eval_tokens=200, sample_every=6,
    checkpoint_every=3, device="cpu",
)  # fmt: skip
CLOCKS = ("seconds", "tokens_per_second")


@pytest.fixture
def shards(tmp_path):
    """A stream with something to learn: each token tells the next one."""
    ids = np.arange(4000) * 7 % 30
    for part in ("train", "valid"):
        folder = tmp_path / part
        write_shards([ids], folder, vocab_size=30, token_lengths=[2] * 30, n_bytes=8000)
    return TokenShards.open(tmp_path / "train"), TokenShards.open(tmp_path / "valid")


def small(kind="transformer", seed=0):
    torch.manual_seed(seed)
    if kind == "lstm":
        return LSTM(LSTMConfig(vocab_size=30, context_length=16, d_model=16))
    return Transformer(
        TransformerConfig(vocab_size=30, context_length=16, n_layers=2, n_heads=2, d_model=16)
    )


def without_clocks(history):
    return [{key: row[key] for key in row if key not in CLOCKS} for row in history]


@pytest.mark.parametrize("kind", ["transformer", "lstm"])
@pytest.mark.parametrize("muon", [0.02, 0.0])
def test_it_learns_and_says_so(shards, kind, muon):
    config = replace(CONFIG, steps=60, learning_rate=0.02, muon_learning_rate=muon)
    history = Trainer(small(kind), config, *shards).fit()
    assert [row["step"] for row in history] == list(range(1, 61))
    assert history[-1]["train_loss"] < 0.5 * history[0]["train_loss"]
    evaluations = [row["valid_bits_per_byte"] for row in history if "valid_bits_per_byte" in row]
    assert len(evaluations) == 12
    assert evaluations[-1] < evaluations[0]
    assert history[-1]["tokens"] == 60 * 4 * 16


def test_validation_is_in_bits_per_byte(shards):
    trainer = Trainer(small(), CONFIG, *shards)
    with torch.no_grad():
        for weight in trainer.model.parameters():
            weight.zero_()  # every token equally likely: log2(30) bits, 2 bytes each
    assert trainer.evaluate() == pytest.approx(np.log2(30) / 2, abs=1e-5)


def test_accumulated_mini_batches_equal_one_batch(shards):
    whole = Trainer(small(), replace(CONFIG, batch_size=8), *shards)
    parts = Trainer(small(), replace(CONFIG, batch_size=2, accumulate=4), *shards)
    losses = [[row["train_loss"] for row in trainer.fit()] for trainer in (whole, parts)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    for mine, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-3)


def test_stopped_between_steps_and_continued_equals_uninterrupted(shards, tmp_path):
    class StopError(Exception):
        pass

    class Stopping(Trainer):
        def train_step(self, step):
            if step == 8:  # two steps after the last checkpoint: they are done again
                raise StopError
            return super().train_step(step)

    straight = Trainer(small(), CONFIG, *shards, folder=tmp_path / "a", sample=lambda m: "s")
    history = straight.fit()
    with pytest.raises(StopError):
        Stopping(small(), CONFIG, *shards, folder=tmp_path / "b", sample=lambda m: "s").fit()
    resumed = Trainer(small(seed=9), CONFIG, *shards, folder=tmp_path / "b", sample=lambda m: "s")
    assert without_clocks(resumed.fit()) == without_clocks(history)
    for name in ("checkpoint", "model"):
        mine, other = (load_tensors(tmp_path / run / f"{name}.safetensors")[0] for run in "ab")
        assert mine.keys() == other.keys()
        assert all(mine[key].equal(other[key]) for key in mine), "not bit for bit"
    assert load_model(tmp_path / "b" / "model.safetensors").config == straight.model.config


KILLED = """
import sys
from tests_train import CONFIG, small
from pathlib import Path
from dataclasses import replace
from minilm.prepare.shards import TokenShards
from minilm.train.trainer import Trainer
root = Path(sys.argv[1])
shards = [TokenShards.open(root / part) for part in ("train", "valid")]
Trainer(small(), replace(CONFIG, steps=100000), *shards, folder=root / "killed").fit()
"""


def test_killed_without_warning_leaves_a_whole_checkpoint(shards, tmp_path):
    script = KILLED.replace(
        "from tests_train import CONFIG, small",
        "import importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('tests_train', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "CONFIG, small = module.CONFIG, module.small",
    )
    checkpoint = tmp_path / "killed" / "checkpoint.safetensors"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = len(load_tensors(checkpoint)[1]["progress"]["history"])
    assert done % 3 == 0
    with pytest.raises(MinilmError, match="other settings"):  # and it is not silently reused
        Trainer(small(), CONFIG, *shards, folder=tmp_path / "killed").fit()


def test_a_loss_that_is_not_a_number_stops_the_run(shards):
    trainer = Trainer(small(), CONFIG, *shards)
    with torch.no_grad():
        trainer.model.norm.weight.fill_(float("nan"))
    with pytest.raises(MinilmError, match="not a number at step 1"):
        trainer.fit()
