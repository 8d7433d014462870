"""The pictures of chapter 45, second half: laws that reach past their runs.

N parameters, D tokens, C = 6 N D floating-point operations
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from minilm.teach.figures.sweeping import OUTSIDE, Row, shades
from minilm.teach.style import COLORS, INK, MUTED, figure, show


def short(number: float) -> str:
    """Write a size as people say it: 7.0 k, 1.2 M, 70 B, 1.4 T."""
    for unit, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:.3g}"


def in_sizes(axis: Any) -> None:
    """Label a logarithmic axis with sizes instead of powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_locator(NullLocator())


def runs_and_law(
    runs: Sequence[Row], law: Callable[[Any, Any], Any] | None = None, *, title: str
) -> None:
    """Draw each size's losses over tokens, and a law's curves."""
    fig, ax = figure(7.8, 4.0, title=title, grid=True)
    _draw_runs(ax, runs, law)
    ax.legend(**OUTSIDE)
    show(fig)


def where_will_it_end(runs: Sequence[Row], held_out: Row) -> None:
    """Draw the runs, and a line on which the loss of a run held out will lie."""
    fig, ax = figure(7.8, 4.0, title="Where will the larger run end?", grid=True)
    _draw_runs(ax, runs)
    label = f"held out: N = {short(held_out['n_params'])}"
    ax.axvline(held_out["tokens"], color=COLORS["highlight"], lw=3, label=label)
    ax.legend(**OUTSIDE)
    show(fig)


def prediction(
    runs: Sequence[Row],
    law: Callable[[Any, Any], Any],
    held_out: Row,
    bands: Mapping[str, tuple[float, float]],
    known: bool = False,
) -> None:
    """Draw the neighborhood of a run held out: what laws expect of it and, if `known`, its loss."""
    title = "And what did it do?" if known else "What do the laws expect of it?"
    fig, ax = figure(7.8, 4.0, title=title, grid=True)
    _draw_runs(ax, runs, law)
    tokens = held_out["tokens"]
    for (name, band), meaning, shift in zip(
        bands.items(), ("baseline", "highlight"), (0.97, 1.03), strict=True
    ):
        ax.plot([tokens * shift] * 2, band, color=COLORS[meaning], lw=8, alpha=0.9,
                solid_capstyle="butt", label=f"expected, law of {name}")  # fmt: skip
    if known:
        ax.plot(tokens, held_out["loss"], "*", color=COLORS["negative"], ms=14, label="what it did")
    ax.set(xlim=(tokens / 2.4, tokens * 2.4), ylim=(1.25, 1.7))
    ax.legend(**OUTSIDE)
    show(fig)


def _draw_runs(ax: Axes, runs: Sequence[Row], law: Callable[[Any, Any], Any] | None = None) -> None:
    sizes = sorted({row["n_params"] for row in runs})
    span = np.geomspace(1.0e5, 5e6, 60)
    for size, color in zip(sizes, shades(len(sizes)), strict=True):
        points = sorted((row["tokens"], row["loss"]) for row in runs if row["n_params"] == size)
        tokens, losses = zip(*points, strict=True)
        style = "o" if law else "o-"
        ax.plot(tokens, losses, style, ms=5, color=color, lw=1.2, label=f"N = {short(size)}")
        if law:
            ax.plot(span, law(size, span), color=color, lw=1.2)
    ax.set(xscale="log", xlabel="tokens read, D", ylabel="loss, nats per byte")
    in_sizes(ax.xaxis)


def isoflops(
    curves: Mapping[float, tuple[Sequence[float], Sequence[float]]],
    bottoms: Mapping[float, tuple[float, float]],
) -> None:
    """Draw the loss over the size at equal compute, one parabola a budget, and its lowest point."""
    fig, ax = figure(7.4, 3.7, title="At equal compute, which size is best?", grid=True)
    for (flops, (params, losses)), color in zip(
        curves.items(), shades(len(curves), "lstm"), strict=True
    ):
        x = np.log(params)
        curve = np.polynomial.Polynomial.fit(x, losses, deg=2)
        fine = np.linspace(x.min(), x.max(), 60)
        ax.plot(params, losses, "o", ms=5, color=color, label=f"{flops:.1e} operations")
        ax.plot(np.exp(fine), curve(fine), color=color, lw=1.3)
        if flops in bottoms:
            ax.plot(*bottoms[flops], "v", color=INK, ms=8, zorder=3)
    ax.set(xscale="log", xlabel="parameters, N", ylabel="loss, nats per byte")
    in_sizes(ax.xaxis)
    ax.legend(**OUTSIDE)
    show(fig)


