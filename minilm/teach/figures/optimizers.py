"""The pictures of chapter 41: what different rules make of the same slopes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from minilm.teach.style import COLORS, INK, MUTED, figure, show

Path = Sequence[Tensor]
OUTSIDE: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
RULES = {"SGD": "sgd", "momentum": "momentum", "AdamW": "adamw", "Lion": "lion", "Muon": "muon"}


def color_of(name: str) -> str:
    """Return the color of the rule whose name a label begins with."""
    return COLORS[next((RULES[rule] for rule in RULES if name.startswith(rule)), "baseline")]


def valleys(
    curvatures: Mapping[str, Tensor], walks: Mapping[str, Mapping[str, Path]], title: str
) -> None:
    """Draw walks from above: a row for each valley, a column for each rule; the star is the lowest.

    A valley is a symmetric matrix (2, 2), its height at w is half of w @ matrix @ w. A place of a
    walk is (2,), or (2, W) where W walk at once; all but the first are drawn pale.
    """
    names = list(next(iter(walks.values())))
    fig, axes = figure(2.15 * len(names) + 0.5, 2.25 * len(walks) + 0.5, rows=len(walks),
                       columns=len(names), title=title, sharex=True, sharey=True)  # fmt: skip
    side = np.linspace(-1.35, 1.35, 240)
    first, second = np.meshgrid(side, side)
    for row, (valley, runs) in enumerate(walks.items()):
        (a, b), (_, d) = curvatures[valley].tolist()
        heights = (a * first**2 + 2 * b * first * second + d * second**2) / 2
        levels = heights.max() * np.linspace(0.03, 1, 12) ** 2.5
        for ax, (name, walk) in zip(axes[row], runs.items(), strict=True):
            ax.contour(first, second, heights, levels=levels, colors=MUTED, linewidths=0.6,
                       alpha=0.6)  # fmt: skip
            places = np.array([place.reshape(2, -1).tolist() for place in walk])  # (S, 2, W)
            for one in range(places.shape[2] - 1, -1, -1):
                ax.plot(*places[:, :, one].T, color=color_of(name), lw=1.4, marker="o", ms=2.6,
                        alpha=0.4 if one else 1)  # fmt: skip
                ax.plot(*places[0, :, one], color=INK, marker="o", ms=5)
            ax.plot(0, 0, color=COLORS["valid"], marker="*", ms=12, mec="white", mew=0.6)
            ax.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), xticks=[], yticks=[])
            if row == 0:
                ax.set_title(name)
        axes[row][0].set_ylabel(valley)
    show(fig)


def lines(
    x: Sequence[float], curves: Mapping[str, Sequence[float]], title: str, *, xlabel: str,
    ylabel: str, log: str = "", level: tuple[str, float] | None = None,
    limits: tuple[float, float] | None = None, marker: str = "o",
) -> None:  # fmt: skip
    """Draw one curve for each rule; `log` names the axes that are logarithmic."""
    fig, ax = figure(7.2, 3.1, title=title, grid=True)
    _draw(ax, x, curves, marker)
    if level:
        ax.axhline(level[1], color=MUTED, lw=1.2, ls=(0, (4, 3)), label=level[0])
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if "x" in log else "linear",
           yscale="log" if "y" in log else "linear")  # fmt: skip
    if limits:
        ax.set_ylim(*limits)
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def _draw(ax: Axes, x: Sequence[float], curves: Mapping[str, Sequence[float]], marker: str) -> None:
    extra = iter(["train", "negative", "ngram", "highlight", "residual", "baseline"])
    for name, values in curves.items():
        known = any(name.startswith(rule) for rule in RULES)
        color = color_of(name) if known else COLORS[next(extra)]
        dashed = "," in name
        ax.plot(x, values, marker=marker, ms=3.5, color=color, label=name,
                ls=(0, (3, 2)) if dashed else "-")  # fmt: skip


def spikes(losses: Mapping[str, Sequence[Sequence[float]]], first: int, strange: int) -> None:
    """Draw the loss after each step from `first` on, a line a run; a band marks a strange batch."""
    fig, ax = figure(7.6, 3.2, grid=True, title="What does one strange batch do to ordinary text?")
    ax.axvspan(strange - 0.5, strange + 0.5, color=COLORS["highlight"], alpha=0.3, lw=0)
    for (name, runs), color in zip(losses.items(), ("train", "negative", "ngram"), strict=False):
        for which, run in enumerate(runs):
            ax.plot(range(first, first + len(run)), run, color=COLORS[color], lw=1.8,
                    alpha=0.55 if which else 1, label=None if which else name)  # fmt: skip
    ax.set(xlabel="step (the band: a batch in capitals)", ylabel="loss, nats per byte")
    ax.legend(**OUTSIDE)
    show(fig)


def u_curves(rates: Mapping[str, Sequence[float]], losses: Mapping[str, Sequence[float]]) -> None:
    """Draw where training ends against the learning rate, each rule in its own range."""
    fig, ax = figure(
        7.4, 3.4, title="Which learning rate, and how well must you know it?", grid=True
    )
    for name, values in losses.items():
        ax.plot(rates[name], values, marker="o", ms=4, color=color_of(name), label=name)
        best = int(np.argmin(values))
        ax.plot(rates[name][best], values[best], marker="*", ms=13, color=color_of(name),
                mec="white", mew=0.6)  # fmt: skip
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss on other text, nats per byte")
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def letters(names: Sequence[str], learnt: Mapping[str, Sequence[float]], title: str) -> None:
    """Draw how often each letter is believed to come, over how often it comes; rarest last."""
    fig, ax = figure(8.4, 3.2, title=title, grid=True)
    _draw(ax, range(len(names)), learnt, "o")
    ax.axhline(1, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    ax.set(yscale="log", ylabel="believed / true", xlabel="letter, the most frequent first")
    ax.set_xticks(range(len(names)), list(names))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend(**OUTSIDE)
    show(fig)


def strengths(values: Mapping[str, Sequence[float]]) -> None:
    """Draw the singular values of what training changed, over the largest."""
    fig, ax = figure(7.2, 3.0, grid=True,
                     title="Into how many directions has a matrix been moved?")  # fmt: skip
    longest = max(len(one) for one in values.values())
    for name, one in values.items():
        ax.plot(np.arange(len(one)) + 1, one, color=color_of(name), label=name)
    ax.set(xlabel="direction, strongest first", ylabel="strength, over the largest",
           ylim=(0, 1.02), xlim=(1, longest))  # fmt: skip
    ax.legend(**OUTSIDE)
    show(fig)


def memory(bytes_each: Mapping[str, float]) -> None:
    """Draw the bytes for each weight: itself, its slope, and what the rule remembers."""
    fig, ax = figure(7.0, 0.9 + 0.38 * len(bytes_each), title="How many bytes does a weight cost?")
    places = np.arange(len(bytes_each))[::-1]
    ax.barh(places, [8] * len(places), color=COLORS["residual"], height=0.6, label="weight, slope")
    remembered = list(bytes_each.values())
    ax.barh(places, remembered, left=8, color=[color_of(name) for name in bytes_each], height=0.6)
    for place, number in zip(places, remembered, strict=True):
        ax.text(8.15 + number, place, f"{number:.1f} remembered", va="center", fontsize=9)
    ax.text(0.15, places[0] + 0.45, "weight and slope", fontsize=8.5, color=MUTED, va="bottom")
    ax.set_yticks(places, list(bytes_each))
    ax.set(xlim=(0, 20), xticks=[0, 4, 8, 12, 16], ylim=(-0.6, len(places) - 0.1))
    show(fig)


def schedules(
    factors: Mapping[str, Sequence[float]], losses: Mapping[str, Sequence[float]]
) -> None:
    """Draw the shapes of schedules, and the loss on other text where each of them ends."""
    fig, (left, right) = figure(
        9.0, 3.2, columns=2, width_ratios=[1, 1.3], title="Which way down is best?"
    )
    names = list(losses)
    colors = dict(
        zip(
            names, ["baseline", "highlight", "ngram", "train", "negative", "residual"], strict=False
        )
    )
    for name, values in factors.items():
        left.plot(values, color=COLORS[colors[name]])
    left.set(xlabel="step", title="learning rate, share of the highest")
    for place, name in enumerate(reversed(names)):
        runs = losses[name]
        right.plot(runs, [place] * len(runs), "o", ms=6, color=COLORS[colors[name]])
        right.plot(np.mean(runs), place, "|", ms=16, mew=2, color=COLORS[colors[name]])
    right.set_yticks(range(len(names)), list(reversed(names)))
    right.set(
        xlabel="loss on other text, nats per byte: each dot a run", ylim=(-0.6, len(names) - 0.4)
    )
    right.grid(axis="x")
    show(fig)
