"""The pictures of chapter 60: surprise in bits, scores with intervals, and how they mislead."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from minilm.teach.style import CARD, COLORS, INK, MUTED, blank, colormap, figure, heatmap, show

_DASHED = (0, (4, 3))
_NAMED = {"counts": "ngram", "weighs": "residual"}  # the two classifiers of the film reviews


def strip(pieces: Sequence[str], bits: ArrayLike, title: str, width: int = 72) -> None:
    """Write a text in cells, the darker the more bits; `bits` are one a piece, or one a byte."""
    values = np.asarray(bits, dtype=float)
    sizes = [len(piece.encode()) for piece in pieces]
    if len(values) != len(pieces):  # a letter of several bytes gets the sum of theirs
        values = np.add.reduceat(values, np.cumsum([0, *sizes[:-1]]))
    words: list[list[tuple[str, float]]] = [[]]
    for piece, value in zip(pieces, values, strict=True):
        if piece[:1].isspace():
            words.append([])
        words[-1].append((piece.replace("\n", "⏎"), float(value)))
    rows: list[list[tuple[int, str, float]]] = [[]]
    x = 0
    for word in words:
        if x and x + sum(len(piece) for piece, _ in word) > width:
            x = 0
            rows.append([])
        for piece, value in word:
            rows[-1].append((x, piece, value))
            x += len(piece)
    fig, ax = figure(8.4, 0.33 * len(rows) + 0.85, title=title)
    blank(ax, width, len(rows))
    colors, most = colormap("highlight"), 10.0
    for line, row in enumerate(rows):
        y = len(rows) - 1 - line
        for x, piece, value in row:
            color = colors(min(value / most, 1.0))
            ax.add_patch(Rectangle((x, y + 0.06), len(piece), 0.88, fc=color, ec=CARD, lw=0.6))
            for place, letter in enumerate(piece):
                ax.text(x + place + 0.5, y + 0.48, letter, ha="center", va="center",
                        fontsize=9, family="DejaVu Sans Mono")  # fmt: skip
    ax.set_ylim(-0.9, len(rows))
    for x, value in enumerate([0, 2, 4, 6, 8, 10]):
        color = colors(value / most)
        ax.add_patch(Rectangle((6 + 3 * x, -0.8), 3, 0.5, fc=color, ec=MUTED, lw=0.3))
        label = f"{value}" if value < most else "10+"
        ax.text(7.5 + 3 * x, -0.55, label, ha="center", va="center", fontsize=8)
    ax.text(0, -0.55, "bits", va="center", fontsize=9, color=MUTED)
    show(fig)


def claims(claimed: ArrayLike, bits: ArrayLike, truth: float) -> None:
    """Draw the mean surprise of a forecaster against the chance that he claims."""
    fig, ax = figure(6.2, 2.9, title="Which claim is surprised least?", grid=True)
    ax.plot(claimed, bits, color=COLORS["query"])
    ax.axvline(truth, color=MUTED, lw=1.2, ls=_DASHED)
    ax.text(truth - 0.02, 2.7, "it rains on 7 days of 10", ha="right", va="center", color=MUTED)
    ax.set(xlim=(0, 1), ylim=(0, 3), xlabel="claimed chance of rain", ylabel="bits per day, mean")
    show(fig)


def line(text: str, chances: Mapping[str, float]) -> None:
    """Draw how each letter of a text picks a part of the line, as wide as its chance."""
    fig, ax = figure(7.6, 0.75 * len(text) + 0.7, title=f'Where on the line is "{text}"?')
    ax.set_axis_off()
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.3, len(text)))
    low, width = 0.0, 1.0
    for row, chosen in enumerate(text):
        y = len(text) - 1 - row
        start = 0.0
        for letter, chance in chances.items():
            color = COLORS["highlight"] if letter == chosen else "#EDEAE0"
            ax.add_patch(Rectangle((start, y + 0.2), chance, 0.5, fc=color, ec=CARD, lw=1.5))
            ax.text(start + chance / 2, y + 0.45, letter, ha="center", va="center")
            if letter == chosen:
                here = (start, start + chance)
            start += chance
        ax.text(0, y + 0.09, f"{low:.4g}", fontsize=8, color=MUTED, va="center")
        ax.text(1, y + 0.09, f"{low + width:.4g}", fontsize=8, color=MUTED, va="center", ha="right")
        if row + 1 < len(text):
            for edge, corner in zip(here, (0, 1), strict=True):
                ax.plot([edge, corner], [y + 0.2, y - 0.3], color=COLORS["highlight"], lw=1)
        low, width = low + width * here[0], width * (here[1] - here[0])
    ax.text(0.5, -0.15, f"{text}: from {low:.6g} to {low + width:.6g}, 1/{round(1 / width)} wide",
            ha="center", va="center")  # fmt: skip
    show(fig)


def rankings(sizes: Sequence[int], scores: Mapping[str, Sequence[float]]) -> None:
    """Draw two scores of the same models against their vocabularies, side by side."""
    fig, axes = figure(8.0, 2.9, columns=2, title="Which vocabulary is best?", grid=True)
    for ax, (name, values), meaning in zip(axes, scores.items(), ["key", "query"], strict=True):
        ax.plot(sizes, values, marker="o", color=COLORS[meaning])
        ax.set(xscale="log", ylim=(0, None), title=name, xlabel="tokens in the vocabulary, V")
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.minorticks_off()
    show(fig)


def race(history: Sequence[tuple[int, float]], levels: Mapping[str, float]) -> None:
    """Draw the network's bits per byte while it reads, and the levels that it has to pass."""
    fig, ax = figure(7.6, 3.3, title="Whom has the network passed, and when?", grid=True)
    read, bits = zip(*history, strict=True)
    ax.plot(read, bits, marker="o", ms=4, color=COLORS["transformer"], label="the network")
    for name, level in levels.items():
        color = COLORS["ngram" if "gram" in name else "baseline"]
        ax.axhline(level, color=color, lw=1.6, ls=_DASHED)
        ax.text(read[-1] * 1.08, level, f"{name}: {level:.2f}", va="center", fontsize=9)
    ax.set(xscale="log", xlim=(read[0], read[-1]), ylim=(1.5, None))
    ax.set(xlabel="tokens read in training", ylabel="bits per byte, held-out")
    ax.set_xticks(ticks := [3_000, 10_000, 30_000, 100_000, 250_000], [f"{n:,}" for n in ticks])
    ax.minorticks_off()
    ax.legend(loc="upper right")
    show(fig)


