"""The pictures of chapter 33: a stream, what is written into it, and the map of the whole.

T position, D d_model, V vocab_size
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle
from torch import Tensor

from minilm.teach.style import COLORS, GRID, INK, MUTED, arrow, figure, heatmap, show

MONO: Any = {"family": "DejaVu Sans Mono", "parse_math": False}


def part_color(name: str) -> str:
    """Return the color of a model's part by its name: "attention 2" has that of attention."""
    meanings = {"embedding": "embedding", "attention": "attention", "feed-forward": "feedforward"}
    return COLORS[next((m for start, m in meanings.items() if name.startswith(start)), "residual")]


def vector_sum(writes: dict[str, Tensor]) -> None:
    """Draw vectors of two numbers head to tail, and the arrow that is their sum."""
    fig, ax = figure(5.6, 3.3, title="Where does the stream end? At the sum of what was written")
    start = np.zeros(2)
    for name, vector in writes.items():
        end = start + vector.detach().numpy()
        color = part_color(name)
        arrow(ax, (start[0], start[1]), (end[0], end[1]), color=color)
        middle, across = (start + end) / 2, np.array([end[1] - start[1], start[0] - end[0]])
        place = middle + 0.16 * across / np.linalg.norm(across)
        ax.text(*place, name, color=color, ha="left" if across[0] >= 0 else "right", va="center")
        start = end
    arrow(ax, (0, 0), (start[0], start[1]), color=COLORS["residual"])
    ax.text(*(start / 2 + [-0.12, 0.12]), "the stream", ha="right", color=COLORS["residual"])
    ax.plot(0, 0, "o", ms=5, color=MUTED)
    ax.set(xlim=(-0.6, 3.6), ylim=(-0.35, 2.4), aspect="equal", xlabel="people", ylabel="many")
    show(fig)


def depth(sizes: dict[str, Sequence[float]], title: str) -> None:
    """Draw the size of the numbers after each layer, on a logarithmic scale, lines named."""
    fig, ax = figure(7.0, 3.2, title=title, grid=True)
    colors = [COLORS[m] for m in ("negative", "baseline", "residual", "transformer")]
    for (name, values), color in zip(sizes.items(), colors, strict=False):
        seen = [value if 1e-30 < value < 1e30 else np.nan for value in values]
        ax.plot(seen, marker="o", ms=3, color=color, label=name)
    ax.set(yscale="log", ylim=(1e-9, 1e13), xlabel="layer", ylabel="size of the numbers")
    ax.set_yticks([1e-8, 1e-4, 1, 1e4, 1e8, 1e12])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def verdicts(points: Tensor, names: Sequence[str], answers: dict[str, Tensor]) -> None:
    """Draw what each model answers over the plane of (not, bad): one panel each, points named.

    points (N, 2); answers: name -> (R, R) over a square grid from -0.4 to 1.4, 0 blame to 1 praise.
    """
    fig, axes = figure(
        8.0, 3.5, columns=len(answers), sharey=True,
        title="Can it tell praise from blame?",
    )  # fmt: skip
    blame_to_praise = LinearSegmentedColormap.from_list(
        "verdict", [COLORS["negative"], GRID, COLORS["positive"]]
    )
    for ax, (title, answer) in zip(axes, answers.items(), strict=True):
        edges = (-0.4, 1.4, -0.4, 1.4)
        image = ax.imshow(answer.detach(), origin="lower", extent=edges, cmap=blame_to_praise,
                          vmin=-0.1, vmax=1.1)  # fmt: skip
        for (x, y), name in zip(points.tolist(), names, strict=True):
            ax.plot(x, y, "o", ms=8, color=INK)
            ax.text(x, y + 0.12, name, ha="center", fontsize=9.5)
        ax.set(title=title, xlabel="not", xticks=[0, 1], yticks=[0, 1])
    axes[0].set_ylabel("bad")
    bar = fig.colorbar(image, ax=axes, ticks=[0, 0.5, 1], shrink=0.8)
    bar.ax.set_yticklabels(["blame", "no idea", "praise"])
    bar.outline.set_visible(False)
    show(fig)


