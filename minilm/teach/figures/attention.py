"""The pictures of chapter 32: who looks at whom, and what it costs."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from minilm.teach.style import COLORS, MUTED, arrow, blank, box, figure, heatmap, show


def looking_back(words: Sequence[str], weights: Sequence[float] | Tensor) -> None:
    """Draw the last word looking back: an arc to each earlier word, as thick as its weight."""
    fig, ax = figure(7.4, 2.6, title=f'Where does "{words[-1]}" look?')
    blank(ax, len(words), 2.2)
    last = len(words) - 0.5
    for place, (word, weight) in enumerate(zip(words, weights, strict=True)):
        x = place + 0.5
        box(ax, x, 0.45, word, width=0.94, height=0.5,
            color=COLORS["query" if place == len(words) - 1 else "key"])  # fmt: skip
        ax.text(x, 0.02, f"{float(weight):.2f}", ha="center", fontsize=9, color=MUTED)
        if place < len(words) - 1:
            middle, height = (x + last) / 2, 0.35 + 0.33 * (last - x)
            t = np.linspace(0, np.pi, 60)
            ax.plot(
                middle + (last - x) / 2 * np.cos(t), 0.75 + height * np.sin(t),
                color=COLORS["query"], lw=0.5 + 9 * float(weight), alpha=0.25 + 0.6 * float(weight),
            )  # fmt: skip
    ax.set_ylim(-0.1, 0.95 + 0.35 + 0.33 * (len(words) - 1))
    show(fig)


def matrix(values: Tensor, labels: Sequence[str], title: str, meaning: str = "query") -> None:
    """Draw one matrix with a row for each looking token and a column for each looked at."""
    size = max(3.4, 0.72 * len(labels))
    fig, ax = figure(size + 1.4, size * 0.72 + 0.6, title=title)
    heatmap(ax, values.detach(), rows=list(labels), columns=list(labels), meaning=meaning)
    ax.set(ylabel="the token that looks", xlabel="the token looked at")
    show(fig)


def heads(weights: Tensor, labels: Sequence[str], title: str, names: Sequence[str] = ()) -> None:
    """Draw the weights (H, T, T) of several heads side by side, without numbers."""
    n_heads = weights.shape[0]
    side = 2.1 if len(labels) <= 12 else 3.3
    columns = min(n_heads, 4 if side < 3 else 2)
    rows = -(-n_heads // columns)
    fig, axes = figure(
        side * columns + 0.4, (side + 0.25) * rows + 0.3, rows=rows, columns=columns, title=title,
        squeeze=False,
    )  # fmt: skip
    for index, ax in enumerate(axes.flat):
        if index >= n_heads:
            ax.set_axis_off()
            continue
        heatmap(ax, weights[index].detach(), rows=list(labels), columns=list(labels),
                digits=None, high=1.0)  # fmt: skip
        ax.tick_params(labelsize=7)
        ax.set(ylabel="looks", xlabel="is looked at")
        ax.set_title(names[index] if names else f"head {index}")
    show(fig)


def anatomy() -> None:
    """Draw the path from the residual stream through query, key and value and back into it."""
    fig, ax = figure(7.4, 3.4, title="One head: three projections, one weighted average")
    blank(ax, 11, 4.4)
    color = COLORS
    box(ax, 0.9, 2.2, "x\n(T, D)", width=1.3, height=1.0, color=color["residual"])
    for y, name in [(3.6, "query"), (2.2, "key"), (0.8, "value")]:
        box(ax, 3.1, y, f"{name}\n(T, K)", width=1.4, height=0.9, color=color[name])
        arrow(ax, (1.6, 2.2), (2.35, y), color=color[name])
    box(ax, 5.5, 2.9, "scores\n(T, T)", width=1.4, height=0.9, color=color["query"])
    arrow(ax, (3.85, 3.6), (4.75, 3.05), color=color["query"])
    arrow(ax, (3.85, 2.2), (4.75, 2.7), color=color["key"])
    box(ax, 7.4, 2.9, "weights\n(T, T)", width=1.4, height=0.9, color=color["query"])
    arrow(ax, (6.25, 2.9), (6.65, 2.9))
    ax.text(6.45, 3.55, "scale, mask,\nsoftmax", ha="center", fontsize=8.5, color=MUTED)
    box(ax, 7.4, 0.8, "average\n(T, K)", width=1.4, height=0.9, color=color["value"])
    arrow(ax, (3.85, 0.8), (6.65, 0.8), color=color["value"])
    arrow(ax, (7.4, 2.4), (7.4, 1.3), color=color["query"])
    then = "then, with the other heads,\nthrough out: (T, D)"
    ax.text(8.35, 0.8, then, va="center", fontsize=8.5, color=MUTED)
    show(fig)


def scaling(widths: Sequence[int], largest: dict[str, Sequence[float]]) -> None:
    """Draw the largest of the weights against the width of a head, raw and scaled."""
    fig, ax = figure(6.2, 2.9, title="What happens to the softmax when heads get wider?", grid=True)
    for (name, values), meaning in zip(largest.items(), ["negative", "query"], strict=True):
        ax.plot(widths, values, marker="o", color=COLORS[meaning], label=name)
    ax.set(xscale="log", ylim=(0, 1.02), xlabel="width of a head, K", ylabel="largest weight, mean")
    ax.set_xticks(widths, [str(width) for width in widths])
    ax.minorticks_off()
    ax.axhline(1 / 16, color=MUTED, lw=1.2, ls=(0, (4, 3)), label="all 16 words alike")
    ax.legend()
    show(fig)


def learning(
    curves: dict[str, Sequence[float]], title: str, ylabel: str,
    line: tuple[str, float] | None = None, peeking: bool = False,
) -> None:  # fmt: skip
    """Draw two curves over training steps, smoothed over 25 steps, and a named level to compare.

    `peeking` draws the second curve in the color of what has gone wrong.
    """
    fig, ax = figure(6.6, 2.9, title=title, grid=True)
    meanings = ["transformer", "negative"] if peeking else ["baseline", "transformer"]
    for (name, values), meaning in zip(curves.items(), meanings, strict=True):
        smooth = np.convolve(values, np.ones(25) / 25, mode="valid")
        ax.plot(np.arange(len(smooth)) + 25, smooth, color=COLORS[meaning], label=name)
    if line:
        ax.axhline(line[1], color=MUTED, lw=1.2, ls=(0, (4, 3)), label=line[0])
    ax.set(xlabel="step", ylabel=ylabel, ylim=(0, None))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def cost(lengths: Sequence[int], megabytes: dict[str, Sequence[float]]) -> None:
    """Draw the memory that the weights take against the length of the text."""
    fig, ax = figure(6.2, 2.9, title="What does looking at everything cost?", grid=True)
    for (name, values), meaning in zip(megabytes.items(), ["negative", "query"], strict=True):
        ax.plot(lengths, values, marker="o", color=COLORS[meaning], label=name)
    ax.set(xscale="log", yscale="log", xlabel="tokens, T", ylabel="megabytes")
    ax.set_xticks(lengths, [str(length) for length in lengths])
    ax.minorticks_off()
    ax.legend()
    show(fig)
