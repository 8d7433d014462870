"""The pictures of chapter 20: what cleaning finds, what rules keep, and what each step costs."""

from collections.abc import Mapping, Sequence

import numpy as np

from minilm.teach.style import COLORS, INK, MUTED, blank, box, figure, heatmap, show


def luhn(digits: Sequence[int], worth: Sequence[int]) -> None:
    """Draw a card's digits in boxes, and under each what it counts for in the Luhn sum."""
    fig, ax = figure(7.6, 1.55, title="Which digits are doubled, and what does each count?")
    blank(ax, len(digits) + 1.2, 2.2)
    ax.set_ylim(0.3, 2.1)
    for place, (digit, value) in enumerate(zip(digits, worth, strict=True)):
        doubled = (len(digits) - 1 - place) % 2 == 1
        color = COLORS["highlight" if doubled else "residual"]
        box(ax, place + 1.4, 1.6, str(digit), width=0.82, height=0.8, color=color)
        ax.text(place + 1.4, 0.5, str(value), ha="center", fontsize=11, color=INK)
    ax.text(0.75, 1.6, "digit", ha="right", va="center", fontsize=9, color=MUTED)
    ax.text(0.75, 0.6, "counts", ha="right", va="center", fontsize=9, color=MUTED)
    show(fig)


def masks(scores: Mapping[str, tuple[float, float]]) -> None:
    """Draw precision and recall of each kind of private data as pairs of bars."""
    fig, ax = figure(6.2, 3.0, title="How much of what is private is found?", grid=True)
    places = np.arange(len(scores))
    precision, recall = zip(*scores.values(), strict=True)
    for shift, values, name, color in (
        (-0.2, precision, "precision: of what was masked, right", COLORS["query"]),
        (0.2, recall, "recall: of what is private, found", COLORS["value"]),
    ):
        bars = ax.bar(places + shift, values, 0.36, color=color, label=name)
        ax.bar_label(bars, [f"{value:.2f}" for value in values], fontsize=8.5, padding=2)
    ax.set_xticks(places, list(scores))
    ax.set(ylim=(0, 1.12))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    show(fig)


def survivors(kept: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Draw which share of each kind of text each rule set keeps: rules are rows."""
    columns = list(next(iter(kept.values())))
    fig, ax = figure(1.9 + 1.35 * len(columns), 0.9 + 0.5 * len(kept), title=title)
    cells = np.array([[row[column] for column in columns] for row in kept.values()])
    heatmap(ax, cells, rows=list(kept), columns=columns, meaning="train", high=1.0)
    show(fig)


def languages(lengths: Sequence[str], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw the share of rightly named languages against the length of the text."""
    fig, ax = figure(6.8, 3.0, title="How much text does a language need to be known?", grid=True)
    highlights = {"all languages": COLORS["residual"], "English": COLORS["key"]}
    for name, values in curves.items():
        color, width = highlights.get(name, COLORS["baseline"]), 2.4 if name in highlights else 1.0
        ax.plot(range(len(lengths)), values, color=color, lw=width, marker="o" if width > 2 else "",
                label=name if name in highlights else None)  # fmt: skip
    ax.plot([], [], color=COLORS["baseline"], lw=1.0, label="each of the others")
    ax.set_xticks(range(len(lengths)), lengths)
    ax.set(ylim=(0, 1.03), xlabel="characters", ylabel="named rightly")
    ax.legend(loc="lower right")
    show(fig)


def scores(values: Mapping[str, Sequence[float]]) -> None:
    """Draw how a quality classifier's scores are spread for several kinds of text."""
    fig, axes = figure(
        7.2, 0.7 + 0.75 * len(values), rows=len(values), sharex=True,
        title="What does the classifier think of texts that it was not asked about?", squeeze=False,
    )  # fmt: skip
    for ax, (name, numbers) in zip(axes[:, 0], values.items(), strict=True):
        ax.hist(numbers, np.linspace(0, 1, 41), color=COLORS["embedding"])
        ax.axvline(0.5, color=MUTED, lw=1, ls=(0, (4, 3)))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_ylabel(name, rotation=0, ha="right", va="center")
    axes[-1, 0].set(xlim=(0, 1), xlabel="score: 0 like the bad examples, 1 like the good ones")
    show(fig)


def bills(text: Mapping[str, float], notes: Mapping[str, float], title: str) -> None:
    """Draw what each step costs: bits for the text that is left, and bits for what was removed."""
    fig, ax = figure(7.4, 0.9 + 0.36 * len(text), title=title)
    places = np.arange(len(text))[::-1]
    left, extra = np.array(list(text.values())), np.array(list(notes.values()))
    ax.barh(places, left, 0.66, color=COLORS["ngram"], label="the text that is left")
    ax.barh(places, extra, 0.66, left=left, color=COLORS["highlight"], label="notes to undo it")
    for place, total in zip(places, left + extra, strict=True):
        ax.text(total + 0.02, place, f"{total:.2f}", va="center", fontsize=8.5)
    ax.axvline(left[0] + extra[0], color=MUTED, lw=1, ls=(0, (4, 3)))
    ax.set_yticks(places, list(text))
    ax.set(xlabel="bits per byte of the original text", xlim=(0, 1.14 * max(left + extra)))
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def gains(
    panels: Mapping[str, Mapping[str, tuple[float, float, float]]], title: str, xlabel: str
) -> None:
    """Draw gains in accuracy with their intervals: a panel per setting, a row per step.

    A gain whose interval lies above zero is drawn in one color, below zero in another, and gray
    when zero is inside.
    """
    names = list(next(iter(panels.values())))
    fig, axes = figure(
        1.9 + 2.3 * len(panels), 1.15 + 0.3 * len(names), columns=len(panels), sharex=True,
        sharey=True, title=title, squeeze=False,
    )  # fmt: skip
    for ax, (panel, rows) in zip(axes[0], panels.items(), strict=True):
        for place, (gain, low, high) in zip(range(len(names))[::-1], rows.values(), strict=True):
            sure = "positive" if low > 0 else "negative" if high < 0 else "baseline"
            ax.plot([100 * low, 100 * high], [place, place], color=COLORS[sure], lw=2.2)
            ax.plot(100 * gain, place, "o", color=COLORS[sure], ms=6)
        ax.axvline(0, color=MUTED, lw=1, ls=(0, (4, 3)))
        ax.set_title(panel)
        ax.set_xlabel(xlabel)
        ax.tick_params(axis="y", length=0)
    axes[0, 0].set_yticks(range(len(names))[::-1], names)
    show(fig)