def clocks(speeds: Sequence[float], positions: Sequence[int]) -> None:
    """Draw each pair of coordinates as a clock hand: a row for each speed, a column a position."""
    fig, axes = figure(
        0.98 * len(positions) + 1.1, 0.98 * len(speeds) + 0.7, rows=len(speeds),
        columns=len(positions), title="What time is it at position t?", squeeze=False,
    )  # fmt: skip
    for row, speed in zip(axes, speeds, strict=True):
        for ax, position in zip(row, positions, strict=True):
            ax.add_patch(Circle((0, 0), 1, fc="white", ec=MUTED, lw=1))
            angle = speed * position
            ax.plot(1, 0, "o", ms=3, color=MUTED)
            arrow(ax, (0, 0), (0.92 * np.cos(angle), 0.92 * np.sin(angle)), color=COLORS["query"])
            ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
            ax.set_axis_off()
        row[0].text(-1.35, 0, f"{speed:g}\nper step", ha="right", va="center", fontsize=9)
    for ax, position in zip(axes[0], positions, strict=True):
        ax.set_title(f"t = {position}", loc="center")
    show(fig)


def distances(curves: dict[str, Sequence[float] | Tensor], marks: Sequence[int]) -> None:
    """Draw how alike a vector is to itself some positions further, with marked distances."""
    fig, axes = figure(
        7.6, 3.6, rows=len(curves), sharex=True,
        title="How alike are the times at two positions?",
    )  # fmt: skip
    for ax, (name, values) in zip(axes, curves.items(), strict=True):
        numbers = np.asarray(values)
        ax.plot(numbers, lw=0.8, color=COLORS["query"])
        for mark in marks:
            ax.plot(mark, numbers[mark], "o", ms=6, mfc="none", mew=1.8, color=COLORS["key"])
        ax.set(title=name, ylim=(-1.15, 1.25), yticks=[-1, 0, 1])
    axes[-1].set(xlabel="distance between the two positions", xticks=[0, 200, 400, 600, *marks])
    show(fig)


def table(
    values: Tensor, rows: Sequence[str], columns: Sequence[str], title: str, **labels: str
) -> None:
    """Draw a matrix of numbers; `xlabel` and `ylabel` say what its sides are."""
    fig, ax = figure(0.62 * len(columns) + 1.6, 0.46 * len(rows) + 1.2, title=title)
    low = min(0.0, float(values.detach().min()))
    heatmap(ax, values.detach(), rows=list(rows), columns=list(columns), low=low)
    ax.set(**labels)
    show(fig)


def parameters(models: dict[str, dict[str, int]]) -> None:
    """Draw for each model which share of its parameters lives in which part."""
    fig, ax = figure(8.4, 0.62 * len(models) + 1.1, title="Where do the parameters live?")
    for row, parts in enumerate(reversed(models.values())):
        total, left = sum(parts.values()), 0.0
        for part, count in parts.items():
            share = count / total
            ax.barh(row, share, left=left, height=0.66, color=part_color(part))
            if share > 0.06:
                ax.text(left + share / 2, row, f"{share:.0%}", color="white", ha="center",
                        va="center", weight="bold")  # fmt: skip
            left += share
        ax.text(1.015, row, short(total), va="center", fontsize=9.5)
    ax.set_yticks(range(len(models)), list(reversed(models)))
    ax.tick_params(length=0)
    ax.set(xlim=(0, 1.13), xticks=[])
    ax.spines[:].set_visible(False)
    names = list(next(iter(models.values())))
    ax.legend(
        [Circle((0, 0), color=part_color(name)) for name in names], names, ncols=len(names),
        loc="upper left", bbox_to_anchor=(-0.01, 0.0), handlelength=1, columnspacing=1.6,
    )  # fmt: skip
    show(fig)


