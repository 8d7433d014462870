"""The pictures of chapter 40: numbers that know where they came from, and who is to blame."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path as MplPath

from minilm.teach.style import CARD, COLORS, INK, MUTED, blank, box, figure, show
from minilm.train.autograd import Value, backwards

Spot = tuple[Value, int, int]  # a value or, with a number, a place where its line passes; a column
OUTSIDE: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}


def nudge_errors(nudges: Sequence[float], errors: Mapping[str, Sequence[float]]) -> None:
    """Draw how wrong a nudged slope is against the size of the nudge."""
    fig, ax = figure(7.4, 3.2, title="How far should one nudge?", grid=True)
    for (name, values), meaning in zip(errors.items(), ["baseline", "train"], strict=True):
        ax.loglog(nudges, np.maximum(values, 1e-17), marker="o", ms=3, color=COLORS[meaning],
                  label=name)  # fmt: skip
    ax.set(xlabel="nudge", ylabel="error of the slope")
    ax.invert_xaxis()
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def graph(last: Value, title: str) -> None:
    """Draw a value and all that it was made from: numbers in black and, below them, gradients.

    Lines carry the slope of their step. Leaves stand on the left, the result on the right.
    """
    order = list(backwards(last))
    columns = _columns(order)
    chains: list[tuple[str, list[Spot]]] = []  # a line's slopes, and the places that it passes
    users: dict[Spot, list[Spot]] = {(value, columns[value], 0): [] for value in order}
    for value in order:
        for number, source in enumerate(dict.fromkeys(source for source, _ in value.sources)):
            between = range(columns[source] + 1, columns[value])
            free: list[Spot] = [(source, column, id(value) + number) for column in between]
            chain = [(source, columns[source], 0), *free, (value, columns[value], 0)]
            for one, next_one in pairwise(chain):
                users.setdefault(one, []).append(next_one)
            slopes = [f"{slope:.3g}" for other, slope in value.sources if other is source]
            chains.append((" + ".join(slopes), chain))
    rows, height = _rows(users)
    fig, ax = figure(1.1 + 1.5 * columns[last], 0.5 + 0.95 * height, title=title)
    blank(ax, 2.0 * columns[last] + 1.4, 1.25 * height)
    at = {spot: (2.0 * spot[1] + 0.7, 1.25 * row) for spot, row in rows.items()}
    for text, chain in chains:
        _line(ax, [at[spot] for spot in chain], text)
    for value in order:
        meaning = "highlight" if value is last else "train" if not value.sources else "baseline"
        x, y = at[value, columns[value], 0]
        box(ax, x, y, "", width=1.1, height=0.9, color=COLORS[meaning])
        ax.text(x - 0.48, y + 0.27, value.name, fontsize=9, color=MUTED, va="center")
        ax.text(x, y + 0.06, f"{value.data:.3g}", ha="center", va="center", fontsize=11)
        ax.text(x, y - 0.26, f"{value.grad:.3g}", ha="center", va="center", fontsize=9,
                color=COLORS["negative"])  # fmt: skip
    show(fig)


def _columns(order: list[Value]) -> dict[Value, int]:
    """Give each value a column after its sources; a leaf stands right before its first user."""
    columns: dict[Value, int] = {}
    for value in reversed(order):
        columns[value] = 1 + max((columns[source] for source, _ in value.sources), default=-1)
    for value in order:
        for source, _ in value.sources:
            if not source.sources:
                first = min(columns[v] for v in order if source in [one for one, _ in v.sources])
                columns[source] = first - 1
    return columns


def _rows(users: dict[Spot, list[Spot]]) -> tuple[dict[Spot, float], float]:
    """Stack the spots of each column in the order of their users; free spots are half as high."""
    heights = {spot: 0.5 if spot[2] else 1.0 for spot in users}
    columns = sorted({spot[1] for spot in users}, reverse=True)
    total = max(sum(heights[spot] for spot in users if spot[1] == column) for column in columns)
    rows: dict[Spot, float] = {}
    for column in columns:
        here = [spot for spot in users if spot[1] == column]
        here.sort(key=lambda spot: float(np.mean([rows[user] for user in users[spot]] or [0.0])))
        bottom = (total - sum(heights[spot] for spot in here)) / 2
        for spot in here:
            rows[spot] = bottom + heights[spot] / 2
            bottom += heights[spot]
    return rows, total


def _line(ax: Axes, points: list[tuple[float, float]], text: str) -> None:
    """Draw one smooth arrow through some points, level at each of them, with a label."""
    points = [
        (points[0][0] + 0.55, points[0][1]),
        *points[1:-1],
        (points[-1][0] - 0.56, points[-1][1]),
    ]
    corners, codes = [points[0]], [MplPath.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        corners += [((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (x1, y1)]
        codes += [MplPath.CURVE4] * 3
    look: Any = {"arrowstyle": "-|>", "mutation_scale": 10, "color": MUTED, "linewidth": 1.3}
    ax.add_patch(FancyArrowPatch(path=MplPath(corners, codes), **look))
    (x0, y0), (x1, y1) = points[1:3] if len(points) > 2 else points
    ax.text((x0 + x1) / 2, (y0 + y1) / 2, text, ha="center", va="center", fontsize=8, color=INK,
            bbox={"fc": CARD, "ec": "none", "pad": 0.8})  # fmt: skip


def visits(doublings: Sequence[int], counts: Mapping[str, Sequence[int]]) -> None:
    """Draw how many visits a backward walk makes, by path and by value."""
    fig, ax = figure(7.0, 2.9, title="How many visits does blame need?", grid=True)
    for (name, values), meaning in zip(counts.items(), ["negative", "train"], strict=True):
        ax.semilogy(doublings, values, marker="o", ms=4, color=COLORS[meaning], label=name)
    ax.set(xlabel="times that the number was added to itself", ylabel="visits")
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)


def sentences(
    decades: Sequence[int], lengths: Sequence[float], curves: Mapping[str, Sequence[float]],
    title: str, meanings: Sequence[str],
) -> None:  # fmt: skip
    """Draw the mean length of sentences in each decade, and what networks make of it."""
    fig, ax = figure(7.6, 3.2, title=title, grid=True)
    ax.plot(decades, lengths, "o", color=COLORS["residual"], ms=5, label="speeches of a decade")
    for (name, values), meaning in zip(curves.items(), meanings, strict=True):
        ax.plot(decades, values, color=COLORS[meaning], label=name)
    ax.set(xlabel="decade", ylabel="words in a sentence", ylim=(0, 55))
    ax.legend(**OUTSIDE)
    show(fig)


def blame(
    letters: Sequence[str], probabilities: Sequence[float], slopes: Sequence[float], right: int
) -> None:
    """Draw what a model believed, and the slope of its surprise along each score."""
    fig, (left, ax) = figure(7.4, 2.6, columns=2, grid=True,
                             title="How is the blame shared among the scores?")  # fmt: skip
    places = np.arange(len(letters))
    colors = [COLORS["valid" if place == right else "train"] for place in places]
    left.bar(places, probabilities, color=colors, width=0.6)
    left.set(title="what it believed, p", ylim=(0, 1))
    ax.bar(places, slopes, color=colors, width=0.6)
    ax.axhline(0, color=MUTED, lw=1)
    ax.set(title="slope of the surprise")
    for one in (left, ax):
        one.set_xticks(places, [f"{letter}\n(came)" if place == right else letter
                                for place, letter in enumerate(letters)])  # fmt: skip
    show(fig)


def depth(
    forward: Mapping[str, Sequence[float]], backward: Mapping[str, Sequence[float]], title: str,
    meanings: Sequence[str],
) -> None:  # fmt: skip
    """Draw sizes of numbers on the way forward, and of slopes on the way back, layer by layer."""
    fig, (left, right) = figure(9.2, 3.1, columns=2, title=title, grid=True)
    for ax, sizes in ((left, forward), (right, backward)):
        for (name, values), meaning in zip(sizes.items(), meanings, strict=True):
            ax.semilogy(range(len(values)), values, color=COLORS[meaning], label=name)
        ax.set(xlabel="layer", ylim=(1e-7, 1e8))
        ax.minorticks_off()
    left.set_title("forward: size of the numbers →")
    right.set_title("← backward: size of the slopes")
    right.legend(**OUTSIDE)
    show(fig)


def kept(names: Sequence[str], megabytes: Sequence[float], title: str) -> None:
    """Draw what takes the memory, in bars."""
    fig, ax = figure(7.6, 0.9 + 0.36 * len(names), title=title)
    meanings = ["residual", "baseline", "train", "negative", "negative"][: len(names)]
    places = np.arange(len(names))[::-1]
    ax.barh(places, megabytes, color=[COLORS[meaning] for meaning in meanings], height=0.6)
    for place, number in zip(places, megabytes, strict=True):
        ax.text(number + max(megabytes) * 0.01, place, f"{number:.1f} MB", va="center", fontsize=9)
    ax.set_yticks(places, names)
    ax.set(xlim=(0, max(megabytes) * 1.15), xticks=[])
    ax.spines["bottom"].set_visible(False)
    show(fig)


def segments(sizes: Sequence[int], megabytes: Sequence[float], everything: float) -> None:
    """Draw the largest memory of a step against the layers between two kept places."""
    fig, ax = figure(7.2, 2.9, title="How many layers should be forgotten at a time?", grid=True)
    ax.plot(sizes, megabytes, marker="o", color=COLORS["train"], label="forgotten and repeated")
    ax.axhline(
        everything, color=COLORS["negative"], lw=1.4, ls=(0, (4, 3)), label="everything kept"
    )
    ax.set(xscale="log", xlabel="layers in a segment", ylabel="most memory, MB", ylim=(0, None))
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.legend(**OUTSIDE)
    show(fig)
