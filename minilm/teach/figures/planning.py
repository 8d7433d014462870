"""The pictures of chapter 46: what a large run needs, and which part of it needs most."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minilm.plan import Memory
from minilm.teach.style import COLORS, INK, MUTED, figure, show

PARTS = {
    "weights": "transformer",
    "gradients": "lstm",
    "optimizer": "ngram",
    "activations": "valid",
}
LINES = ("transformer", "lstm", "ngram", "valid")


def attention_share(contexts: Sequence[int], shares: Mapping[str, Sequence[float]]) -> None:
    """Draw which part of a token's work is spent on looking back, for growing contexts."""
    fig, ax = figure(6.6, 3.0, title="How much of the work is looking back?", grid=True)
    for (name, values), color in zip(shares.items(), LINES, strict=False):
        ax.plot(contexts, values, "o-", ms=4, color=COLORS[color], label=name)
    ax.set(xscale="log", ylim=(0, 1), xlabel="context, in tokens", ylabel="share of all operations")
    ax.set_xticks(contexts, [f"{context // 1024} k" for context in contexts])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(loc="upper left", title="d_model")
    show(fig)


def utilization(runs: Mapping[str, float], band: tuple[float, float]) -> None:
    """Draw the share of the peak that follows from the hours that runs have reported."""
    fig, ax = figure(6.8, 0.9 + 0.34 * len(runs), title="Which share of the peak did they reach?")
    names = list(runs)
    ax.axvspan(*band, color=COLORS["highlight"], alpha=0.25, lw=0)
    ax.barh(names, [runs[name] for name in names], color=COLORS["transformer"], height=0.62)
    for y, name in enumerate(names):
        ax.text(runs[name] + 0.006, y, f"{runs[name]:.0%}", va="center", color=INK)
    ax.set(xlim=(0, 0.6), ylim=(len(names) - 0.5, -0.5), xlabel="share of the peak")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.tick_params(axis="y", length=0)
    show(fig)


def activations(tokens: Sequence[int], kept: Sequence[float], planned: Sequence[float]) -> None:
    """Draw the bytes that steps really kept, as dots on the line of the formula."""
    fig, ax = figure(5.6, 2.9, title="What a step keeps for its backward pass", grid=True)
    ax.plot(tokens, [n / 1e6 for n in planned], color=COLORS["valid"], label="the formula")
    ax.plot(tokens, [n / 1e6 for n in kept], "o", color=INK, label="really kept")
    ax.set(xlabel="tokens in a step", ylabel="MB", ylim=(0, None), xlim=(0, None))
    ax.legend()
    show(fig)


def stages(
    plans: Mapping[str, Sequence[Memory]], names: Mapping[str, str], room: float, title: str
) -> None:
    """Draw the memory of one device, part by part, for each way of cutting it into pieces."""
    fig, axes = figure(
        3.2 * len(plans) + 0.6, 3.4, columns=len(plans), title=title, sharey=True, squeeze=False
    )
    for ax, (what, memories) in zip(axes[0], plans.items(), strict=True):
        floor = np.zeros(len(memories))
        for part, color in PARTS.items():
            sizes = np.array([getattr(memory, part) for memory in memories]) / 1e9
            ax.bar(range(len(memories)), sizes, 0.66, floor, color=COLORS[color], label=part)
            floor += sizes
        for x, total in enumerate(floor):
            ax.text(x, total + 3, f"{total:.0f}", ha="center", color=INK)
        ax.axhline(room / 1e9, color=MUTED, ls=(0, (4, 3)))
        ax.set_xticks(range(len(memories)), [names[memory.stage] for memory in memories])
        ax.tick_params(axis="x", length=0, labelsize=8.5)
        ax.set_title(what)
    axes[0][0].set_ylabel("GB on one device")
    axes[0][-1].legend(loc="upper right", fontsize=8.5)
    show(fig)


def waiting(gpus: Sequence[int], working: Sequence[float], sending: Mapping[str, Any]) -> None:
    """Draw the seconds of a step: the work, which devices share, and the wire."""
    fig, ax = figure(6.6, 3.2, title="When does the wire take longer than the work?", grid=True)
    ax.plot(gpus, working, color=INK, lw=2.2, label="work")
    for (name, seconds), color in zip(sending.items(), LINES, strict=False):
        ax.plot(gpus, seconds, color=COLORS[color], ls=(0, (5, 2)), label=name)
    ax.set(xscale="log", yscale="log", xlabel="devices", ylabel="seconds of a step")
    ax.set_xticks(gpus[::2], [f"{n:,}" for n in gpus[::2]])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def interval(
    minutes: Sequence[float], lost: Sequence[float], formula: Sequence[float], best: float
) -> None:
    """Draw the share of a run that is lost, against the time between two checkpoints."""
    fig, ax = figure(7.4, 3.0, title="How often should a run be saved?", grid=True)
    ax.plot(minutes, formula, color=COLORS["valid"], label="the formula")
    ax.plot(minutes, lost, "o", color=INK, ms=4, label="simulated runs")
    ax.axvline(best, color=COLORS["highlight"], lw=2.5, zorder=0, label="the best interval")
    ax.set(xscale="log", ylim=(0, None), xlabel="minutes between checkpoints", ylabel="time lost")
    ax.set_xticks([2, 5, 10, 20, 60, 180], ["2", "5", "10", "20", "60", "180"])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def costs(params: Sequence[float], dollars: Mapping[str, Sequence[float]]) -> None:
    """Draw what models cost at twenty tokens a parameter, on devices of different years."""
    fig, ax = figure(6.2, 3.2, title="What does a model cost, at 20 tokens a parameter?", grid=True)
    for (name, values), color in zip(dollars.items(), LINES, strict=False):
        ax.plot(params, values, "o-", ms=4, color=COLORS[color], label=name)
    ax.set(xscale="log", yscale="log", xlabel="parameters", ylabel="dollars")
    ax.set_xticks([1e8, 1e9, 1e10, 1e11, 1e12], ["100 M", "1 B", "10 B", "100 B", "1 T"])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(_dollars)
    ax.legend()
    show(fig)


def _dollars(value: float, _: int) -> str:
    for unit, size in ((" B", 1e9), (" M", 1e6), (" k", 1e3)):
        if value >= size:
            return f"{value / size:,.0f}{unit}"
    return f"{value:,.0f}" if value >= 1 else f"{value:.2f}"