def bars(scores: Mapping[str, float]) -> None:
    """Draw bits per byte of everything that was measured, the best on top."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    fig, ax = figure(7.2, 0.36 * len(ranked) + 0.8, title="Who is least surprised?")
    for place, (name, value) in enumerate(ranked):
        meaning = "transformer" if "network" in name else "ngram" if "gram" in name else "baseline"
        ax.barh(place, value, color=COLORS[meaning], height=0.68)
        ax.text(value + 0.06, place, f"{value:.2f}", va="center", fontsize=9)
    ax.set_yticks(range(len(ranked)), [name for name, _ in ranked])
    ax.set(xlim=(0, 8.6), xlabel="bits per byte of the held-out speech")
    ax.tick_params(left=False)
    show(fig)


def positions(nats: ArrayLike) -> None:
    """Draw the mean loss of the same tokens against how many tokens the network saw of them."""
    values = np.asarray(nats)
    fig, ax = figure(6.6, 2.9, title="How much does more context help?", grid=True)
    seen = np.arange(1, len(values) + 1)
    ax.plot(seen, values, color=COLORS["transformer"])
    ax.plot(seen[:8], values[:8], "o", ms=5, color=COLORS["transformer"])
    ax.set(xlabel="tokens that it sees before it guesses", ylabel="nats per token")
    ax.set(xlim=(0, len(values) + 1))
    show(fig)


def window_lengths(lengths: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw one model's score against the window in which it is measured, for two strides."""
    fig, ax = figure(6.6, 2.9, title="One model, one text: which score is right?", grid=True)
    for (name, values), meaning in zip(curves.items(), ["negative", "transformer"], strict=True):
        ax.plot(lengths, values, marker="o", ms=5, color=COLORS[meaning], label=name)
    ax.set(xscale="log", xlabel="tokens in a window", ylabel="bits per byte")
    ax.set_xticks(lengths, [str(length) for length in lengths])
    ax.minorticks_off()
    ax.legend()
    show(fig)


