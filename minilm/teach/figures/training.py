"""The pictures of chapter 42: the loss on its way down, and what sends it elsewhere.

T position
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from minilm.teach.style import COLORS, INK, MUTED, arrow, blank, box, figure, show

Loss = Callable[[Tensor, Tensor], Tensor]
Path = Sequence[tuple[float, float]]
OUTSIDE: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}


def diary(history: Sequence[dict[str, Any]], levels: Mapping[str, float]) -> None:
    """Draw bits per byte over the steps, the levels of counting models, and what was written."""
    fig, (ax, page) = figure(
        9.4, 4.0, columns=2, width_ratios=[1.2, 1], title="What does the model learn, and when?"
    )
    rows = [row for row in history if "valid_bits_per_byte" in row]
    steps = [row["step"] for row in rows]
    for name, level in levels.items():
        ax.axhline(level, color=COLORS["ngram"], lw=1.2, ls=(0, (4, 3)))
        ax.text(steps[-1], level + 0.06, name, ha="right", fontsize=8.5, color=COLORS["ngram"])
    bits = [row["valid_bits_per_byte"] for row in rows]
    ax.plot(steps, bits, marker="o", ms=3.5, color=COLORS["valid"])
    ax.set(xlabel="step", ylabel="bits per byte, text it has not seen", ylim=(0, 8.3))
    _write_samples(page, {row["step"]: row["sample"] for row in history if "sample" in row})
    show(fig)


def _write_samples(ax: Axes, samples: Mapping[int, str]) -> None:
    blank(ax, 1, len(samples))
    for place, (step, text) in enumerate(samples.items()):
        top = len(samples) - place
        clean = "".join(c if c.isascii() and c.isprintable() else "·" for c in text)
        lines = textwrap.wrap(clean, 46, break_long_words=True)[:3]
        ax.text(0, top - 0.06, f"step {step}", va="top", fontsize=9, color=MUTED)
        ax.text(0, top - 0.28, "\n".join(lines), va="top", fontsize=8.5, linespacing=1.35,
                family="DejaVu Sans Mono", parse_math=False)  # fmt: skip


def shift(text: bytes) -> None:
    """Draw a window as two rows of tiles: what the model reads, and what it is asked for."""
    letters = [chr(byte) if byte != 32 else "␣" for byte in text]
    fig, ax = figure(8.2, 2.2, title="What is the target? The same row, one place later")
    blank(ax, len(letters) + 2.2, 2.5)
    for row, (name, tiles, meaning) in enumerate(
        [("targets", letters[1:], "valid"), ("inputs", letters[:-1], "train")]
    ):
        y = 0.5 + 1.3 * row
        ax.text(1.75, y, name, ha="right", va="center", color=COLORS[meaning])
        for place, letter in enumerate(tiles):
            box(ax, place + 2.5, y, letter, width=0.84, height=0.7, color=COLORS[meaning])
            if row:
                arrow(ax, (place + 2.5, y - 0.4), (place + 2.5, y - 0.9))
    show(fig)


def paths(
    loss: Loss, walks: Mapping[str, Path], goal: tuple[float, float], title: str,
    names: tuple[str, str], limits: tuple[float, float, float, float],
) -> None:  # fmt: skip
    """Draw the loss as a landscape over two weights, and on it one walk for each panel.

    `limits` are the smallest and the largest first weight, then the second one's.
    """
    columns = len(walks)
    width = 5.6 if columns == 1 else 2.45 * columns + 0.5
    fig, axes = figure(width, 3.5 if columns == 1 else 3.0, columns=columns, title=title,
                       sharey=True, squeeze=False)  # fmt: skip
    left, right, bottom, top = limits
    first, second = np.linspace(left, right, 50), np.linspace(bottom, top, 50)
    heights = np.array([[float(loss(torch.tensor(a), torch.tensor(b))) for a in first]
                        for b in second])  # fmt: skip
    levels = heights.min() + (heights.max() - heights.min()) * np.linspace(0, 1, 16) ** 2.5
    for ax, (name, walk) in zip(axes.flat, walks.items(), strict=True):
        ax.contour(first, second, heights, levels=levels, colors=MUTED, linewidths=0.7, alpha=0.6)
        ax.plot(*np.array(walk).T, color=COLORS["train"], lw=1.4, marker="o", ms=2.8)
        ax.plot(*walk[0], color=INK, marker="o", ms=6)
        ax.plot(*goal, color=COLORS["valid"], marker="*", ms=14, mec="white", mew=0.6)
        ax.set(title=name, xlabel=names[0], xlim=(left, right), ylim=(bottom, top))
    axes.flat[0].set_ylabel(names[1])
    show(fig)


def curves(
    losses: Mapping[str, Sequence[float]], title: str, meanings: Sequence[str], *,
    ylabel: str = "loss, nats per byte", line: tuple[str, float] | None = None, smooth: int = 1,
    start: int = 0, limits: tuple[float, float] | None = None, log: bool = False,
) -> None:  # fmt: skip
    """Draw losses over the steps, each in the color of its meaning, and a level to compare with."""
    fig, ax = figure(7.4, 3.0, title=title, grid=True)
    _draw_curves(ax, losses, meanings, smooth, start)
    if line:
        ax.axhline(line[1], color=MUTED, lw=1.2, ls=(0, (4, 3)), label=line[0])
    ax.set(xlabel="step", ylabel=ylabel, yscale="log" if log else "linear")
    if log:
        ax.yaxis.set_major_formatter("{x:g}")
    if limits:
        ax.set_ylim(*limits)
    ax.legend(**OUTSIDE)
    show(fig)


def _draw_curves(
    ax: Axes, losses: Mapping[str, Sequence[float]], meanings: Sequence[str], smooth: int,
    start: int = 0,
) -> None:  # fmt: skip
    for (name, values), meaning in zip(losses.items(), meanings, strict=True):
        shown = np.convolve(values, np.ones(smooth) / smooth, mode="valid")
        steps = np.arange(len(shown)) + start + smooth
        ax.plot(steps, shown, color=COLORS[meaning], label=name)


def agreement(sizes: Sequence[int], cosines: Mapping[str, Sequence[float]]) -> None:
    """Draw how well the gradient of a small batch agrees with that of a large one."""
    fig, ax = figure(6.8, 2.9, title="How well does one batch know the direction?", grid=True)
    for (name, values), meaning in zip(cosines.items(), ["baseline", "transformer"], strict=True):
        ax.plot(sizes, values, marker="o", color=COLORS[meaning], label=name)
    ax.set(xscale="log", ylim=(0, 1.03), xlabel="windows in the batch",
           ylabel="cosine with the\ngradient of 512 windows")  # fmt: skip
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def correction(ratios: Mapping[str, Sequence[float]]) -> None:
    """Draw by what factor a step without bias correction is too long."""
    fig, ax = figure(6.8, 2.9, title="How long is a step without bias correction?", grid=True)
    for (name, values), meaning in zip(ratios.items(), ["train", "negative"], strict=True):
        ax.plot(np.arange(len(values)) + 1, values, color=COLORS[meaning], label=name)
    ax.axhline(1, color=MUTED, lw=1.2, ls=(0, (4, 3)), label="corrected")
    ax.set(xscale="log", xlabel="step", ylabel="times the right length", ylim=(0, None))
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def strengths(before: Tensor, after: Tensor) -> None:
    """Draw the singular values of a gradient and of its step, each over its largest one."""
    fig, ax = figure(6.8, 2.9, title="How strong is each direction of the step?", grid=True)
    places = np.arange(len(before)) + 1
    ax.plot(places, before / before[0], color=COLORS["baseline"], label="the gradient")
    ax.plot(places, after / after[0], color=COLORS["transformer"], label="made orthogonal")
    ax.set(yscale="log", xlabel="direction, strongest first", ylabel="strength, over the largest")
    ax.legend(**OUTSIDE)
    show(fig)


def sweep(factors: Sequence[float], losses: Mapping[str, Sequence[float]]) -> None:
    """Draw where training ends against the learning rate it was given."""
    title = "What does a wrong learning rate cost?"
    fig, ax = figure(6.8, 3.0, title=title, grid=True)
    for (name, values), meaning in zip(losses.items(), ["baseline", "transformer"], strict=True):
        ax.plot(factors, values, marker="o", color=COLORS[meaning], label=name)
    ax.set(xscale="log", xlabel="learning rate, times the usual one", ylabel="loss at the end")
    ax.set_xticks(factors, [f"{factor:g}" for factor in factors])
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def schedules(
    factors: Mapping[str, Sequence[float]], losses: Mapping[str, Sequence[float]], smooth: int = 15
) -> None:
    """Draw four schedules beside the losses that they lead to."""
    fig, (left, right) = figure(
        9.2, 3.2, columns=2, width_ratios=[1, 1.4], grid=True,
        title="What do warm-up and decay buy?",
    )  # fmt: skip
    meanings = ["negative", "highlight", "baseline", "transformer"]
    for row, (meaning, (name, values)) in enumerate(zip(meanings, factors.items(), strict=True)):
        bottom, steps = -1.5 * row, np.arange(len(values))
        left.fill_between(steps, bottom, bottom + np.array(values), color=COLORS[meaning], lw=0)
        left.text(-4, bottom + 0.5, name, ha="right", va="center")
    _draw_curves(right, losses, meanings, smooth)
    left.set(xlabel="step", title="learning rate", yticks=[])
    left.spines["left"].set_visible(False)
    left.grid(visible=False)
    right.set(xlabel="step", ylabel="loss, nats per byte", ylim=(1.8, 3.6))
    right.legend(**OUTSIDE)
    show(fig)


def fitting(steps: Sequence[int], train: Sequence[float], valid: Sequence[float]) -> None:
    """Draw bits per byte on the text that is learnt and on other text, and mark the best place."""
    fig, ax = figure(6.8, 3.0, title="When should you have stopped?", grid=True)
    ax.plot(steps, valid, marker="o", ms=3.5, color=COLORS["valid"], label="text it has not seen")
    ax.plot(steps, train, marker="o", ms=3.5, color=COLORS["train"], label="text it learns from")
    best = int(np.argmin(valid))
    ax.axvline(steps[best], color=MUTED, lw=1.2, ls=(0, (4, 3)), label="here")
    ax.set(xlabel="step", ylabel="bits per byte", ylim=(0, None))
    ax.legend(**OUTSIDE)
    show(fig)
