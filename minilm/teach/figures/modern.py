"""The pictures of chapter 34: what changed in the block, and what each change is worth."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from minilm.teach.style import (
    CARD,
    COLORS,
    INK,
    MUTED,
    arrow,
    blank,
    box,
    colormap,
    figure,
    heatmap,
    show,
)

PALETTE = [
    COLORS[m] for m in ("baseline", "transformer", "lstm", "ngram", "valid", "train", "negative")
]
ERAS: dict[str, list[tuple[str, str, bool]]] = {  # from below: part, color's meaning, changed here
    "2017, the first": [
        ("embedding + sines", "embedding", False),
        ("attention, all heads\nwith keys of their own", "attention", False),
        ("+ , then LayerNorm", "residual", False),
        ("ReLU layer", "feedforward", False),
        ("+ , then LayerNorm", "residual", False),
    ],
    "2019, GPT-2": [
        ("embedding + learned\npositions", "embedding", True),
        ("LayerNorm", "residual", True),
        ("attention  +", "attention", False),
        ("LayerNorm", "residual", True),
        ("GELU layer  +", "feedforward", True),
    ],
    "today": [
        ("embedding", "embedding", True),
        ("RMSNorm", "residual", True),
        ("attention  +\nrotary, few keys, QK-norm,\nwindows, latents", "attention", True),
        ("RMSNorm", "residual", True),
        ("SwiGLU layer  +\nor experts; no biases", "feedforward", True),
    ],
}


def blocks() -> None:
    """Draw the block of three years side by side; what changed since the one before glows."""
    fig, ax = figure(9.4, 4.3, title="What has changed in the block?")
    blank(ax, 12.2, 5.9)
    for column, (year, parts) in enumerate(ERAS.items()):
        x = 2.0 + 4.1 * column
        ax.text(x, 5.65, year, ha="center", fontsize=11, fontweight="bold")
        for row, (text, meaning, changed) in enumerate(parts):
            y = 0.55 + 1.05 * row
            if changed:
                ax.add_patch(
                    FancyBboxPatch(
                        (x - 1.72, y - 0.42), 3.44, 0.84, fc=COLORS["highlight"], ec="none",
                        boxstyle="round,pad=0.06,rounding_size=0.2", alpha=0.75,
                    )
                )  # fmt: skip
                ground = (x - 1.65, y - 0.39)
                ax.add_patch(
                    FancyBboxPatch(ground, 3.3, 0.78, fc=CARD, ec="none",
                                   boxstyle="round,pad=0,rounding_size=0.2")
                )  # fmt: skip
            box(ax, x, y, "", width=3.3, height=0.78, color=COLORS[meaning])
            ax.text(x, y, text, ha="center", va="center", fontsize=8.5 if "\n" in text else 9.5)
            if row:
                arrow(ax, (x, y - 0.66), (x, y - 0.43))
    words = (
        "Three blocks side by side. 2017: sines, attention, LayerNorm after the sum, ReLU. 2019:"
        " learned positions, LayerNorm before each layer, GELU. Today: rotary positions, RMSNorm,"
        " SwiGLU or experts, no biases."
    )
    show(fig, alt=words)


def effects(rows: dict[str, tuple[float, float, float]], title: str) -> None:
    """Draw a difference and its interval for each change; what crosses zero may be luck."""
    fig, ax = figure(7.6, 0.36 * len(rows) + 1.2, title=title)
    for place, (mean, low, high) in enumerate(rows.values()):
        color = COLORS["positive"] if high < 0 else COLORS["negative"] if low > 0 else MUTED
        ax.plot([low, high], [place, place], color=color, lw=3, alpha=0.45)
        ax.plot(mean, place, "o", ms=7, color=color)
        # A label stands off the zero line.
        end, away, side = (low, -7, "right") if high < 0 else (high, 7, "left")
        ax.annotate(
            f"{mean:+.3f}".replace("-", "\N{MINUS SIGN}"), (end, place), (away, 0),
            textcoords="offset points", ha=side, va="center", fontsize=9, color=color,
        )  # fmt: skip
    ax.axvline(0, color=INK, lw=1)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel="bits per byte: to the right is worse")
    ax.margins(x=0.16)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.spines["left"].set_visible(False)
    show(fig)


def rates(
    curves: dict[str, dict[float, float]], title: str, level: tuple[float, str] | None = None
) -> None:
    """Draw bits per byte against the learning rate for each kind of block, and a named level."""
    fig, ax = figure(7.4, 3.2, title=title, grid=True)
    for (name, points), color in zip(curves.items(), PALETTE, strict=False):
        ax.plot(list(points), list(points.values()), "o-", ms=5, color=color, label=name)
    if level:
        ax.axhline(level[0], color=MUTED, lw=1.2, ls=(0, (4, 3)), label=level[1])
    ticks = sorted({rate for points in curves.values() for rate in points})
    ax.set(xscale="log", xlabel="learning rate", ylabel="bits per byte")
    ax.set_xticks(ticks, [f"{rate:g}" for rate in ticks])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def lines(
    curves: dict[str, Sequence[float]], title: str, xlabel: str, ylabel: str, *,
    xs: Sequence[float], mark: tuple[float, str] | None = None,
) -> None:  # fmt: skip
    """Draw named curves over the same places, with a marked place if there is one."""
    fig, ax = figure(7.4, 3.1, title=title, grid=True)
    for (name, values), color in zip(curves.items(), PALETTE, strict=False):
        ax.plot(xs, values, color=color, label=name)
    if mark:
        ax.axvline(mark[0], color=MUTED, lw=1.2, ls=(0, (4, 3)))
        ax.annotate(mark[1], (mark[0], 0.98), (4, 0), xycoords=("data", "axes fraction"),
                    textcoords="offset points", va="top", fontsize=9, color=MUTED)  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def sines(table: Tensor) -> None:
    """Draw the table of sinusoidal positions, (T, D): a row for each position."""
    fig, ax = figure(7.2, 2.7, title="What does a position look like? Fast waves left, slow right")
    ax.imshow(table, cmap=colormap("embedding"), aspect="auto", vmin=-1, vmax=1)
    ax.set(xlabel="coordinate", ylabel="position")
    show(fig)


def reach(seen: Tensor, title: str) -> None:
    """Draw which positions the last one hears of, a row for each number of layers: (L, T)."""
    fig, ax = figure(8.0, 0.42 * len(seen) + 1.1, title=title)
    n_layers, n_positions = seen.shape
    heatmap(ax, seen, rows=[f"{n + 1} layers" if n else "1 layer" for n in range(n_layers)],
            columns=[str(t) if t % 4 == 0 else "" for t in range(n_positions)],
            digits=None, meaning="query", high=1.0)  # fmt: skip
    ax.set(xlabel="position (the last one looks)")
    for row in range(n_layers + 1):
        ax.axhline(row - 0.5, color=CARD, lw=2)
    show(fig)


def memory(points: dict[str, tuple[float, Sequence[float]]]) -> None:
    """Draw what a block remembers of each token against how well it predicts, seed by seed."""
    fig, ax = figure(6.8, 3.2, title="What does a smaller memory cost?", grid=True)
    meanings = ["baseline", "attention", "query", "value"]
    for (name, (numbers, seeds)), meaning in zip(points.items(), meanings, strict=False):
        mean = sum(seeds) / len(seeds)
        ax.plot([numbers] * len(seeds), seeds, "o", ms=4, color=COLORS[meaning], alpha=0.5)
        ax.plot(numbers, mean, "o", ms=9, color=COLORS[meaning])
        ax.annotate(name, (numbers, mean), (10, 0), textcoords="offset points", va="center")
    ticks = sorted({numbers for numbers, _ in points.values()})
    ax.set(
        xscale="log", xlabel="numbers in the cache for each token and layer",
        ylabel="bits per byte, three seeds", xlim=(ticks[0] / 1.4, ticks[-1] * 1.8),
    )  # fmt: skip
    ax.set_xticks(ticks, [f"{numbers:g}" for numbers in ticks])
    ax.minorticks_off()
    ax.margins(y=0.2)
    show(fig)


def work(shares: dict[str, Sequence[Sequence[float]]]) -> None:
    """Draw each expert's share of the work, a panel for each way to train, a color for a layer."""
    fig, axes = figure(8.4, 2.9, columns=len(shares), sharey=True, title="Who does the work?")
    for ax, (name, layers) in zip(np.atleast_1d(axes), shares.items(), strict=True):
        width = 0.8 / len(layers)
        for number, (layer, color) in enumerate(
            zip(layers, [PALETTE[1], PALETTE[2]], strict=False)
        ):
            places = np.arange(len(layer)) + (number - (len(layers) - 1) / 2) * width
            ax.bar(places, layer, width, color=color, label=f"layer {number + 1}")
        ax.axhline(1 / len(layers[0]), color=INK, lw=1.2, ls=(0, (4, 3)))
        ax.set(title=name, xlabel="expert", xticks=range(len(layers[0])))
        ax.set_xticklabels([str(n + 1) for n in range(len(layers[0]))])
        ax.margins(x=0.02)
    first: Axes = np.atleast_1d(axes)[0]
    first.set_ylabel("share of the positions")
    np.atleast_1d(axes)[-1].legend(loc="upper right")
    show(fig)
