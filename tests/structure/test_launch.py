"""The launch files: their syntax, their options, and what they do when a job has to end."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch.distributed.run import get_args_parser

LAUNCH = Path(__file__).parents[2] / "launch"
SCRIPTS = sorted(path.name for path in LAUNCH.iterdir())
SBATCH = {  # the directives that are used, as `man sbatch` gives their values
    "job-name": r"[\w-]+",
    "nodes": r"\d+(-\d+)?",
    "ntasks-per-node": r"\d+",
    "gpus-per-node": r"(\w+:)?\d+",
    "cpus-per-task": r"\d+",
    "mem": r"\d+[KMGT]?",
    "time": r"(\d+-)?\d+(:\d\d){0,2}",
    "output": r"\S+",
    "open-mode": "append|truncate",
    "requeue": None,
    "signal": r"([RB]:)?\w+(@\d+)?",
}
pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="the launch files are for bash")


@pytest.mark.parametrize("name", SCRIPTS)
def test_bash_understands_it(name):
    subprocess.run(["bash", "-n", LAUNCH / name], check=True)


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name):
    shellcheck = shutil.which("shellcheck") or Path(sys.executable).with_name("shellcheck")
    if not Path(shellcheck).exists():
        pytest.skip("shellcheck is not installed")
    subprocess.run([shellcheck, LAUNCH / name], check=True)


def test_slurm_understands_the_directives():
    lines = (LAUNCH / "slurm.sbatch").read_text().splitlines()
    first_command = next(n for n, line in enumerate(lines) if line and line[0] != "#")
    directives = [n for n, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert directives
    assert max(directives) < first_command  # Slurm reads no further
    for n in directives:
        name, value = re.fullmatch(r"#SBATCH --([a-z-]+)(?:=(\S+))?(?: +# .+)?", lines[n]).groups()
        wanted = SBATCH[name]
        assert re.fullmatch(wanted, value) if wanted else value is None, lines[n]


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """A folder in which a test writes the commands of a cluster."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def write(**scripts):
        for name, body in scripts.items():
            (tmp_path / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
            (tmp_path / name).chmod(0o755)

    return write


def test_torchrun_gets_options_that_it_knows(commands):
    commands(torchrun='printf "%s\\n" "$@"; echo "$TORCH_DISABLE_SHARE_RDZV_TCP_STORE"')
    done = subprocess.run(
        [LAUNCH / "torchrun.sh", "--out", "runs/a b"], check=True, text=True,
        env={**os.environ, "HOSTS": "2", "PER_HOST": "8"}, stdout=subprocess.PIPE,
    )  # fmt: skip
    *arguments, unshared = done.stdout.splitlines()
    assert unshared == "1"
    options = get_args_parser().parse_args(arguments)
    assert (options.nnodes, options.nproc_per_node, options.max_restarts) == ("2", "8", 3)
    assert (options.rdzv_backend, options.rdzv_endpoint) == ("c10d", "localhost:29400")
    assert options.module
    assert options.training_script == "minilm"
    assert options.training_script_args == ["train", "--out", "runs/a b"]


def test_a_job_whose_time_is_over_writes_its_checkpoint_and_queues_again(commands, tmp_path):
    commands(
        # one torchrun, which needs a moment to end
        srun=f"trap 'sleep 0.2; touch {tmp_path}/checkpoint; exit 143' TERM\n"
        f'echo $$ > {tmp_path}/pid; echo "$MEET $@" > {tmp_path}/started\n'
        "while :; do sleep 0.05; done",
        scancel=f'echo "$@" > {tmp_path}/cancelled; kill -TERM "$(cat {tmp_path}/pid)"',
        scontrol='if [ "$1" = show ]; then echo host0; sleep 0.1; echo host1; else'
        f' ls {tmp_path}/checkpoint && echo "$@" > {tmp_path}/queued; fi',
    )
    slurm = {
        "JOB_ID": "45001", "JOB_NODELIST": "host[0-1]", "JOB_NUM_NODES": "2", "GPUS_ON_NODE": "8",
        "CPUS_PER_TASK": "64", "SUBMIT_DIR": str(LAUNCH.parent),
    }  # fmt: skip
    environment = {**os.environ, **{f"SLURM_{name}": value for name, value in slurm.items()}}
    job = subprocess.Popen(["bash", LAUNCH / "slurm.sbatch", "--out", "x"], env=environment)
    try:
        wait_for(tmp_path / "started")
        job.send_signal(signal.SIGUSR1)
        assert job.wait(timeout=30) == 0
    finally:
        job.kill()
        job.wait()
    where, *arguments = (tmp_path / "started").read_text().split()
    assert where == f"host0:{20000 + 45001 % 20000}"
    assert arguments[-2:] == ["--out", "x"]
    assert Path(arguments[1]) == LAUNCH / "torchrun.sh"
    assert (tmp_path / "cancelled").read_text() == "--signal=TERM 45001\n"
    assert (tmp_path / "queued").read_text() == "requeue 45001\n"


def wait_for(path):
    deadline = time.monotonic() + 30
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)