def frontier(
    flops: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    band: tuple[Sequence[float], Sequence[float]],
    reach: float,
) -> None:
    """Draw the best size over the budget by three approaches; past `reach` nothing was measured."""
    fig, ax = figure(7.8, 3.8, title="How large should the model be?", grid=True)
    ax.fill_between(flops, *band, color=COLORS["transformer"], alpha=0.18, lw=0,
                    label="90 % of the laws")  # fmt: skip
    for (name, params), meaning in zip(lines.items(), ("transformer", "ngram"), strict=False):
        ax.plot(flops, params, color=COLORS[meaning], label=name)
    for (name, (x, y)), meaning in zip(points.items(), ("lstm", "baseline"), strict=False):
        ax.plot(x, y, "o", color=COLORS[meaning], mec=INK, label=name)
    ax.axvspan(reach, flops[-1], color=MUTED, alpha=0.08, lw=0)
    ax.text(reach * 1.15, ax.get_ylim()[0] * 1.3, "no runs here", fontsize=9, color=MUTED)
    ax.set(xscale="log", yscale="log", xlabel="budget, operations", ylabel="parameters, N")
    in_sizes(ax.yaxis)
    ax.legend(**OUTSIDE)
    show(fig)


def widening(factors: Sequence[float], intervals: Sequence[tuple[float, float]]) -> None:
    """Draw the interval of the predicted loss against how far past the runs it reaches."""
    fig, ax = figure(6.4, 2.9, title="How sure is the law, past its runs?", grid=True)
    low, high = np.array(intervals).T
    middle = (low + high) / 2
    ax.fill_between(factors, low, high, color=COLORS["transformer"], alpha=0.25, lw=0)
    ax.plot(factors, middle, color=COLORS["transformer"])
    ax.set(xscale="log", xlabel="budget, in times the largest run", ylabel="loss, nats per byte")
    ax.set_xticks(factors, [f"{factor:g}" for factor in factors])
    ax.xaxis.set_minor_locator(NullLocator())
    show(fig)


def repeats(fresh: Sequence[Row], again: Sequence[Row]) -> None:
    """Draw the loss over tokens read, of fresh text and of a little text read again and again."""
    fig, ax = figure(6.8, 3.2, title="What is a token worth the second time?", grid=True)
    for rows, name, meaning in ((fresh, "always fresh", "train"), (again, "repeated", "negative")):
        points = sorted((row["tokens"], row["loss"]) for row in rows)
        tokens, losses = zip(*points, strict=True)
        ax.plot(tokens, losses, marker="o", color=COLORS[meaning], label=name)
    unique = again[0]["unique_tokens"]
    for row in again:
        times = row["tokens"] // unique
        ax.annotate(f"{times}x", (row["tokens"], row["loss"]), (0, 7), textcoords="offset points",
                    ha="center", fontsize=8.5, color=MUTED)  # fmt: skip
    ax.set(xscale="log", xlabel="tokens read, D", ylabel="loss, nats per byte")
    in_sizes(ax.xaxis)
    ax.legend()
    show(fig)


def tokens_per_parameter(flops: Sequence[float], ratios: Mapping[str, Sequence[float]]) -> None:
    """Draw the tokens for each parameter that published laws ask for, and what Chinchilla had."""
    fig, ax = figure(7.4, 3.2, title="How many tokens for each parameter?", grid=True)
    meanings = ("negative", "transformer")
    for (name, values), meaning in zip(ratios.items(), meanings, strict=True):
        ax.plot(flops, values, color=COLORS[meaning], label=name)
    ax.plot(5.76e23, 20, "*", ms=14, color=COLORS["highlight"], mec=INK, label="Chinchilla itself")
    ax.set(xscale="log", xlabel="budget, operations", ylabel="tokens / parameter", ylim=(0, None))
    ax.legend(**OUTSIDE)
    show(fig)
