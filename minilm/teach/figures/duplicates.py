"""The pictures of chapter 21: sets that overlap, hashes that agree, secrets that are remembered."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from minilm.teach.style import CARD, COLORS, GRID, INK, MUTED, blank, figure, show

FIRST, SECOND, COMMON = COLORS["query"], COLORS["key"], COLORS["highlight"]
_PERCENT = PercentFormatter(1.0, decimals=0)


def two_sets(first: set[str], second: set[str]) -> None:
    """Draw the elements of two sets in three columns: in one, in both, in the other."""
    columns = [sorted(first - second), sorted(first & second), sorted(second - first)]
    height = max(map(len, columns))
    fig, ax = figure(7.4, 0.3 * height + 1.0, title="What do the two sentences have in common?")
    blank(ax, 3, height + 0.6)
    names = ["in the first only", "in both", "in the second only"]
    colors = [FIRST, COMMON, SECOND]
    for column, (items, name, color) in enumerate(zip(columns, names, colors, strict=True)):
        ax.text(column + 0.5, height + 0.3, f"{name}: {len(items)}", ha="center", color=INK)
        for row, item in enumerate(items):
            y = height - 0.55 - row
            ax.add_patch(Rectangle((column + 0.06, y - 0.36), 0.88, 0.72, fc=color, alpha=0.25))
            ax.text(column + 0.5, y, item, ha="center", va="center")
    show(fig)


def edits(lengths: Sequence[int], similarity: Sequence[float], threshold: float) -> None:
    """Draw how similar a text stays when one word is changed, by its length."""
    fig, ax = figure(
        6.8, 2.8, title="One word is changed: is it still nearly the same text?", grid=True
    )
    ax.plot(lengths, similarity, color=FIRST)
    ax.axhline(threshold, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    ax.text(lengths[-1], threshold - 0.03, "the usual threshold", ha="right", va="top", color=MUTED)
    ax.set(xlabel="words in the text", ylabel="Jaccard similarity", ylim=(0, 1.03))
    show(fig)


def shuffles(
    orders: Sequence[Sequence[str]], first: set[str], second: set[str], n: int = 5
) -> None:
    """Draw shuffled decks: the first card of each set decides whether the two agree."""
    shown = orders[:n]
    fig, ax = figure(7.6, 0.52 * n + 0.9, title="Whose element comes first in a shuffled order?")
    width = len(shown[0])
    blank(ax, width + 2.4, n)
    for row, order in enumerate(shown):
        y = n - row - 0.5
        ours = next(i for i, item in enumerate(order) if item in first)
        theirs = next(i for i, item in enumerate(order) if item in second)
        for place, item in enumerate(order):
            color = COMMON if item in first & second else FIRST if item in first else SECOND
            chosen = place in (ours, theirs)
            ax.add_patch(Rectangle((place + 0.05, y - 0.36), 0.9, 0.72, fc=color, alpha=0.35))
            if chosen:
                frame = Rectangle((place + 0.05, y - 0.36), 0.9, 0.72, fill=False, ec=INK, lw=2)
                ax.add_patch(frame)
            ax.text(place + 0.5, y, item.replace(" ", "\n"), ha="center", va="center", fontsize=7.5,
                    linespacing=0.9)  # fmt: skip
        verdict = "agree" if ours == theirs else "differ"
        ax.text(width + 0.3, y, verdict, va="center", fontweight="bold" if ours == theirs else None)
    show(fig)


def estimates(exact: Sequence[float], by_size: Mapping[int, Sequence[float]]) -> None:
    """Draw estimated against exact similarity, one panel for each number of hashes."""
    title = "How well do a few numbers tell the similarity of two texts?"
    fig, axes = figure(7.4, 2.9, columns=len(by_size), sharey=True, title=title)
    for ax, (size, estimated) in zip(axes, by_size.items(), strict=True):
        ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=(0, (4, 3)))
        ax.plot(exact, estimated, "o", ms=3, mew=0, color=FIRST, alpha=0.45)
        ax.set(title=f"{size} hashes", xlabel="exact", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        ax.set_aspect("equal")
    axes[0].set_ylabel("estimated")
    show(fig)


def banding(first: Sequence[int], second: Sequence[int], rows: int) -> None:
    """Draw two signatures, cut into bands; bands that agree as a whole are gold."""
    n = len(first)
    agree = np.asarray(first) == np.asarray(second)
    fig, ax = figure(7.6, 1.75, title="Do the texts agree in a whole band?")
    blank(ax, n, 3.0)
    for place in range(n):
        band = place // rows
        whole = agree[band * rows : (band + 1) * rows].all()
        for y, values in ((1.75, first), (0.55, second)):
            color = COMMON if whole else (COLORS["value"] if agree[place] else GRID)
            ax.add_patch(Rectangle((place + 0.06, y - 0.5), 0.88, 1.0, fc=color, alpha=0.55))
            ax.text(place + 0.5, y, str(values[place]), ha="center", va="center", fontsize=7)
    for place in range(rows, n, rows):
        ax.plot([place, place], [0, 2.4], color=INK, lw=1.3)
    for band in range(n // rows):
        ax.text(
            (band + 0.5) * rows, 2.62, f"band {band + 1}", ha="center", fontsize=8.5, color=MUTED
        )
    show(fig)


def s_curves(
    curve: Callable[[float, int, int], float],
    bandings: Mapping[str, tuple[int, int]],
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    title: str = "Which pairs become candidates?",
) -> None:
    """Draw the probability of becoming a candidate by similarity, and what was measured."""
    fig, ax = figure(7.0, 3.2, title=title, grid=True)
    x = np.linspace(0, 1, 201)
    colors = [FIRST, SECOND, COLORS["value"]]
    for (name, (bands, rows)), color in zip(bandings.items(), colors, strict=False):
        ax.plot(x, [curve(float(s), bands, rows) for s in x], color=color, label=name)
        if points and name in points:
            ax.plot(*points[name], "o", ms=5, color=color, mec=CARD)
    ax.axvline(0.8, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.set(xlabel="Jaccard similarity of the pair", ylabel="found", xlim=(0, 1), ylim=(-0.02, 1.04))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncols=3)
    show(fig)


def chain(to_first: Sequence[float], to_previous: Sequence[float]) -> None:
    """Draw the similarity along a chain of copies, to the one before and to the first."""
    fig, ax = figure(6.8, 2.8, title="A copy of a copy of a copy: one cluster?", grid=True)
    x = range(1, len(to_first) + 1)
    ax.plot(x, to_previous, "o-", ms=3.5, color=COLORS["value"])
    ax.plot(x, to_first, "o-", ms=3.5, color=SECOND)
    ax.text(len(to_first), 1.03, "to the copy before", ha="right", va="bottom",
            color=COLORS["value"])  # fmt: skip
    ax.text(len(to_first), to_first[-1] + 0.08, "to the first text", ha="right", va="bottom",
            color=SECOND)  # fmt: skip
    ax.axhline(0.8, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    ax.set(xlabel="copy", ylabel="Jaccard similarity", ylim=(0, 1.2))
    show(fig)


def line_counts(lines: Sequence[str], counts: Sequence[int]) -> None:
    """Draw the most frequent lines, with the number of documents that have them."""
    fig, ax = figure(7.4, 0.3 * len(lines) + 0.9, title="Which lines stand in many speeches?")
    ax.barh(range(len(lines)), counts, color=COLORS["train"], height=0.7)
    for place, count in enumerate(counts):
        ax.text(count, place, f" {count}", va="center", fontsize=9, color=MUTED)
    ax.set_yticks(range(len(lines)), list(lines))
    ax.invert_yaxis()
    ax.set(xlabel="speeches", xticks=[], xlim=(0, 1.1 * max(counts)))
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(length=0)
    show(fig)


def exposures(by_copies: Mapping[int, Sequence[float]], most: float, chance: float) -> None:
    """Draw the exposure of every secret, by how often it stood in the training text."""
    fig, ax = figure(6.8, 3.2, title="How well does the network know the secrets?", grid=True)
    for place, values in enumerate(by_copies.values()):
        spread = np.linspace(-0.22, 0.22, len(values))
        ax.plot(place + spread, sorted(values), "o", ms=5.5, color=COLORS["transformer"], alpha=0.6,
                mew=0)  # fmt: skip
        ax.plot([place - 0.3, place + 0.3], [np.mean(values)] * 2, color=INK, lw=2)
    names = {0: "never", 1: "once"}
    ax.set_xticks(range(len(by_copies)), [names.get(n, f"{n} times") for n in by_copies])
    ax.set(xlabel="in the training text", xlim=(-0.6, len(by_copies) - 0.4))
    _limits(ax, most, chance)
    show(fig)


def exposure_over_time(epochs: Sequence[int], by_copies: Mapping[int, Sequence[float]],
                       most: float, chance: float) -> None:  # fmt: skip
    """Draw the mean exposure while the network trains, one line for each number of copies."""
    fig, ax = figure(6.8, 3.0, title="When does it learn them?", grid=True)
    for number, (copies, values) in enumerate(by_copies.items()):
        alpha = 0.5 + 0.5 * number / (len(by_copies) - 1)
        ax.plot(epochs, values, "o-", ms=4, color=COLORS["transformer"], alpha=alpha)
        name = f"{copies} copies" if copies > 1 else "one copy"
        ax.text(epochs[-1] + 0.1, values[-1] - 0.2, name, va="top", fontsize=9)
    ax.set(xlabel="times the training text has been read", xlim=(epochs[0] - 0.2, epochs[-1] + 1.1))
    ax.set_xticks(list(epochs))
    _limits(ax, most, chance)
    show(fig)


def _limits(ax: Axes, most: float, chance: float) -> None:
    """Mark what a network knows that knows everything, and one that knows nothing."""
    left, right = ax.get_xlim()
    for height, text in ((most, "known for certain"), (chance, "chance")):
        ax.axhline(height, color=MUTED, lw=1.2, ls=(0, (4, 3)), zorder=1)
        place = (left + 0.01 * (right - left), "left") if height == most else (right, "right")
        ax.text(place[0], height + 0.2, text, ha=place[1], va="bottom", color=MUTED, fontsize=9)
    ax.set(ylabel="exposure, in bits", ylim=(-0.3, most + 1.5))


def leaks(shares: Sequence[float], scores: Sequence[float]) -> None:
    """Draw the score on the test text by the share of it that stood in the training text."""
    fig, ax = figure(6.6, 2.9, title="The same model: how good does it look?", grid=True)
    ax.plot(shares, scores, "o-", color=COLORS["test"])
    for share, score in zip(shares, scores, strict=True):
        ax.text(share, score + 0.045, f"{score:.2f}", ha="center", fontsize=8.5)
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.set(xlabel="share of the test text that leaked into training", ylabel="bits per byte",
           ylim=(0, max(scores) * 1.15), xlim=(-0.05, 1.05))  # fmt: skip
    show(fig)


def run_lengths(lengths: Sequence[int], flagged: Sequence[float]) -> None:
    """Draw how many training texts are flagged, by the length of run that counts as quoted."""
    fig, ax = figure(6.6, 2.8, title="How many speeches quote a test speech?")
    chosen = [COMMON if n == 13 else COLORS["baseline"] for n in lengths]
    ax.bar(range(len(lengths)), flagged, color=chosen, width=0.7)
    for place, share in enumerate(flagged):
        ax.text(place, share + 0.015, f"{share:.0%}", ha="center", fontsize=9)
    ax.set_xticks(range(len(lengths)), [str(n) for n in lengths])
    ax.set(
        xlabel="words in a row that count as a quotation",
        ylabel="flagged",
        yticks=[],
        ylim=(0, 1.12),
    )
    ax.spines["left"].set_visible(False)
    ax.tick_params(length=0)
    show(fig)


def paraphrases(names: Sequence[str], found: Sequence[float], gained: Sequence[float]) -> None:
    """Draw what decontamination finds beside what the model gains from it all the same."""
    fig, ax = figure(7.2, 0.62 * len(names) + 1.2, title="What is found, and what has helped?")
    for shift, values, color, label in (
        (-0.19, found, COMMON, "runs of 13 words found"),
        (0.19, gained, COLORS["test"], "gain in score, of that of the whole leak"),
    ):
        ax.barh(np.arange(len(names)) + shift, values, height=0.36, color=color, label=label)
        for place, value in enumerate(values):
            ax.text(value + 0.01, place + shift, f"{value:.0%}", va="center", fontsize=8.5)
    ax.set_yticks(range(len(names)), list(names))
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.12), xticks=[])
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(length=0)
    fig.legend(
        *ax.get_legend_handles_labels(), loc="outside lower right", ncols=2, handlelength=1.0
    )
    show(fig)
