"""The pictures of chapter 10: what is in a corpus, how much, from when, and what is missing."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator, PercentFormatter

from minilm.teach.style import CARD, COLORS, INK, MUTED, figure, show

# The sources have colors of their own: dark, middle and light, so that they stay apart in gray too.
SOURCES = {"speeches": "#2B4C7E", "imdb": "#C97B2A", "rotten_tomatoes": "#7CBDB4"}
REVIEWS = SOURCES["imdb"]  # of both together
_PERCENT = PercentFormatter(1.0, decimals=0)
_THOUSANDS = FuncFormatter(lambda value, _: f"{value / 1000:,.0f} k" if value else "0")


def checksum_bits(first: str, second: str) -> None:
    """Draw two checksums (hexadecimal) bit by bit, and gold where they differ."""
    bits = [np.array([int(b) for b in f"{int(one, 16):0256b}"]).reshape(16, 16)
            for one in (first, second)]  # fmt: skip
    title = "How much of a checksum survives the change of one character?"
    fig, axes = figure(7.4, 3.0, columns=3, title=title)
    names = ["before", "after", "different bits"]
    layers = [*bits, bits[0] != bits[1]]
    for ax, layer, name in zip(axes, layers, names, strict=True):
        color = COLORS["highlight"] if name == "different bits" else MUTED
        for (row, column), bit in np.ndenumerate(layer):
            ax.plot(column, -row, "s", ms=6.2, mew=0.7, mec=color, mfc=color if bit else CARD)
        ax.set(xlim=(-0.8, 15.8), ylim=(-15.8, 0.8), aspect="equal", title=name)
        ax.set_axis_off()
    show(fig)


def shares(rows: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Draw one bar of full length for each row, divided among the sources."""
    fig, ax = figure(7.4, 0.55 * len(rows) + 1.15, title=title)
    names = list(next(iter(rows.values())))
    left = np.zeros(len(rows))
    for name in names:
        values = np.array([row[name] for row in rows.values()])
        ax.barh(range(len(rows)), values, left=left, color=SOURCES.get(name, REVIEWS), height=0.66,
                label=name.replace("_", " "), ec=CARD, lw=1)  # fmt: skip
        for place, value in enumerate(values):
            if value > 0.04:
                light = name == "rotten_tomatoes"
                ax.text(left[place] + value / 2, place, f"{value:.0%}", ha="center", va="center",
                        color=INK if light else CARD, fontsize=9)  # fmt: skip
        left += values
    ax.set_yticks(range(len(rows)), list(rows))
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncols=len(names),
               handlelength=1.0)  # fmt: skip
    show(fig)


def lengths(words: Mapping[str, Sequence[int]]) -> None:
    """Draw how long the documents of each source are, on a logarithmic axis."""
    fig, ax = figure(7.0, 2.9, title="How long is a typical document?")
    bins = np.geomspace(1, 50_000, 60)
    for name, counts in words.items():
        share = np.full(len(counts), 1 / len(counts))
        ax.hist(counts, bins=bins, weights=share, color=SOURCES[name], alpha=0.85,
                label=name.replace("_", " "))  # fmt: skip
    ax.set(xscale="log", xlabel="words", ylabel="share of documents", yticks=[])
    _plain_log_ticks(ax, [1, 10, 100, 1000, 10_000])
    ax.legend(loc="upper left")
    show(fig)


def by_year(years: Sequence[int], words: Sequence[int], spoken: Sequence[bool]) -> None:
    """Draw every speech by its year and length: filled if it was spoken, open if it was written."""
    fig, ax = figure(
        7.4, 3.1, title="How long did the nation have to listen, or to read?", grid=True
    )
    x, y, told = np.asarray(years), np.asarray(words), np.asarray(spoken)
    color = SOURCES["speeches"]
    ax.plot(x[~told], y[~told], "o", ms=4.5, mfc=CARD, mec=color, mew=1.1, label="sent in writing")
    ax.plot(x[told], y[told], "o", ms=4.5, color=color, label="spoken before Congress")
    longest = {year: int(y[x == year].max()) for year in (1946, 1981)}
    for year, height in longest.items():
        ax.annotate(str(year), (year, height), (year + 3, height), va="center", fontsize=9)
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.set(ylabel="words", ylim=(0, 36_500))
    ax.legend(loc="upper left")
    show(fig)


