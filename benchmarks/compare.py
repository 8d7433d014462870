"""Run contestants in turns, in one process, and print medians and their ratios as a table.

A machine's speed drifts, so contestants alternate and only ratios are worth quoting. Another
process on the same cores spoils a measurement: its load is read around each run, and what was
disturbed is dropped and counted.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DISTURBED = 0.3  # cores that other processes used meanwhile
MOST_TRIES = 4  # times the wanted rounds, before we take what we have


@dataclass
class Contestant:
    """Something to time: `run` does the work and returns how much it did, in `unit`s."""

    name: str
    run: Callable[[], float]
    speeds: list[float] = field(default_factory=list)


def busy_seconds() -> float | None:
    """Return the seconds that all cores together have worked since boot; None if unknown here."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    user, nice, system, _, _, irq, softirq, *_ = map(
        int, stat.read_text().split("\n")[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def timed(run: Callable[[], float]) -> tuple[float, float]:
    """Return the speed of one run, in units a second, and the cores that others used meanwhile."""
    others, own, start = busy_seconds(), sum(os.times()[:4]), time.perf_counter()
    amount = run()
    seconds = time.perf_counter() - start
    if others is None:
        return amount / seconds, 0.0
    used_by_others = (busy_seconds() or 0) - others - (sum(os.times()[:4]) - own)
    return amount / seconds, used_by_others / seconds


def compare(title: str, contestants: list[Contestant], unit: str, rounds: int = 7) -> None:
    """Print the table; the first contestant is ours, the ratios are its median over another's."""
    for contestant in contestants:
        contestant.run()  # warm up
    dropped = 0
    for _ in range(rounds * MOST_TRIES):
        results = [timed(contestant.run) for contestant in contestants]
        if max(load for _, load in results) > DISTURBED:
            dropped += 1
            continue
        for contestant, (speed, _) in zip(contestants, results, strict=True):
            contestant.speeds.append(speed)
        if len(contestants[0].speeds) == rounds:
            break
    if not contestants[0].speeds:
        sys.exit(f"{title}: other processes disturbed every round; try again on an idle machine.")
    medians = [statistics.median(contestant.speeds) for contestant in contestants]
    print(f"\n{title} ({len(contestants[0].speeds)} rounds, {dropped} disturbed ones dropped)")
    for contestant, median in zip(contestants, medians, strict=True):
        low, high = min(contestant.speeds), max(contestant.speeds)
        print(
            f"  {contestant.name:<44} {median:>12,.2f} {unit}"
            f"  ({low:,.2f} to {high:,.2f})   ours / this {medians[0] / median:5.2f}"
        )
