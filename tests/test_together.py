"""Many processes build together: they train, and leave the rest to one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minilm import cli

RECIPE = """
[collect]
sources = ["files:{texts}/*.txt"]

[prepare]
vocab_size = 280
valid = 0.2
test = 0.2

[transformer]
context_length = 16
n_layers = 1
n_heads = 2
d_model = 16

[lstm]
context_length = 16
n_layers = 1
d_model = 16

[train]
steps = 4
batch_size = 2
eval_every = 2
eval_tokens = 100
sample_every = 2
checkpoint_every = 2
device = "cpu"
parallel = "ddp"

[samples]
prompts = ["A"]
max_new_tokens = 5
"""


@pytest.mark.slow
def test_torchrun_trains_what_one_process_has_prepared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(40):
        words = " ".join(f"word{(i * 31 + k * k * 7) % 997}" for k in range(1, 60))
        (tmp_path / f"{i:02}.txt").write_text(f"Text number {i} speaks of {words}.")
    recipe, out = tmp_path / "many.toml", tmp_path / "run"
    recipe.write_text(RECIPE.format(texts=tmp_path.as_posix()))
    arguments = ["--recipe", str(recipe), "--out", str(out)]

    assert cli.main(["prepare", *arguments]) == 0
    together = torchrun("build", *arguments)
    refusal = "minilm: rank 0: tune is work for one process. Run `minilm tune --out"
    assert together.count(refusal) == together.count("minilm: ") == 1
    assert together.count("step 4: valid_bits_per_byte") == 2  # two models, and one voice

    capsys.readouterr()
    assert cli.main(["train", *arguments]) == 0  # a world of one keeps what two have trained
    assert capsys.readouterr().out.count("unchanged, kept") == 4


def torchrun(*arguments: str) -> str:
    """Start two of minilm, which will fail; return all that they say."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "minilm", *arguments]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode != 0, done.stdout
    return done.stdout