def bars(names: Sequence[str], values: Sequence[float], title: str, xlabel: str,
         colors: Sequence[str] = (), percent: bool = False) -> None:  # fmt: skip
    """Draw one horizontal bar for each name, the first on top, with its number at its end."""
    fig, ax = figure(7.0, 0.27 * len(names) + 1.1, title=title)
    ax.barh(range(len(names)), values, color=list(colors) or SOURCES["speeches"], height=0.72)
    for place, value in enumerate(values):
        text = f" {value:.1%}" if percent else f" {value:,.0f}"
        ax.text(value, place, text, va="center", fontsize=8.5, color=MUTED)
    ax.set_yticks(range(len(names)), list(names))
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, xlim=(0, 1.12 * max(values)), xticks=[])
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(length=0)
    show(fig)


def pronouns(periods: Sequence[str], she: Sequence[float], women: Sequence[float]) -> None:
    """Draw two answers to one question side by side: what two ways of counting say."""
    fig, axes = figure(7.4, 2.7, columns=2, title="When did presidents speak of women?")
    names = ['"she" and "her" per 100 "he" and "him"', '"women" per 100 "men", singular too']
    for ax, values, name in zip(axes, (she, women), names, strict=True):
        ax.bar(range(len(periods)), values, color=SOURCES["speeches"], width=0.7)
        for place, value in enumerate(values):
            ax.text(place, value, f"{value:.0f}", ha="center", va="bottom", fontsize=8.5)
        ax.set_xticks(range(len(periods)), [period.replace("-", "-\n") for period in periods])
        ax.set(title=name, yticks=[], ylim=(0, 1.15 * max(values)))
        ax.spines["left"].set_visible(False)
        ax.tick_params(length=0, labelsize=8.5)
    show(fig)


def ratings(counts: Sequence[int]) -> None:
    """Draw how often the reviews say 1/10, 2/10 ... 10/10 in their own words."""
    fig, ax = figure(6.4, 2.8, title='Which grades "N/10" do the reviewers write into their texts?')
    missing = (5, 6)
    colors = [COLORS["highlight"] if n in missing else REVIEWS for n in range(1, 11)]
    ax.bar(range(1, 11), counts, color=colors, width=0.75)
    for n, count in enumerate(counts, start=1):
        ax.text(n, count, str(count), ha="center", va="bottom", fontsize=8.5)
    ax.set_xticks(range(1, 11), [f"{n}/10" for n in range(1, 11)])
    ax.set(yticks=[], ylabel="times")
    ax.spines["left"].set_visible(False)
    ax.tick_params(length=0)
    show(fig)


def zipf(counts: Mapping[str, np.ndarray]) -> None:
    """Draw how often a word occurs against its rank, both logarithmic, and the line 1 / rank."""
    fig, ax = figure(6.6, 3.1, title="How much rarer is the next word?")
    for name, found in counts.items():
        ordered = np.sort(found[found > 0])[::-1] / found.sum()
        rank = np.arange(1, len(ordered) + 1)
        ax.plot(rank, ordered, color=SOURCES.get(name, REVIEWS), label=name)
    ax.plot(rank, 0.1 / rank, color=MUTED, lw=1.2, ls=(0, (4, 3)), label="one tenth of 1 / rank")
    ax.set(xscale="log", yscale="log", xlabel="rank of the word", ylabel="share of all words")
    _plain_log_ticks(ax, [1, 10, 100, 1000, 10_000])
    ax.set_yticks([1e-1, 1e-3, 1e-5], ["1 in 10", "1 in 1,000", "1 in 100,000"])
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.legend()
    show(fig)


