"""The pictures of chapter 45, second half: laws that reach past their runs.

N parameters, D tokens, C = 6 N D floating-point operations
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from minilm.teach.figures.sweeping import OUTSIDE, Row, legend_once, shades
from minilm.teach.style import CARD, COLORS, INK, MUTED, figure, show

BOTH_SIDES = LinearSegmentedColormap.from_list(
    "both sides", [COLORS["train"], CARD, COLORS["negative"]]
)


def short(number: float) -> str:
    """Write a size as people say it: 7.0 k, 1.2 M, 70 B, 1.4 T."""
    for unit, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:.3g}"


def in_powers(number: float) -> str:
    """Write a number as a digit and a power of ten, for a label."""
    digit, power = f"{number:.0e}".split("e")
    return rf"${digit} \cdot 10^{{{int(power)}}}$"


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
    known: Sequence[float] = (),
) -> None:
    """Draw the neighborhood of a run held out: what laws expect of it, and `known` losses of it."""
    title = "And what did it do?" if known else "What do the laws expect of it?"
    fig, ax = figure(7.8, 4.0, title=title, grid=True)
    _draw_runs(ax, runs, law)
    tokens = held_out["tokens"]
    for (name, band), meaning, shift in zip(
        bands.items(), ("baseline", "highlight"), (0.97, 1.03), strict=True
    ):
        ax.plot([tokens * shift] * 2, band, color=COLORS[meaning], lw=8, alpha=0.9,
                solid_capstyle="butt", label=f"expected, law of {name}")  # fmt: skip
    for number, loss in enumerate(known):
        look: Any = {"ms": 7, "alpha": 0.6} if number else {"ms": 11}
        name = "with other seeds" if number else "what it did"
        ax.plot(tokens, loss, "*", color=COLORS["negative"], label=name, ls="", **look)
    ax.set(xlim=(tokens / 2.4, tokens * 2.4), ylim=(1.25, 1.7))
    legend_once(ax, title="curves: law of N > 30 k", alignment="left")
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


def errors(params: Sequence[float], tokens: Sequence[float], misses: Sequence[float]) -> None:
    """Draw a law's relative errors, one cell a run: red where it expects too high a loss."""
    fig, ax = figure(6.8, 3.0, title="Where is the law off?")
    rows, columns = sorted(set(params)), sorted(set(tokens))
    values = np.full((len(rows), len(columns)), np.nan)
    for n, d, miss in zip(params, tokens, misses, strict=True):
        values[rows.index(n), columns.index(d)] = round(100 * miss, 1) + 0.0  # no minus zero
    most = np.nanmax(abs(values))
    ax.imshow(values, cmap=BOTH_SIDES, vmin=-most, vmax=most, aspect="auto", origin="lower")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = CARD if abs(value) > 0.7 * most else INK
            ax.text(column, row, f"{value:+.1f}", ha="center", va="center", color=color, fontsize=9)
    ax.set_xticks(range(len(columns)), [short(d) for d in columns])
    ax.set_yticks(range(len(rows)), [short(n) for n in rows])
    ax.set(xlabel="tokens read, D", ylabel="parameters, N")
    ax.text(
        1.02, 0.98, "law minus run,\nin per cent", transform=ax.transAxes, va="top", color=MUTED
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    show(fig)


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
        ax.plot(params, losses, "o", ms=5, color=color, label=f"{in_powers(flops)} operations")
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
    ax.axvspan(reach, flops[-1], color=MUTED, alpha=0.08, lw=0, label="no runs here")
    ax.set(xscale="log", yscale="log", xlabel="budget, operations", ylabel="parameters, N")
    in_sizes(ax.yaxis)
    ax.legend(**OUTSIDE)
    show(fig)


def widening(
    factors: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    losses: Mapping[str, Sequence[float]],
) -> None:
    """Draw the first law's loss past the runs with its interval, and what another law expects."""
    fig, ax = figure(7.8, 3.0, title="How sure is a law, past its runs?", grid=True)
    low, high = np.array(intervals).T
    ax.fill_between(factors, low, high, color=COLORS["transformer"], alpha=0.25, lw=0,
                    label="its 90 % interval")  # fmt: skip
    for (name, values), meaning in zip(losses.items(), ("transformer", "ngram"), strict=True):
        ax.plot(factors, values, color=COLORS[meaning], label=name)
    ax.set(xscale="log", xlabel="budget, in times the largest run", ylabel="loss, nats per byte")
    ax.set_xticks(factors, [f"{factor:g}" for factor in factors])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.legend(**OUTSIDE)
    show(fig)


def repeats(fresh: Sequence[Row], again: Sequence[Row]) -> None:
    """Draw the loss over tokens read, of fresh text and of a little text read again and again.

    A dot for each seed, a line through the means.
    """
    fig, ax = figure(6.8, 3.2, title="What is a token worth the second time?", grid=True)
    for rows, name, meaning in ((fresh, "always fresh", "train"), (again, "repeated", "negative")):
        tokens = sorted({row["tokens"] for row in rows})
        losses = [[row["loss"] for row in rows if row["tokens"] == read] for read in tokens]
        ax.plot(tokens, [np.mean(of) for of in losses], color=COLORS[meaning], label=name)
        for read, of in zip(tokens, losses, strict=True):
            ax.plot([read] * len(of), of, "o", ms=4.5, color=COLORS[meaning], alpha=0.6)
    unique = again[0]["unique_tokens"]
    for read in sorted({row["tokens"] for row in again}):
        top = max(row["loss"] for row in (*again, *fresh) if row["tokens"] == read)
        ax.annotate(f"{read // unique}x", (read, top), (0, 7), textcoords="offset points",
                    ha="center", fontsize=8.5, color=MUTED)  # fmt: skip
    ax.set(xscale="log", xlabel="tokens read, D", ylabel="loss, nats per byte")
    in_sizes(ax.xaxis)
    ax.margins(y=0.12)
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
