"""The pictures of chapter 51: what reading buys, what it costs, and whom the numbers convince."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from minilm.teach.style import CARD, COLORS, INK, MUTED, blank, colormap, figure, show

_DASHED = (0, (4, 3))
_MEANINGS = {
    "majority": "baseline",
    "bag of words": "ngram",
    "from scratch": "residual",
    "read first": "transformer",
    "counted first": "highlight",
}
_VERDICTS = LinearSegmentedColormap.from_list(
    "verdicts", [COLORS["negative"], CARD, COLORS["positive"]]
)


def coverage(labels: Sequence[int], known: Sequence[float], read: float) -> None:
    """Draw which share of the test's different words the labelled reviews hold, and a text."""
    fig, ax = figure(6.8, 2.9, title="Which share of the test's words have you met?", grid=True)
    ax.plot(labels, known, marker="o", color=COLORS["train"])
    for n, share in zip(labels, known, strict=True):
        ax.text(n, share + 0.05, f"{share:.0%}", ha="center", fontsize=9)
    ax.axhline(read, color=COLORS["transformer"], lw=1.4, ls=_DASHED)
    ax.text(labels[0], read + 0.03, f"read without labels: {read:.0%}", color=COLORS["transformer"])
    _label_axis(ax, labels, "reviews with labels")
    ax.set(ylim=(0, 1), ylabel="of its different words")
    show(fig)


def reading(steps: Sequence[int], bits: Sequence[float], start: float) -> None:
    """Draw bits per byte of unread text while the network reads."""
    fig, ax = figure(6.2, 2.7, title="Does the network learn to read?", grid=True)
    ax.plot([0, *steps], [start, *bits], marker="o", color=COLORS["transformer"])
    ax.set(xlabel="step", ylabel="bits per byte, unread text", ylim=(0, start * 1.08))
    show(fig)


def pooling(tokens: Sequence[Sequence[str]], weights: Mapping[str, ArrayLike]) -> None:
    """Draw padded rows of tokens, one panel for each pooling, as dark as a position's weight."""
    fig, axes = figure(
        9.2, 0.5 * len(tokens) + 1.0, columns=len(weights),
        title="How much does each position count? The padding: nothing",
    )  # fmt: skip
    width = max(len(row) for row in tokens)
    colors = colormap("value")
    for ax, (name, values) in zip(axes, weights.items(), strict=True):
        blank(ax, width, len(tokens))
        ax.set_title(name)
        for place, (row, row_weights) in enumerate(zip(tokens, np.asarray(values), strict=True)):
            y = len(tokens) - 1 - place
            for x, weight in enumerate(row_weights):
                real = x < len(row)
                face = colors(float(weight)) if real else CARD
                ax.add_patch(Rectangle((x + 0.04, y + 0.1), 0.92, 0.8, fc=face, ec=MUTED, lw=0.6,
                                       ls="-" if real else ":"))  # fmt: skip
                text = row[x] if real else "·"
                color = CARD if weight > 0.6 else INK if real else MUTED
                ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=7.5, color=color)
    show(fig)