def growth(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw how many different words have been met against how many have been read."""
    fig, ax = figure(6.6, 2.9, title="Does one ever know all the words?", grid=True)
    for name, (read, met) in curves.items():
        color = SOURCES.get(name, REVIEWS)
        ax.plot(read / 1e6, met, color=color)
        ax.text(read[-1] / 1e6 + 0.08, met[-1], name, va="center", color=color)
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.set(xlabel="million words read", ylabel="different words", xlim=(0, None), ylim=(0, None))
    show(fig)


def order(labels: Sequence[int], first: int) -> None:
    """Draw the labels of documents in the order of their file, and where the first few end."""
    fig, ax = figure(7.4, 1.7, title="In which order do the reviews stand in their file?")
    pixels = np.asarray(labels)[None]
    colors = [COLORS["negative"], COLORS["positive"]]
    n = len(labels)
    for label, color in enumerate(colors):
        ax.fill_between(range(n), 0, 1, where=pixels[0] == label, color=color, lw=0, step="mid",
                        label=["negative", "positive"][label])  # fmt: skip
    ax.plot([first, first], [0, 1.2], color=INK, lw=1.4)
    ax.text(first, 1.26, f"the first {first:,}", ha="center", fontsize=9)
    ax.set(xlim=(0, n), ylim=(0, 1.55), yticks=[], xlabel="number of the review")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.spines["left"].set_visible(False)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right center", handlelength=1.0)
    show(fig)


def new_words(starts: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw which share of each period's words two readers have never met."""
    fig, ax = figure(
        7.2, 3.1, title="Who is better prepared for a president of our time?", grid=True
    )
    for (name, values), color in zip(curves.items(), (SOURCES["speeches"], REVIEWS), strict=True):
        ax.plot(starts, values, marker="o", ms=5, color=color, label=name)
    ax.set_xticks(list(starts), [f"{year}s" for year in starts])
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.set(ylabel="words never met", ylim=(0, None), xlabel="speeches that begin in the")
    ax.legend(loc="upper left")
    show(fig)


def mixture(shares: Sequence[float], curves: Mapping[str, Sequence[float]], at: float) -> None:
    """Draw how surprised a reader of a mixture is, on each source, against the mixture."""
    fig, ax = figure(7.0, 3.1, title="What does a little of the other source buy?", grid=True)
    for (name, values), color in zip(curves.items(), (SOURCES["speeches"], REVIEWS), strict=True):
        ax.plot(shares, values, marker="o", ms=4, color=color)
        ax.text(1.02, values[-1], f"tested on\n{name}", va="center", color=color)
    ax.margins(y=0.09)
    ax.axvline(at, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    ax.text(at + 0.01, ax.get_ylim()[1], "as collected", va="top", color=MUTED, fontsize=9)
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.set(xlabel="share of speeches in the mixture", ylabel="bits per word", xlim=(-0.02, 1.02))
    show(fig)


def recognized(n_words: Sequence[int], share: Sequence[float]) -> None:
    """Draw how often a few words in a row are enough to find the one review they are from."""
    fig, ax = figure(6.4, 2.9, title="How many words in a row give a review away?", grid=True)
    ax.plot(n_words, share, marker="o", color=REVIEWS)
    for n, value in zip(n_words, share, strict=True):
        ax.annotate(f"{value:.0%}", (n, value), (0, 7), textcoords="offset points", ha="center",
                    fontsize=9)  # fmt: skip
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.set(xlabel="words in a row", ylabel="found in this review alone", ylim=(0, 1.15))
    ax.set_yticks([0, 0.5, 1])
    ax.set_xticks(list(n_words))
    show(fig)


def columns(names: Sequence[str], lines: Sequence[int], table: Sequence[int]) -> None:
    """Draw how many bytes each field takes in lines of JSON and as a compressed column."""
    fig, ax = figure(7.0, 3.0, title="Which field shrinks in a column, and which does not?")
    places = np.arange(len(names))
    colors = [MUTED, COLORS["highlight"]]
    for shift, sizes, label, color in zip(
        (-0.2, 0.2), (lines, table), ("in lines of JSON", "as a column"), colors, strict=True
    ):
        ax.barh(places + shift, sizes, height=0.36, color=color, label=label)
        for place, size in zip(places, sizes, strict=True):
            ax.text(size * 1.15, place + shift, f"{size:,}", va="center", fontsize=8.5, color=MUTED)
    ax.set(xscale="log", xlabel="bytes", xlim=(100, 2e9))
    ax.set_xticks([1e2, 1e4, 1e6, 1e8], ["100", "10 k", "1 M", "100 M"])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yticks(places, list(names))
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="lower right")
    show(fig)


def held(read: Sequence[float], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw how much memory two ways of reading need against how much they have read."""
    fig, ax = figure(6.6, 2.9, title="How much memory does it take to read a file?", grid=True)
    for (name, values), color in zip(curves.items(), (MUTED, COLORS["highlight"]), strict=True):
        ax.plot(read, values, marker="o", ms=5, color=color)
        ax.text(read[-1] * 1.02, values[-1], name, va="center", color=INK)
    ax.set(xlabel="MB of text read", ylabel="MB of memory at most", ylim=(0, None))
    ax.set_xlim(0, read[-1] * 1.25)
    show(fig)


def _plain_log_ticks(ax: Axes, ticks: Sequence[int]) -> None:
    """Write the ticks of a logarithmic x axis as plain numbers."""
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
