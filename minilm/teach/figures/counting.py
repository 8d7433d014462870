"""The pictures of chapter 30: tables of what follows what, and what they cannot know."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from minilm.teach.style import COLORS, INK, MUTED, colormap, figure, heatmap, show


def small_table(values: Tensor, labels: Sequence[str], title: str, digits: int = 2) -> None:
    """Draw a table of a few letters with its numbers: rows are now, columns are next."""
    side = 0.62 * len(labels)
    fig, ax = figure(side + 2.2, side * 0.62 + 1.2, title=title)
    heatmap(ax, values, rows=list(labels), columns=list(labels), meaning="ngram", digits=digits)
    ax.set(ylabel="this letter", xlabel="the next letter")
    show(fig)


def pairs(table: Tensor, glyphs: str, title: str) -> None:
    """Draw the whole table of letter pairs, each pair written in its cell, dark where likely."""
    fig, ax = figure(8.2, 7.4, title=title)
    _pairs(ax, table, glyphs)
    for row, this in enumerate(glyphs):
        for column, following in enumerate(glyphs):
            share = float(table[row, column])
            look: Any = {
                "color": "white" if share > 0.33 else INK,
                "alpha": 1 if share > 0.02 else 0.35,
            }
            ax.text(column, row, this + following, ha="center", va="center", fontsize=5.6, **look)
    ax.set(ylabel="this letter", xlabel="the next letter")
    show(fig)


def _pairs(ax: Any, table: Tensor, glyphs: str) -> None:
    # The root of the share is drawn, so that a share of one in a hundred can still be seen.
    ax.imshow(np.sqrt(table.detach().numpy()), cmap=colormap("ngram"), vmin=0, vmax=1)
    ax.set_xticks(range(len(glyphs)), list(glyphs))
    ax.set_yticks(range(len(glyphs)), list(glyphs))
    ax.tick_params(length=0, labelsize=7)
    ax.spines[:].set_visible(False)


def watching(tables: Mapping[str, Tensor], glyphs: str, title: str) -> None:
    """Draw several tables of letter pairs side by side, without letters in the cells."""
    fig, axes = figure(2.35 * len(tables), 2.75, columns=len(tables), title=title)
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        _pairs(ax, table, glyphs)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_title(name)
    show(fig)


def orders(curves: Mapping[str, Sequence[float]], title: str, ylabel: str) -> None:
    """Draw a number for each order of n-gram, a line for each way of counting."""
    fig, ax = figure(6.8, 3.1, title=title, grid=True)
    for (name, values), meaning in zip(curves.items(), ("negative", "ngram"), strict=True):
        places = range(1, len(values) + 1)
        ax.plot(places, values, marker="o", color=COLORS[meaning], label=name)
    ax.set(xlabel="order: length of the longest n-gram", ylabel=ylabel, ylim=(0, None))
    ax.set_xticks(range(1, max(map(len, curves.values())) + 1))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def longer_memory(on_counted: Sequence[float], says_never: Sequence[float], title: str) -> None:
    """Draw, for each order, the loss on the counted text and the letters it calls impossible."""
    fig, axes = figure(8.4, 2.9, columns=2, title=title, grid=True)
    for ax, values, name, label, meaning in (
        (axes[0], on_counted, "on the text that was counted", "nats per letter", "train"),
        (axes[1], says_never, "on held-out text", "share called impossible", "negative"),
    ):
        ax.plot(range(1, len(values) + 1), values, marker="o", color=COLORS[meaning])
        ax.set(title=name, xlabel="order", ylabel=label, ylim=(0, None))
        ax.set_xticks(range(1, len(values) + 1))
    show(fig)


def taken_off(missing: Sequence[float], guess: float) -> None:
    """Draw how many fewer times a pair comes in a second text, against its count in the first."""
    fig, ax = figure(6.4, 2.9, title="Seen r times: how much less often next time?", grid=True)
    ax.bar(range(1, len(missing) + 1), missing, 0.62, color=COLORS["ngram"])
    style: Any = {"color": COLORS["negative"], "lw": 1.6, "ls": (0, (4, 3))}
    ax.axhline(guess, label="n1 / (n1 + 2 n2), from the first text alone", **style)
    ax.legend(loc="upper left")
    ax.set(xlabel="times in the first text, r", ylabel="r minus times in the second", ylim=(0, 1.3))
    ax.set_xticks(range(1, len(missing) + 1))
    show(fig)


def descent(curves: Mapping[str, Sequence[float]], levels: Mapping[str, float], title: str) -> None:
    """Draw losses over training steps on a logarithmic axis, and named levels to compare."""
    fig, ax = figure(7.2, 3.2, title=title, grid=True)
    for (name, values), meaning in zip(curves.items(), ("train", "valid"), strict=True):
        ax.plot(np.arange(len(values)) + 1, values, color=COLORS[meaning], label=name)
    for (name, level), dash in zip(levels.items(), ((4, 3), (1, 2)), strict=False):
        ax.axhline(level, color=COLORS["ngram"], lw=1.3, ls=(0, dash), label=name)
    low = min(*levels.values(), *(min(values) for values in curves.values()))
    ax.set(xscale="log", xlabel="step", ylabel="nats per letter", ylim=(low - 0.05, low + 0.6))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def map_of_words(places: Tensor, words: Sequence[str], kinds: Sequence[str], title: str) -> None:
    """Draw words where their two learned numbers put them, a color for each kind of word."""
    fig, ax = figure(6.2, 4.0, title=title)
    colors = dict(zip(dict.fromkeys(kinds), ("query", "key", "value", "residual"), strict=False))
    for (x, y), word, kind in zip(places.tolist(), words, kinds, strict=True):
        ax.plot(x, y, "o", ms=6, color=COLORS[colors[kind]])
        ax.annotate(word, (x, y), xytext=(6, 3), textcoords="offset points",
                    color=COLORS[colors[kind]], fontsize=9)  # fmt: skip
    ax.axhline(0, color=MUTED, lw=0.6)
    ax.axvline(0, color=MUTED, lw=0.6)
    ax.margins(0.14)
    ax.set(xlabel="first number", ylabel="second number")
    show(fig)


def chances(rows: Mapping[str, Sequence[float]], labels: Sequence[str], title: str) -> None:
    """Draw what each model expects next: a row of bars for each, the same labels below all."""
    fig, axes = figure(7.0, 1.15 * len(rows) + 0.9, rows=len(rows), title=title, sharex=True)
    highest = max(float(max(values)) for values in rows.values())
    for ax, (name, values), meaning in zip(
        axes, rows.items(), ("ngram", "transformer"), strict=True
    ):
        ax.bar(range(len(labels)), values, 0.7, color=COLORS[meaning])
        ax.set(ylim=(0, 1.1 * highest))
        ax.set_title(name)
    axes[-1].set_xticks(range(len(labels)), labels)
    show(fig)


def memory(points: Mapping[str, Sequence[tuple[int, float, str]]], title: str) -> None:
    """Draw loss against stored numbers: (numbers, nats per letter, name) for each model."""
    fig, ax = figure(7.0, 3.6, title=title, grid=True)
    for (family, rows), meaning in zip(points.items(), ("ngram", "transformer"), strict=True):
        numbers, losses, names = zip(*rows, strict=True)
        ax.plot(numbers, losses, marker="o", color=COLORS[meaning], label=family)
        above = meaning == "ngram"
        for x, y, name in zip(numbers, losses, names, strict=True):
            ax.annotate(name, (x, y), xytext=(5, 5) if above else (-5, -5), fontsize=8.5,
                        textcoords="offset points", ha="left" if above else "right",
                        va="bottom" if above else "top", color=COLORS[meaning])  # fmt: skip
    ax.set(xscale="log", xlabel="numbers stored", ylabel="nats per letter, held-out text")
    ax.margins(0.12)
    ax.legend(loc="upper right")
    show(fig)