def padding(n_padding: Sequence[int], moved: Mapping[str, Sequence[float]], level: float) -> None:
    """Draw how far a text's vector moves when padding is added, and how far other texts are."""
    fig, ax = figure(7.6, 2.9, title="How far does padding move a text?", grid=True)
    styles = zip(moved.items(), ["value", "negative"], strict=True)
    for (name, distances), meaning in styles:
        ax.plot(n_padding, distances, marker="o", ms=4, color=COLORS[meaning], label=name)
    ax.axhline(level, color=MUTED, lw=1.2, ls=_DASHED, label="to another review")
    ax.set(
        xlabel="places of padding behind it", ylabel="distance moved", ylim=(-0.02 * level, None)
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def labels_needed(sizes: Sequence[int], scores: Mapping[str, Sequence[float]]) -> None:
    """Draw accuracy on the test reviews against the number of labels, a line a classifier."""
    fig, ax = figure(8.0, 3.6, title="What is a label worth, and what is reading?", grid=True)
    for name, values in scores.items():
        dashed = name == "majority"
        ax.plot(sizes, values, color=COLORS[_MEANINGS[name]], label=name,
                marker=None if dashed else "o", ls=_DASHED if dashed else "-")  # fmt: skip
    ax.set(ylabel="accuracy, test reviews", ylim=(0.48, 0.8))
    _label_axis(ax, sizes, "reviews with labels")
    order = np.argsort([-values[-1] for values in scores.values()])
    handles, names = ax.get_legend_handles_labels()
    ax.legend([handles[i] for i in order], [names[i] for i in order],
              loc="upper left", bbox_to_anchor=(1.0, 1.0))  # fmt: skip
    show(fig)


def forgetting(
    rates: Sequence[float], scores: Sequence[float], bits: Sequence[float],
    before: float, unread: float,
) -> None:  # fmt: skip
    """Draw what fine-tuning teaches and what it costs, against the learning rate."""
    fig, (left, right) = figure(
        8.6, 3.0, columns=2, title="How fast may you teach it, and what does it forget?", grid=True
    )
    left.plot(rates, scores, marker="o", color=COLORS["transformer"])
    left.set(title="the task: accuracy", ylim=(0.45, 0.7))
    right.plot(rates, bits, marker="o", color=COLORS["transformer"])
    for level, text, up in [
        (before, "before tuning", False),
        (unread, "never read anything", True),
    ]:
        right.axhline(level, color=MUTED, lw=1.2, ls=_DASHED)
        right.text(rates[0], level + (0.06 if up else -0.08), text, fontsize=9, color=MUTED,
                   va="bottom" if up else "top")  # fmt: skip
    right.set(title="the language: bits per byte", ylim=(1.7, None))
    for ax in (left, right):
        ax.set(xscale="log", xlabel="learning rate")
        ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
        ax.minorticks_off()
    show(fig)


def intervals(rows: Mapping[str, tuple[float, tuple[float, float]]], title: str) -> None:
    """Draw scores with their intervals, one below the other; a difference gets a line at zero."""
    fig, ax = figure(7.2, 0.42 * len(rows) + 1.0, title=title)
    for place, (name, (score, (low, high))) in enumerate(rows.items()):
        color = COLORS[_MEANINGS.get(name, "transformer")]
        ax.plot([low, high], [-place, -place], color=color, lw=3, alpha=0.5)
        ax.plot(score, -place, "o", color=color)
    if any(low < 0 for _, (low, _) in rows.values()):
        ax.axvline(0, color=MUTED, lw=1.2, ls=_DASHED)
        ax.set_xlabel("difference in accuracy")
    else:
        ax.set_xlabel("accuracy")
    ax.set_yticks([-place for place in range(len(rows))], list(rows))
    ax.set_ylim(-len(rows) + 0.4, 0.6)
    ax.tick_params(axis="y", left=False)
    show(fig)


def verdicts(lines: Sequence[tuple[Sequence[str], ArrayLike]], title: str) -> None:
    """Write sentences in cells, each token in the color of the verdict once it is read."""
    width = max(sum(len(token) for token in tokens) for tokens, _ in lines)
    fig, ax = figure(9.2, 0.62 * len(lines) + 0.75, title=title)
    blank(ax, max(width, 60), len(lines))
    for line, (tokens, chances) in enumerate(lines):
        y, x = len(lines) - 1 - line, 0
        for token, chance in zip(tokens, np.asarray(chances, dtype=float), strict=True):
            face = _VERDICTS(float(chance))
            ax.add_patch(Rectangle((x, y + 0.36), len(token), 0.56, fc=face, ec=CARD, lw=0.8))
            color = CARD if abs(chance - 0.5) > 0.36 else INK
            ax.text(x + len(token) / 2, y + 0.63, token.strip(), ha="center", va="center",
                    color=color, fontsize=8.5, family="DejaVu Sans Mono",
                    parse_math=False)  # fmt: skip
            if len(token) > 1:
                number = f"{chance:.2f}".removeprefix("0")
                ax.text(x + len(token) / 2, y + 0.2, number, ha="center", va="center", fontsize=6.5,
                        color=MUTED)  # fmt: skip
            x += len(token)
    ax.set_ylim(-0.55, len(lines))
    for place in range(11):
        ax.add_patch(
            Rectangle((13 + place, -0.45), 1, 0.3, fc=_VERDICTS(place / 10), ec=MUTED, lw=0.3)
        )
    ax.text(12.5, -0.3, "negative", ha="right", va="center", fontsize=8.5, color=MUTED)
    ax.text(24.5, -0.3, "positive", va="center", fontsize=8.5, color=MUTED)
    show(fig)


def errors(shares: Mapping[str, Mapping[str, tuple[float, float]]]) -> None:
    """Draw error rates with and without a kind of word: word -> classifier -> (without, with)."""
    fig, axes = figure(
        8.0, 2.9, columns=len(shares), sharey=True, grid=True, title="Which words go with mistakes?"
    )
    for ax, (words, rates) in zip(axes, shares.items(), strict=True):
        for name, (without, those) in rates.items():
            ax.plot([0, 1], [without, those], marker="o", color=COLORS[_MEANINGS[name]], label=name)
        ax.set(title=words, xlim=(-0.3, 1.3))
        ax.set_xticks([0, 1], ["reviews\nwithout", "reviews\nwith"])
    highest = max(share for rates in shares.values() for pair in rates.values() for share in pair)
    axes[0].set(ylabel="share of wrong answers", ylim=(0, highest * 1.1))
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def leak(rows: Mapping[str, tuple[float, float]]) -> None:
    """Draw accuracy on the part of the test that leaked and on the rest."""
    fig, ax = figure(7.8, 2.9, title="What does a leak do to the score?", grid=True)
    for part, (name, meaning) in enumerate(
        [("on what leaked", "negative"), ("on the rest", "test")]
    ):
        places = np.arange(len(rows)) + 0.36 * (part - 0.5)
        values = [pair[part] for pair in rows.values()]
        ax.bar(places, values, width=0.34, color=COLORS[meaning], label=name)
        for x, value in zip(places, values, strict=True):
            ax.text(x, value + 0.02, f"{value:.2f}", ha="center", fontsize=9)
    ax.set_xticks(range(len(rows)), list(rows))
    ax.tick_params(axis="x", length=0)
    ax.set(ylim=(0, 1.12), ylabel="accuracy")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def swaps(groups: Mapping[str, Mapping[str, ArrayLike]]) -> None:
    """Draw each word's chance of a positive verdict in several sentences, and their mean.

    A group is a set of words that can stand for each other, among them one that must not matter.
    """
    n_words = sum(len(words) for words in groups.values())
    title = "Does the verdict depend on a word that should not matter?"
    fig, ax = figure(8.0, 0.27 * (n_words + len(groups)) + 0.9, title=title)
    y, ticks = 0.0, {}
    meanings = ["query", "key", "baseline"]
    for (group, words), meaning in zip(groups.items(), meanings, strict=True):
        color = COLORS[meaning]
        ax.text(1.02, y, group, va="center", fontsize=9.5, fontweight="bold", color=color)
        means = {word: float(np.asarray(chances).mean()) for word, chances in words.items()}
        for word in sorted(means, key=means.__getitem__, reverse=True):
            chances = np.asarray(words[word])
            ax.plot(chances, np.full(len(chances), y), ".", color=color, alpha=0.35)
            ax.plot(means[word], y, "o", color=color, ms=7)
            ticks[y] = word
            y -= 1
        y -= 0.8
    ax.axvline(0.5, color=MUTED, lw=1.0, ls=_DASHED)
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0, 1), ylim=(y + 1.2, 0.8), xlabel="chance of a positive verdict")
    show(fig)


def _label_axis(ax: Axes, sizes: Sequence[int], label: str) -> None:
    """Write numbers of labels along a logarithmic axis."""
    ax.set(xscale="log", xlabel=label)
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
