"""The figures of chapter 12, whose data it is, and of the report's section on people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from minilm.teach import style
from minilm.teach.style import CARD, COLORS, GRID, INK, MUTED, figure, show

PEOPLE, OTHERS = COLORS["valid"], COLORS["baseline"]
_PERCENT = PercentFormatter(1.0, decimals=0)


def words_by_decade(decades: Mapping[int, int]) -> Figure:
    """From when are the words? One bar for each decade, in thousands of words."""
    fig, ax = style.figure(7.4, 2.5, title="From when are the words?", grid=True)
    starts, words = list(decades), [n / 1000 for n in decades.values()]
    ax.bar(starts, words, width=8.5, align="edge", color=COLORS["train"])
    ax.set(xlabel="decade", ylabel="thousands of words")
    ax.set_xlim(starts[0] - 2, starts[-1] + 12)
    return fig


def allowed(rows: Mapping[str, tuple[float, float]]) -> None:
    """What is left under each list of licences: share of documents, share of bytes."""
    fig, ax = figure(7.4, 0.62 * len(rows) + 1.0, title="What is left when a licence is asked for?")
    for place, (documents, size) in enumerate(rows.values()):
        for shift, value, what in ((-0.17, documents, "documents"), (0.17, size, "bytes")):
            color = OTHERS if what == "documents" else COLORS["train"]
            ax.barh(place + shift, value, height=0.3, color=color)
            text = f"{value:.1%} of the {what}"
            ax.text(value + 0.01, place + shift, text, va="center", fontsize=9)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.4), xticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    show(fig)


def signals(pages: Sequence[str], readers: Sequence[str], found: Sequence[Sequence[bool]]) -> None:
    """Which reader notices which page's refusal: found (pages, readers), a full dot if noticed."""
    height = 0.34 * len(pages) + 1.5
    fig, ax = figure(7.4, height, title="Who notices that a page refuses?")
    for (row, column), noticed in np.ndenumerate(np.array(found)):
        face = PEOPLE if noticed else CARD
        ax.plot(column, row, "o", ms=10, mfc=face, mec=PEOPLE if noticed else MUTED, mew=1.2)
    ax.set_yticks(range(len(pages)), list(pages))
    ax.set_xticks(range(len(readers)), list(readers))
    ax.xaxis.tick_top()
    ax.set(xlim=(-0.6, len(readers) - 0.4), ylim=(len(pages) - 0.4, -0.6))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.hlines(np.arange(len(pages)), -0.6, len(readers) - 0.4, color=GRID, lw=0.8, zorder=0)
    show(fig)


def unicity(known: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """How many words one has to know to single out a text: share that is unique, by words known."""
    title = "How many of its words single a review out of 33,530?"
    fig, ax = figure(7.0, 3.3, title=title, grid=True)
    for (name, shares), color, marker in zip(
        curves.items(), (PEOPLE, COLORS["baseline"]), "os", strict=False
    ):
        ax.plot(known, shares, color=color, marker=marker, markersize=5, label=name)
    ax.set(xlabel="words of it that are known, drawn by lot", ylabel="only one review has them all")
    ax.set(ylim=(0, 1.03), xticks=list(known))
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="lower right")
    show(fig)


def attribution(lengths: Sequence[int], first: Sequence[float], three: Sequence[float],
                chance: float) -> None:  # fmt: skip
    """How much text gives its author away: share of passages attributed, by words."""
    title = "How long must a passage be until its little words name the author?"
    fig, ax = figure(7.0, 3.3, title=title, grid=True)
    ax.plot(lengths, three, color=COLORS["baseline"], marker="s", markersize=5,
            label="among the first three named")  # fmt: skip
    ax.plot(lengths, first, color=PEOPLE, marker="o", markersize=5, label="named first")
    ax.axhline(chance, color=MUTED, lw=1.2, ls=":")
    ax.text(lengths[-1], chance - 0.015, "always naming the same", ha="right", va="top",
            color=MUTED, fontsize=9)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(list(lengths), [f"{n:,}" for n in lengths])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.set(xlabel="words in the passage", ylabel="right", ylim=(0, 1))
    ax.legend(loc="upper left")
    show(fig)