def seen_and_unseen(orders: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw bits per byte on text that was trained on and on new text, against the order."""
    fig, ax = figure(6.2, 2.9, title="How good does a model look on its own text?", grid=True)
    for (name, values), meaning in zip(curves.items(), ["train", "valid"], strict=True):
        ax.plot(orders, values, marker="o", color=COLORS[meaning], label=name)
    ax.set(ylim=(0, None), xlabel="order of the n-gram", ylabel="bits per byte")
    ax.set_xticks(orders)
    ax.legend()
    show(fig)


def years(dates: Sequence[int], bits: ArrayLike, read: tuple[int, int] | None = None) -> None:
    """Draw the reader's bits per byte on every speech, and reveal which years it has read."""
    values, when = np.asarray(bits), np.asarray(dates)
    title = "Which speeches has it read?" if read is None else "It has read 1961 to 1989"
    fig, ax = figure(7.6, 3.1, title=title, grid=True)
    known = np.zeros(len(when), bool) if read is None else (when >= read[0]) & (when <= read[1])
    if read is None:
        ax.plot(when, values, "o", ms=4, alpha=0.75, color=COLORS["residual"])
    else:
        ax.axvspan(read[0] - 0.5, read[1] + 0.5, color=COLORS["train"], alpha=0.12, lw=0)
        ax.plot(when[known], values[known], "o", ms=4, color=COLORS["train"], label="read")
        ax.plot(when[~known], values[~known], "o", ms=4, color=COLORS["valid"], label="new")
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set(xlabel="year of the speech", ylabel="bits per byte")
    show(fig)


def table(matrix: ArrayLike, names: Sequence[str], title: str) -> None:
    """Draw a confusion matrix with its counts, the darker the larger the share of its row."""
    fig, ax = figure(4.6, 2.5, title=title)
    counts = np.asarray(matrix)
    shares = counts / counts.sum(axis=1, keepdims=True)
    heatmap(
        ax, shares, rows=list(names), columns=list(names), meaning="positive", digits=None, high=1
    )
    for (row, column), count in np.ndenumerate(counts):
        color = CARD if shares[row, column] > 0.6 else INK
        ax.text(column, row, f"{count:,}", ha="center", va="center", fontsize=12, color=color)
    ax.set(xlabel="predicted", ylabel="true")
    show(fig)


def calibration(curves: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> None:
    """Draw how often answers are right against how sure they were, for two classifiers."""
    fig, ax = figure(5.6, 3.6, title="When it says 90 %, how often is it right?", grid=True)
    ax.plot([0.5, 1], [0.5, 1], color=MUTED, lw=1.2, ls=_DASHED, label="as often as it says")
    for name, (said, right) in curves.items():
        color = COLORS[next(c for word, c in _NAMED.items() if word in name)]
        ax.plot(said, right, marker="o", color=color, label=name)
    ax.set(xlim=(0.49, 1.01), ylim=(0.49, 1.01), xlabel="how sure", ylabel="share of right answers")
    ax.legend(loc="upper left")
    show(fig)


def resampled(scores: ArrayLike, interval: tuple[float, float], observed: float) -> None:
    """Draw the scores of the resampled test sets, and where their middle 95 % ends."""
    fig, ax = figure(6.6, 2.8, title="What else could it have scored?")
    values = np.asarray(scores)
    low, high = interval
    edges = np.arange(values.min() - 0.001, values.max() + 0.005, 0.004)
    _, _, patches = ax.hist(values, bins=edges.tolist(), color=COLORS["baseline"], ec=CARD, lw=0.5)
    for left, patch in zip(edges, patches, strict=False):
        if low <= left + 0.002 <= high:
            patch.set_facecolor(COLORS["test"])
    ax.axvline(observed, color=INK, lw=1.4)
    for end, side in ((low, "right"), (high, "left")):
        ax.axvline(end, color=COLORS["valid"], lw=1.2, ls=_DASHED)
        gap = -0.002 if side == "right" else 0.002
        ax.text(end + gap, 1.0, f"{end:.3f}", ha=side, va="top", transform=ax.get_xaxis_transform())
    ax.set(xlabel="accuracy of a resampled test set", ylabel="test sets")
    show(fig)


def honest(intervals: Sequence[tuple[float, float]], truth: float) -> None:
    """Draw many test sets' intervals, in red those that miss the truth."""
    fig, ax = figure(7.4, 2.9, title="How many of 60 intervals miss the truth?")
    for place, (low, high) in enumerate(intervals):
        missed = not low <= truth <= high
        color = COLORS["negative" if missed else "baseline"]
        ax.plot([place, place], [low, high], color=color, lw=3 if missed else 2)
    ax.axhline(truth, color=INK, lw=1.2)
    ax.set_xticks([])
    ax.set(xlabel="60 test sets of 500 reviews", ylabel="accuracy")
    show(fig)


def winners(
    differences: Sequence[float], intervals: Sequence[tuple[float, float]], names: Sequence[str]
) -> None:
    """Draw the difference of two classifiers on several test sets, each with its interval."""
    height = 0.27 * len(names) + 1.0
    fig, ax = figure(7.0, height, title="Who is better, and on which reviews?")
    rows = range(len(names), 0, -1)
    for y, difference, (low, high) in zip(rows, differences, intervals, strict=True):
        decided = low > 0 or high < 0
        color = COLORS["valid" if decided else "baseline"]
        ax.plot([low, high], [y, y], color=color, lw=2.5)
        ax.plot(difference, y, "o", color=color, ms=6)
    ax.axvline(0, color=INK, lw=1)
    ax.set_yticks(list(rows), list(names))
    ax.set_xlabel("accuracy of the one that counts, less that of the one that weighs")
    ax.tick_params(left=False)
    show(fig)


def lottery(valid: ArrayLike, test: ArrayLike, n: int) -> None:
    """Draw many coin tossers twice, by their validation and test scores, and follow the best."""
    first, second = np.asarray(valid), np.asarray(test)
    best = int(first.argmax())
    fig, ax = figure(6.6, 2.4, title="How good is the best of 20 coin tossers?")
    for y, scores, meaning, gap in ((1, first, "valid", 0.22), (0, second, "test", -0.38)):
        ax.plot(scores, np.full(len(scores), y), "o", ms=7, alpha=0.5, color=COLORS[meaning])
        ax.plot(scores[best], y, "o", ms=10, mec=INK, color=COLORS[meaning])
        x = float(scores[best])
        ax.text(x, y + gap, f"{x:.3f}", ha="center", fontweight="bold")
    ax.plot([first[best], second[best]], [0.9, 0.1], color=INK, lw=1)
    ax.axvline(0.5, color=MUTED, lw=1.2, ls=_DASHED)
    ax.set_yticks([1, 0], ["validation", "test"])
    ax.set(ylim=(-0.6, 1.6), xlabel=f"accuracy on {n} reviews")
    ax.tick_params(left=False)
    show(fig)
