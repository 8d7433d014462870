"""The pictures of chapter 44: many ranks, what travels between them, what each of them holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from minilm.teach.style import (
    CARD,
    COLORS,
    GRID,
    INK,
    MUTED,
    arrow,
    blank,
    box,
    colormap,
    figure,
    show,
)

PARTS = {"weights": "embedding", "gradients": "key", "optimizer": "transformer"}
OUTSIDE: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}


def same_loss(histories: Mapping[str, Sequence[float]]) -> None:
    """Draw the loss of each way to train, and by how much each differs from the first."""
    fig, (left, right) = figure(
        9.2, 3.0, columns=2, title="Is it the same training?", width_ratios=[1.15, 1]
    )
    (name, alone), *others = histories.items()
    steps = np.arange(len(alone)) + 1
    left.plot(steps, alone, color=COLORS["baseline"], lw=6, label=name)
    for (name, losses), meaning, style in zip(
        others, ("transformer", "lstm"), ("-", (0, (3, 2))), strict=True
    ):
        left.plot(steps, losses, color=COLORS[meaning], lw=1.8, ls=style, label=name)
        apart = np.maximum(np.abs(np.subtract(losses, alone)), 1e-9)
        right.plot(steps, apart, "o", ms=4, color=COLORS[meaning], label=name)
    right.axhline(1e-5, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    right.text(steps[-1], 1.3e-5, "0.00001", ha="right", color=MUTED, fontsize=8.5)
    left.set(xlabel="step", ylabel="loss, nats per byte")
    right.text(1, 1.3e-9, "lowest: no difference", color=MUTED, fontsize=8.5)
    right.set(xlabel="step", ylabel="difference from one process", yscale="log", ylim=(5e-10, 1e-3))
    right.set_xticks(steps[1::2])
    left.legend()
    show(fig)


def ring(table: Sequence[Sequence[int]]) -> None:
    """Draw every moment of a ring all-reduce: a row for each rank, its chunks as numbers."""
    n = len(table)
    states = [[list(row) for row in table]]
    moved: list[list[int]] = []  # moved[step][rank]: which chunk a rank has received
    for step in range(2 * (n - 1)):
        before, summing = states[-1], step < n - 1
        now, arrived = [list(row) for row in before], [0] * n
        for rank in range(n):
            chunk = (rank - step - 1) % n if summing else (rank - step + n - 1) % n
            right = (rank + 1) % n
            now[right][chunk] = before[rank][chunk] + (before[right][chunk] if summing else 0)
            arrived[right] = chunk
        states.append(now)
        moved.append(arrived)
    fig, axes = figure(
        1.95 * len(states), 0.62 * n + 1.0, columns=len(states),
        title="How do numbers go round the ring until everybody has all the sums?",
    )  # fmt: skip
    total = states[-1][0]
    cmap = colormap("value")
    for moment, ax in enumerate(axes):
        blank(ax, n + 1.2, n + 0.2)
        for rank, chunks in enumerate(states[moment]):
            y = n - rank - 0.4
            ax.text(0.85, y, f"rank {rank}" if moment == 0 else "", ha="right", va="center",
                    fontsize=8.5, color=MUTED)  # fmt: skip
            for chunk, value in enumerate(chunks):
                new = moment > 0 and moved[moment - 1][rank] == chunk
                done = value == total[chunk]
                ax.add_patch(
                    Rectangle((chunk + 1, y - 0.36), 0.92, 0.72, fc=cmap(0.45 if done else 0.0),
                              ec=COLORS["highlight"] if new else GRID, lw=2.4 if new else 1.0)
                )  # fmt: skip
                ax.text(chunk + 1.46, y, str(value), ha="center", va="center", fontsize=9)
        half = "sum" if moment < n else "hand on"
        ax.set_title("before" if moment == 0 else f"{half} {(moment - 1) % (n - 1) + 1}",
                     fontsize=9, loc="center")  # fmt: skip
    fig.legend(
        handles=[
            Patch(fc=CARD, ec=COLORS["highlight"], lw=2.2, label="just arrived from the left"),
            Patch(fc=cmap(0.45), ec=GRID, label="the sum over all ranks"),
        ],
        loc="outside lower center", ncols=2, fontsize=8.5,
    )  # fmt: skip
    show(fig)


def traffic(ranks: Sequence[int], busiest: Mapping[str, Sequence[float]]) -> None:
    """Draw what the busiest rank sends, in sizes of the gradient, against the number of ranks."""
    fig, ax = figure(6.8, 3.0, title="How much does the busiest rank send?", grid=True)
    for (name, values), meaning in zip(busiest.items(), ("negative", "value"), strict=True):
        ax.plot(ranks, values, "o", color=COLORS[meaning], label=name)
    line = np.linspace(2, max(ranks), 100)
    ax.plot(line, line - 1, color=COLORS["negative"], lw=1.0, label="n − 1")
    ax.plot(line, 2 * (line - 1) / line, color=COLORS["value"], lw=1.0, label="2 (n − 1) / n")
    ax.set(xlabel="ranks, n", ylabel="times the gradient", ylim=(0, None))
    ax.set_xticks(ranks)
    ax.legend(**OUTSIDE)
    show(fig)


def faults(
    losses: Mapping[str, Sequence[float]],
    distances: Mapping[str, Sequence[float]],
    scores: Mapping[str, float],
) -> None:
    """Draw the loss of right and wrong runs, how far their ranks are apart, how good they are."""
    meanings = dict(zip(losses, ("transformer", "key", "negative", "highlight"), strict=True))
    fig, (left, middle, right) = figure(
        10.4, 3.2, columns=3, width_ratios=[1.2, 1, 0.8], title="Which of these runs is right?"
    )
    for name, values in losses.items():
        shown = np.convolve(values, np.ones(5) / 5, mode="valid")
        left.plot(np.arange(len(shown)) + 5, shown, color=COLORS[meanings[name]], label=name)
        width = 5 if name == next(iter(losses)) else 1.8  # lines that lie on each other
        middle.plot(distances[name], color=COLORS[meanings[name]], lw=width)
    left.set(xlabel="step", ylabel="loss that is logged", title="the loss: all of them fall")
    middle.set(xlabel="step", title="distance of two ranks / length of weights",
               ylim=(-0.05, None))  # fmt: skip
    for y, (name, score) in enumerate(scores.items()):
        right.plot(score, y, "o", ms=9, color=COLORS[meanings[name]])
    right.set(yticks=[], xlabel="loss", title="on other text", ylim=(len(scores) - 0.5, -0.5))
    right.margins(x=0.12)
    right.grid(axis="x")
    fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    show(fig)


def held(
    stages: Mapping[str, Mapping[str, float]], measured: Mapping[str, Mapping[str, float]]
) -> None:
    """Draw the bytes that a rank holds for each weight, by stage; marks where it was measured."""
    fig, ax = figure(7.4, 0.9 + 0.46 * len(stages), title="What does each rank hold?")
    for y, (stage, parts) in enumerate(stages.items()):
        left = mark = 0.0
        for part, value in parts.items():
            ax.barh(y, value, left=left, height=0.62, color=COLORS[PARTS[part]])
            left += value
            if stage in measured:
                mark += measured[stage][part]
                ax.plot([mark, mark], [y - 0.42, y + 0.42], color=INK, lw=2)
    ax.set_yticks(range(len(stages)), list(stages))
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="bytes for each weight of the model", ylim=(len(stages) - 0.4, -0.6))
    handles: list[Any] = [Patch(color=COLORS[m], label=part) for part, m in PARTS.items()]
    handles.append(Line2D([], [], color=INK, lw=2, label="a real process"))
    ax.legend(handles=handles, **OUTSIDE)
    show(fig)


def breathing(traces: Mapping[str, Sequence[float]]) -> None:
    """Draw the weights and gradients that a rank holds, from moment to moment of a step."""
    fig, ax = figure(7.4, 3.0, title="What does a rank hold in the course of a step?", grid=True)
    for (name, values), meaning in zip(traces.items(), ("baseline", "transformer"), strict=True):
        moments = np.arange(len(values))
        ax.step(moments, values, where="mid", color=COLORS[meaning], label=name)
        ax.fill_between(moments, values, step="mid", color=COLORS[meaning], alpha=0.12, lw=0)
    middle = len(next(iter(traces.values()))) / 2 - 0.5
    ax.axvline(middle, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    top = ax.get_ylim()[1]
    ax.text(middle - 0.3, top * 0.97, "forward", ha="right", va="top", color=MUTED, fontsize=9)
    ax.text(middle + 0.3, top * 0.97, "backward", va="top", color=MUTED, fontsize=9)
    ax.set(xlabel="moment", ylabel="sizes of the model", ylim=(0, top), xticks=[])
    ax.legend(**OUTSIDE)
    show(fig)


def pays(sizes: Sequence[int], speedups: Mapping[str, Sequence[float]]) -> None:
    """Draw how many times faster n ranks are than one, by the speed of what connects them."""
    fig, ax = figure(7.4, 3.2, title="When do more devices pay?", grid=True)
    ax.plot(sizes, sizes, color=MUTED, lw=1.2, ls=(0, (4, 3)), label="n times")
    meanings = ("negative", "lstm", "value", "transformer")
    for (name, values), meaning in zip(speedups.items(), meanings, strict=True):
        ax.plot(sizes, values, marker="o", ms=4, color=COLORS[meaning], label=name)
    ax.axhline(1, color=INK, lw=0.8)
    ax.set(xscale="log", yscale="log", xlabel="devices, n", ylabel="times faster than one")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_yticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def tensor_parallel() -> None:
    """Draw two matrices that two ranks share: columns of the first, rows of the second."""
    fig, ax = figure(8.4, 2.7, title="Tensor parallelism: both compute every row, each with half of"
                     " the matrices")  # fmt: skip
    blank(ax, 12.4, 3.2)
    box(ax, 0.9, 1.6, "x", width=1.1, height=1.5, color=COLORS["residual"])
    for y, rank, meaning in ((2.45, 0, "query"), (0.75, 1, "key")):
        color = COLORS[meaning]
        ax.text(2.3, y + (0.3 if rank == 0 else -0.45), f"rank {rank}", color=color, ha="right")
        box(ax, 3.6, y, "half of the\ncolumns of W₁", width=2.3, height=1.1, color=color)
        box(ax, 6.2, y, "ReLU", width=1.1, height=0.7, color=color)
        box(ax, 8.5, y, "half of the\nrows of W₂", width=2.1, height=1.1, color=color)
        arrow(ax, (1.5, 1.6), (2.4, y))
        arrow(ax, (4.8, y), (5.6, y))
        arrow(ax, (6.8, y), (7.4, y))
        arrow(ax, (9.6, y), (10.6, 1.75 if rank == 0 else 1.45))
    box(ax, 11.3, 1.6, "sum", width=1.3, height=0.9, color=COLORS["highlight"])
    show(fig)


def pipeline(cells: Sequence[tuple[int, int, int, bool]], title: str) -> None:
    """Draw who works on what when: (rank, moment, mini-batch, is it the way back)."""
    n = max(rank for rank, *_ in cells) + 1
    length = max(moment for _, moment, *_ in cells) + 1
    fig, ax = figure(min(9.6, 1.6 + 0.42 * length), 0.95 + 0.42 * n, title=title)
    for rank, moment, part, back in cells:
        color = COLORS["key" if back else "query"]
        ax.add_patch(Rectangle((moment, rank - 0.42), 0.96, 0.84, fc=color, alpha=0.75, ec=CARD))
        ax.text(moment + 0.48, rank, str(part + 1), ha="center", va="center", color=CARD)
    _tidy(ax, n, length)
    fig.legend(
        handles=[
            Patch(color=COLORS["query"], alpha=0.75, label="forward"),
            Patch(color=COLORS["key"], alpha=0.75, label="backward"),
            Patch(fc=GRID, label="waiting"),
        ],
        loc="outside lower center", ncols=3, fontsize=8.5,
    )  # fmt: skip
    show(fig)


def _tidy(ax: Axes, n: int, length: int) -> None:
    ax.add_patch(Rectangle((0, -0.42), length, n - 0.16, fc=GRID, ec="none", zorder=0))
    ax.set(xlim=(0, length), ylim=(n - 0.5, -0.5), xticks=[], xlabel="time")
    ax.set_yticks(range(n), [f"rank {rank}" for rank in range(n)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
