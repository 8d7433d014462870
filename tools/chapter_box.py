"""The box of a chapter says how long it runs and how much memory it needs; this measures both.

A notebook's box holds one line, `Runs in about 12 s on 2 CPU cores, peak memory about 600 MB`. The
seconds are those of the reference machine: a short fixed piece of work tells how much slower or
busier this machine is, and measured times are divided by that. `tools/execute_notebooks.py` writes
the line, `notebooks/conftest.py` compares it with what the test run measures.
"""

import contextlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minilm  # noqa: F401  (sets how OpenMP's threads wait, which torch reads when it is imported)

LINE = re.compile(r"Runs in about (\d+) s on 2 CPU cores, peak memory about (\d+) MB")

# What `workload` takes on the reference machine: 2 cores, otherwise idle, the best of 25 runs.
REFERENCE_SECONDS = 0.35


@dataclass(frozen=True)
class Box:
    """Seconds on the reference machine and peak memory in megabytes (10^6 bytes)."""

    seconds: float
    megabytes: float

    def __str__(self) -> str:
        seconds, megabytes = max(1, _round(self.seconds)), max(50, round(self.megabytes / 50) * 50)
        return f"Runs in about {seconds} s on 2 CPU cores, peak memory about {megabytes} MB"


def read_box(notebook: dict[str, Any]) -> Box | None:
    """Return the box that the notebook's markdown states, None if it states none."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (found := LINE.search("".join(cell["source"]))):
            return Box(float(found[1]), float(found[2]))
    return None


def write_box(notebook: dict[str, Any], measured: Box) -> bool:
    """Put the measured numbers into the notebook's box; False if it has no box."""
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and LINE.search(text):
            cell["source"] = LINE.sub(str(measured), text)
            return True
    return False


def drift(box: Box, measured: Box, slowness: float = 1.0) -> list[str]:
    """Return what no longer holds: more than twice or less than half of what the box says.

    `slowness` is this machine's (see `machine_slowness`). Differences under 10 s or 150 MB are not
    worth a reader's attention, and a time that fits as measured or as normalized fits.
    """
    complaints = []
    times = (measured.seconds, measured.seconds / slowness)
    if not any(_near(time, box.seconds, floor=10) for time in times):
        complaints.append(
            f"the box says {box.seconds:.0f} s; it took {measured.seconds:.0f} s here, which is"
            f" {times[1]:.0f} s on the reference machine"
        )
    if not _near(measured.megabytes, box.megabytes, floor=150):
        complaints.append(
            f"the box says {box.megabytes:.0f} MB; the peak was {measured.megabytes:.0f} MB"
        )
    return complaints


def machine_slowness() -> float:
    """Return how many times slower this machine is, at this moment, than the reference machine."""
    return workload() / REFERENCE_SECONDS


def workload() -> float:
    """Do a fixed mixture of Python and torch like a chapter's, and return the seconds it took."""
    import torch

    x = torch.ones(384, 384)
    begin = time.perf_counter()
    total = 0
    for number in range(2_000_000):
        total += number % 7
    for _ in range(300):
        x = torch.tanh(x @ x)
    return time.perf_counter() - begin


def peak_memory(pid: int) -> float:
    """Return the most memory that a running process has held so far, in megabytes.

    Linux and Windows keep the peak; elsewhere it is what the process holds now, which is less.
    """
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            return int(found[1]) * 1024 / 1e6
    import psutil

    memory = psutil.Process(pid).memory_info()
    return float(getattr(memory, "peak_wset", memory.rss)) / 1e6


def _near(measured: float, stated: float, floor: float) -> bool:
    return stated / 2 <= measured <= stated * 2 or abs(measured - stated) < floor


def _round(number: float) -> int:
    """Round to two digits, and above 20 to a multiple of five: "about" is not "exactly"."""
    return round(number) if number < 20 else round(number / 5) * 5
