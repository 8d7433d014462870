"""The figures of the report: curves of learning, and scores with how sure we may be of them.

Unlike a notebook's, these figures stand on a page that has a dark side, so their colors become CSS
variables that the page sets.
"""

from collections.abc import Sequence
from typing import TypedDict

from matplotlib.figure import Figure

from minilm.teach import style


class Curve(TypedDict):
    """One line of a learning curve: the model's name, the meaning of its color, its points."""

    name: str
    meaning: str
    points: list[tuple[float, float]]


class Score(TypedDict):
    """A measured value between the two ends of its interval."""

    name: str
    meaning: str
    value: float
    low: float
    high: float


def learning_curves(curves: Sequence[Curve], x_label: str, title: str) -> Figure:
    """How fast do the models learn? Bits per byte downwards, from the first evaluation on."""
    fig, ax = style.figure(4.9, 3.5, title=title, grid=True)
    for rank, curve in enumerate(sorted(curves, key=lambda curve: -curve["points"][-1][1])):
        x, y = zip(*curve["points"], strict=True)
        color = style.COLORS[curve["meaning"]]
        ax.plot(x, y, color=color, marker="o", markersize=3)
        ax.annotate(
            f"{curve['name']}\n{y[-1]:.3f}",
            (x[-1], y[-1]),
            xytext=(6, 0),
            textcoords="offset points",
            va="top" if rank else "bottom",  # apart, however close the curves end
            color=color,
            fontweight="bold",
            fontsize=9,
        )
    ax.set(xlabel=x_label, ylabel="bits per byte, validation")
    ax.set_xlim(0, 1.3 * max(curve["points"][-1][0] for curve in curves))
    ax.margins(y=0.2)
    return fig


def score_intervals(scores: Sequence[Score], x_label: str) -> Figure:
    """Which differences are real? One row per model: the score as a dot, its interval as a line."""
    fig, ax = style.figure(5.8, 0.8 + 0.4 * len(scores))
    for row, score in enumerate(scores):
        color = style.COLORS[score["meaning"]]
        ax.plot([score["low"], score["high"]], [row, row], color=color, linewidth=3, alpha=0.45)
        ax.plot(score["value"], row, "o", color=color, markersize=7)
        ax.annotate(
            f"{100 * score['value']:.1f} %",
            (score["high"], row),
            xytext=(8, -3.5),
            textcoords="offset points",
            color=color,
            fontweight="bold",
            fontsize=9,
        )
    ax.set_yticks(range(len(scores)), [score["name"] for score in scores])
    ax.set_ylim(len(scores) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    ax.set_xlabel(x_label)
    return fig


def themed_svg(fig: Figure) -> str:
    """Return the figure as an `<svg>` whose colors are the page's: `var(--ink)` for the ink, ...

    The page must define `--card`, `--ink`, `--muted`, `--grid` and one variable per meaning.
    """
    svg = style.to_svg(fig)
    named = {style.CARD: "card", style.INK: "ink", style.MUTED: "muted", style.GRID: "grid"}
    for color, name in {**named, **{code: name for name, code in style.COLORS.items()}}.items():
        svg = svg.replace(color.lower(), f"var(--{name})")
    return svg