def neighbors(years: Sequence[int], named: Sequence[float], typical: float) -> None:
    """When the author is not among the candidates: the year of a speech, and of who is named."""
    title = "The author is not on the list. Who is named instead?"
    fig, ax = figure(5.6, 4.2, title=title)
    ax.plot([1790, 2026], [1790, 2026], color=MUTED, lw=1.2, ls=":")
    ax.plot(years, named, "o", ms=4.5, mfc=PEOPLE, mec=CARD, mew=0.5, alpha=0.75)
    ax.text(1795, 2005, f"half of them within\n{typical:.0f} years", va="top", color=PEOPLE,
            fontweight="bold")  # fmt: skip
    ax.set(xlabel="year of the speech", ylabel="middle year of the president named")
    show(fig)


def typical_words(columns: Mapping[str, Sequence[Mapping[str, Any]]], title: str) -> None:
    """Lists of words side by side, the most typical on top and largest."""
    rows = max(len(words) for words in columns.values())
    fig, ax = figure(8.4, 0.29 * rows + 0.9, title=title)
    for place, (name, words) in enumerate(columns.items()):
        ax.text(place, -1.1, name, ha="center", va="center", color=MUTED, fontsize=9)
        for row, word in enumerate(words):
            size = 12.5 - 5.0 * row / max(1, rows - 1)
            ax.text(place, row, word["word"], ha="center", va="center", color=INK, fontsize=size)
    ax.set(xlim=(-0.55, len(columns) - 0.45), ylim=(rows - 0.4, -1.7))
    ax.set_axis_off()
    show(fig)


def fellows(eras: Sequence[str], groups: Mapping[str, Sequence[float]]) -> None:
    """Whom is the speaker a fellow of? Share of each answer, by time."""
    fig, ax = figure(7.0, 2.9, title="After the word fellow, who comes?", grid=True)
    places = np.arange(len(eras))
    bottom = np.zeros(len(eras))
    colors = (COLORS["train"], COLORS["highlight"], COLORS["baseline"])
    for (name, shares), color in zip(groups.items(), colors, strict=False):
        ax.bar(places, shares, bottom=bottom, color=color, width=0.66, label=name, ec=CARD, lw=1)
        bottom += np.array(shares)
    ax.set_xticks(places, list(eras))
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=0)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    show(fig)


def forgetting(rows: Mapping[str, tuple[float, int]], n: int) -> None:
    """What is left of a text in the weights: bits per byte of it, and the rank of its secret."""
    title = "Has the model forgotten the letter?"
    fig, (ax, ranks) = figure(8.2, 0.42 * len(rows) + 1.35, columns=2, title=title, sharey=True)
    places = np.arange(len(rows))
    bits, rank = (list(column) for column in zip(*rows.values(), strict=True))
    for place, value in zip(places, bits, strict=True):
        ax.barh(place, value, height=0.62, color=COLORS["transformer"])
        ax.text(value + 0.12, place, f"{value:.1f}", va="center", fontsize=9)
    ranks.hlines(places, 1, rank, color=GRID, lw=2)
    for place, value in zip(places, rank, strict=True):
        ranks.plot(value, place, "o", ms=8, color=PEOPLE if value <= 10 else MUTED)
        ranks.text(value * 1.5, place, f"{value:,}", va="center", fontsize=9)
    ax.set_yticks(places, list(rows))
    ax.invert_yaxis()
    ax.set(xlabel="bits per byte of the letter", xlim=(0, 1.12 * max(bits)))
    ranks.set(xlabel=f"rank of its number among {n:,}", xscale="log", xlim=(0.7, 4.5 * n))
    for one in (ax, ranks):
        one.tick_params(axis="y", length=0)
        one.spines["left"].set_visible(False)
    show(fig)