def short(count: int) -> str:
    """Write a count in three digits or so: 8,030,261,248 as 8.03 B."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {letter}"
    return str(count)


def curve(losses: Sequence[float], line: tuple[str, float], title: str) -> None:
    """Draw the loss of one training, smoothed over 10 steps, and a named level to compare."""
    fig, ax = figure(6.6, 2.9, title=title, grid=True)
    smooth = np.convolve(losses, np.ones(10) / 10, mode="valid")
    ax.plot(np.arange(len(smooth)) + 10, smooth, color=COLORS["train"])
    ax.axhline(line[1], color=MUTED, lw=1.2, ls=(0, (4, 3)))
    ax.text(len(losses), line[1], line[0] + "\n", ha="right", va="center", color=MUTED)
    ax.set(xlabel="step", ylabel="loss, nats per token", ylim=(0, 1.15 * line[1]))
    show(fig)


def stream(sizes: dict[str, tuple[float, float]], losses: Sequence[float], chance: float) -> None:
    """Draw along the stream the size of each write, of the stream, and the loss when read there.

    sizes: name of the write -> (its size, the size of the stream after it).
    """
    fig, (top, bottom) = figure(
        8.0, 4.6, rows=2, sharex=True, grid=True,
        title="Who writes how much, and what can be read from the stream so far?",
    )  # fmt: skip
    places = range(len(sizes))
    top.bar(places, [own for own, _ in sizes.values()], width=0.6,
            color=[part_color(name) for name in sizes])  # fmt: skip
    top.plot(places, [total for _, total in sizes.values()], marker="o", ms=4,
             color=COLORS["residual"], label="the stream after it")  # fmt: skip
    top.set(ylabel="size")
    top.legend(loc="upper right", bbox_to_anchor=(1.0, 0.72))
    bottom.plot(places, losses, marker="o", color=COLORS["valid"])
    bottom.axhline(chance, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    bottom.text(len(sizes) - 0.6, chance + 0.15, "knowing nothing", ha="right", color=MUTED)
    bottom.set(ylabel="loss, nats per token", ylim=(3, None))
    bottom.set_xticks(places, [name.replace(" ", "\n", 1) for name in sizes])
    show(fig)


def pushes(amounts: dict[str, float], title: str) -> None:
    """Draw what each write adds to one token's score, as bars from zero."""
    fig, ax = figure(7.2, 0.3 * len(amounts) + 0.9, title=title)
    names = list(reversed(amounts))
    ax.barh(names, [amounts[name] for name in names], height=0.66,
            color=[part_color(name) for name in names])  # fmt: skip
    ax.axvline(0, color=MUTED, lw=1)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(xlabel="push on the score, against the average token")
    show(fig)


def work(multiplications: dict[str, Sequence[int]], title: str) -> None:
    """Draw the multiplications for each further token, with a cache and without."""
    fig, ax = figure(6.6, 2.9, title=title, grid=True)
    for (name, counts), meaning in zip(
        multiplications.items(), ["negative", "transformer"], strict=True
    ):
        ax.plot(
            range(1, len(counts) + 1), np.array(counts) / 1e6, color=COLORS[meaning], label=name
        )
    ax.set(xlabel="token number", ylabel="million multiplications", yscale="log")
    ax.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def removals(curves: dict[str, Sequence[float]], held_out: dict[str, float]) -> None:
    """Draw the training curves of the whole and of what lacks a part, and their last scores."""
    fig, (ax, bars) = figure(
        9.2, 3.7, columns=2, width_ratios=[1.25, 1], title="What is each part worth?"
    )
    looks = {"feed-forward": "feedforward", "rotary": "value", "attention": "attention",
             "norms": "negative", "stream": "baseline"}  # fmt: skip
    colors = {name: COLORS[looks.get(name.split()[-1], "residual")] for name in curves}
    for name, values in curves.items():
        smooth = np.convolve(values, np.ones(15) / 15, mode="valid")
        ax.plot(np.arange(len(smooth)) + 15, smooth, lw=1.7, color=colors[name])
    ax.set(xlabel="step", ylabel="loss, nats per letter")
    ax.grid(axis="y")
    order = sorted(held_out, key=lambda name: -held_out[name])
    bars.barh(order, [held_out[name] for name in order], height=0.66,
              color=[colors[name] for name in order])  # fmt: skip
    for row, name in enumerate(order):
        bars.text(held_out[name] + 0.04, row, f"{held_out[name]:.2f}", va="center", fontsize=9)
    bars.set(xlabel="loss on speeches it has not seen", xlim=(0, 1.15 * max(held_out.values())))
    bars.tick_params(axis="y", length=0)
    show(fig)
