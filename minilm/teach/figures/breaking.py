"""The pictures of chapter 43: a ward of ten runs, and what the instruments say of each.

T position
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from minilm.teach.style import COLORS, INK, MUTED, colormap, figure, show

Curves = Mapping[str, Sequence[float]]


def ward(
    curves: Curves, healthy: Sequence[float], levels: Mapping[str, float],
    title: str = "Ten patients, and the healthy run in gray. What is wrong with each?",
) -> None:  # fmt: skip
    """Draw each curve in a panel of its own, over the healthy one and the counted levels."""
    fig, axes = figure(9.6, 4.6, rows=2, columns=5, title=title, sharex=True, sharey=True)
    for ax, (name, losses) in zip(axes.flat, curves.items(), strict=True):
        for level in levels.values():
            ax.axhline(level, color=COLORS["ngram"], lw=0.9, ls=(0, (4, 3)))
        ax.plot(smooth(healthy), color=COLORS["baseline"], lw=1.6)
        ax.plot(smooth(losses), color=COLORS["negative"], lw=1.8)
        ax.set_title(name, fontweight="bold")
        ax.set(ylim=(0, 5.4), xlim=(0, len(healthy)))
        if not np.isfinite(losses[-1]):
            last = int(np.isfinite(losses).sum())
            ax.text(last + 3, 1.0, "not a\nnumber", fontsize=8.5, color=COLORS["negative"])
    for ax in axes[:, 0]:
        ax.set_ylabel("loss, nats")
    for ax in axes[1]:
        ax.set_xlabel("step")
    for name, level in levels.items():
        axes[0, 4].text(101, level, name, fontsize=8, va="center", color=COLORS["ngram"],
                        clip_on=False)  # fmt: skip
    show(fig)


def smooth(losses: Sequence[float], width: int = 5) -> np.ndarray:
    """Return running means, as long as the losses."""
    values = np.asarray(losses, dtype=float)
    return np.array([values[max(0, i - width + 1) : i + 1].mean() for i in range(len(values))])


def influence(matrices: Mapping[str, Tensor], title: str) -> None:
    """Draw how strongly each position's output depends on each input: (T, T) for each name."""
    fig, axes = figure(3.1 * len(matrices) + 0.4, 3.2, columns=len(matrices), title=title)
    for ax, (name, matrix) in zip(np.atleast_1d(axes), matrices.items(), strict=True):
        strength = np.log10(np.asarray(matrix) + 1e-12)
        top = strength.max()
        ax.imshow(strength, vmin=top - 4, vmax=top, cmap=colormap("attention"))
        ax.plot([-0.5, len(strength) - 0.5], [-0.5, len(strength) - 0.5], color=MUTED, lw=0.8)
        ax.set(title=name, xlabel="input at position", ylabel="output at position")
    show(fig)


def bars(
    readings: Mapping[str, float], title: str, ylabel: str, *, log: bool = False,
    marked: str = "",
) -> None:  # fmt: skip
    """Draw one reading of every patient as a bar; those in `marked` in the color of alarm."""
    fig, ax = figure(7.4, 2.6, title=title)
    _bars(ax, readings, ylabel, log, marked)
    show(fig)


def two_bars(
    left: Mapping[str, float], right: Mapping[str, float], title: str, names: tuple[str, str],
    marked: tuple[str, str], log: bool = False,
) -> None:  # fmt: skip
    """Draw two readings side by side."""
    fig, axes = figure(9.4, 2.8, columns=2, title=title)
    for ax, values, name, alarm in zip(axes, (left, right), names, marked, strict=True):
        _bars(ax, values, name, log, alarm)
    show(fig)


def _bars(ax: Axes, readings: Mapping[str, float], ylabel: str, log: bool, marked: str) -> None:
    names = ["ok" if name == "healthy" else name for name in readings]
    meanings = [
        "negative" if name in marked else "baseline" if name == "healthy" else "train"
        for name in readings
    ]
    values = [value if np.isfinite(value) else 0 for value in readings.values()]
    ax.bar(names, values, color=[COLORS[meaning] for meaning in meanings], width=0.7)
    for place, value in enumerate(readings.values()):
        if not np.isfinite(value):
            ax.text(place, 0.02, "none", transform=ax.get_xaxis_transform(), ha="center",
                    va="bottom", fontsize=8, color=MUTED)  # fmt: skip
    if log:
        ax.set_yscale("log")
    ax.set_ylabel(ylabel)


def activations(pictures: Mapping[str, Tensor], title: str) -> None:
    """Draw histograms of what goes into a layer's nonlinearity; what is below zero is cut off."""
    fig, axes = figure(3.1 * len(pictures) + 0.4, 2.7, columns=len(pictures), title=title,
                       sharey=True)  # fmt: skip
    for ax, (name, values) in zip(np.atleast_1d(axes), pictures.items(), strict=True):
        numbers = np.asarray(values.flatten())
        edges = np.linspace(-10, 6, 65)
        ax.hist(numbers[numbers <= 0], edges, color=COLORS["baseline"])
        ax.hist(numbers[numbers > 0], edges, color=COLORS["feedforward"])
        ax.axvline(0, color=INK, lw=0.8)
        ax.set(title=name, xlabel="before the nonlinearity", yticks=[])
    show(fig)


def findings(table: Mapping[str, Mapping[str, bool]], names: Mapping[str, str], title: str) -> None:
    """Draw which test raised an alarm for which patient: rows are patients, columns tests."""
    tests = list(next(iter(table.values())))
    fig, ax = figure(9.6, 4.4, title=title)
    for y, marks in enumerate(table.values()):
        for x, test in enumerate(tests):
            alarm = marks[test]
            color = COLORS["negative"] if alarm else COLORS["baseline"]
            ax.scatter(x, y, s=150 if alarm else 14, color=color, zorder=2)
        ax.axhline(y + 0.5, color="#E6E6EA", lw=0.8)
    labels = [f"{names[patient]}  {patient}" if names else patient for patient in table]
    ax.set_yticks(range(len(table)), labels)
    ax.set_xticks(range(len(tests)), [test.replace(" ", "\n") for test in tests], fontsize=8.5)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set(xlim=(-0.5, len(tests) - 0.5), ylim=(len(table) - 0.5, -0.5))
    for spine in ax.spines.values():
        spine.set_visible(False)
    show(fig)


def jump(losses: Sequence[float], kept: Sequence[float], title: str) -> None:
    """Draw a run that met a bad batch, and the same run that went back and left it out."""
    fig, ax = figure(7.0, 2.8, title=title)
    ax.plot(losses, color=COLORS["negative"], label="goes on")
    ax.plot(kept, color=COLORS["train"], label="rolls back")
    ax.set(xlabel="step", ylabel="loss, nats")
    ax.legend()
    show(fig)
