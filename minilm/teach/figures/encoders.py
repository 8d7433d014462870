"""The pictures of chapter 35: three branches of one tree, three masks, and who looks across."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle
from torch import Tensor

from minilm.teach.style import CARD, COLORS, INK, MUTED, colormap, figure, heatmap, show

MONO: Any = {"family": "DejaVu Sans Mono", "parse_math": False}
BRANCHES = {"encoder": 4.2, "encoder-decoder": 2.6, "transformer": 1.0}  # a branch and its height
LEAVES = {
    "encoder": [
        ("BERT", 2018.8, 1), ("RoBERTa", 2019.55, -1), ("DeBERTa", 2020.5, 1),
        ("ModernBERT", 2024.9, 1), ("EuroBERT", 2025.25, -1),
    ],
    "encoder-decoder": [
        ("T5", 2019.8, 1), ("BART", 2019.85, -1), ("mT5", 2020.8, 1), ("NLLB", 2022.5, 1),
        ("Whisper", 2022.75, -1), ("T5Gemma", 2025.5, 1),
    ],
    "transformer": [
        ("GPT", 2018.4, 1), ("GPT-2", 2019.1, -1), ("GPT-3", 2020.4, 1), ("PaLM", 2022.3, 1),
        ("Llama", 2023.15, -1), ("Mistral", 2023.75, 1), ("SmolLM2", 2024.8, -1),
        ("Qwen3", 2025.3, 1),
    ],
}  # fmt: skip
"""A branch -> its leaves: a model, when it appeared, and on which side of the branch it hangs."""

NAMES = {
    "encoder": "encoders: read",
    "encoder-decoder": "encoder-decoders:\nread, then write",
    "transformer": "decoders: write",
}


def family_tree() -> None:
    """Draw the three branches that grew from the transformer of 2017, with models as leaves."""
    fig, ax = figure(10.0, 4.3, title="Three branches from one root: who reads, who writes?")
    root, start = (2017.3, 2.6), 2018.15
    for branch, height in BRANCHES.items():
        color = COLORS[branch]
        t = np.linspace(0, 1, 40)
        rise = root[1] + (height - root[1]) * (3 * t**2 - 2 * t**3)
        ax.plot(root[0] + (start - root[0]) * t, rise, color=color, lw=4, zorder=1)
        ax.plot([start, 2026.0], [height, height], color=color, lw=4, zorder=1)
        ax.text(2026.15, height, NAMES[branch], va="center", color=color, fontweight="bold")
        for name, year, side in LEAVES[branch]:
            ax.plot([year, year], [height, height + 0.36 * side], color=color, lw=1.3, zorder=1)
            ax.plot(year, height, "o", ms=5, color=color, zorder=2)
            ax.text(year, height + 0.5 * side, name, ha="center", va="center", fontsize=9.5)
    ground: Any = {"boxstyle": "round,pad=0.5", "fc": CARD, "ec": COLORS["residual"], "lw": 1.4}
    ax.text(*root, "the transformer\nof 2017", ha="center", va="center", bbox=ground, zorder=3)
    ax.set(xlim=(2016.55, 2027.9), ylim=(0.15, 4.95), yticks=[])
    ax.set_xticks(range(2018, 2027, 2))
    ax.spines["left"].set_visible(False)
    show(fig)


def masks(panels: Mapping[str, Sequence[tuple[str, Any]]], words: Sequence[str]) -> None:
    """Draw masks side by side: a panel's parts are (color, True where a row may see a column)."""
    fig, axes = figure(10.0, 3.7, columns=len(panels), title="Who may look at whom?")
    for ax, (name, parts) in zip(axes, panels.items(), strict=True):
        for meaning, allowed in parts:
            seen = np.where(np.asarray(allowed), 1.0, np.nan)
            ax.imshow(seen, cmap=colormap(meaning), vmin=0, vmax=1.25)
        n = len(words)
        ax.set_xticks(range(n), words, rotation=90)
        ax.set_yticks(range(n), words)
        ax.set_xticks(np.arange(n + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(n + 1) - 0.5, minor=True)
        ax.grid(which="minor", color=CARD, lw=1.5)
        ax.tick_params(length=0, which="both", labelsize=9)
        ax.spines[:].set_visible(False)
        ax.set_title(name, fontsize=10)
    axes[0].set_ylabel("looks")
    show(fig, alt=f"Masks of {', '.join(panels)}: which word may look at which.")


def blanks(rows: Mapping[str, tuple[str, str, Sequence[bool]]], hidden: str = "_") -> None:
    """Draw what is read and what is asked: letters in rows, the asked ones on a colored ground.

    `rows` maps a label to (what is read, what stands there in truth, which letters are asked for).
    Under an asked letter stands the true one, small; `hidden` marks a masked letter.
    """
    longest = max(len(read) for read, _, _ in rows.values())
    fig, ax = figure(10.0, 0.55 + 0.62 * len(rows), title="What is read, and what is asked?")
    for line, (label, letters) in enumerate(rows.items()):
        ax.text(-0.8, 0.08 - line, label, ha="right", va="center", color=MUTED, fontsize=9.5)
        for x, (here, there, asked) in enumerate(zip(*letters, strict=True)):
            color = COLORS["highlight"] if here == hidden else COLORS["key"]
            ground: Any = {"boxstyle": "square,pad=0.18", "fc": color, "ec": "none", "alpha": 0.55}
            ax.text(x, 0.08 - line, here, ha="center", va="center", fontsize=11, **MONO,
                    bbox=ground if asked else None)  # fmt: skip
            if asked:
                ax.text(x, -0.36 - line, there.replace(" ", "␣"), ha="center", va="center",
                        fontsize=7.5, color=MUTED, **MONO)  # fmt: skip
    ax.set(xlim=(-longest * 0.19, longest + 0.3), ylim=(-len(rows) + 0.4, 0.5))
    ax.set_axis_off()
    show(fig)


def bars(groups: Mapping[str, float], title: str, label: str, colors: Sequence[str],
         base: tuple[str, float] | None = None) -> None:  # fmt: skip
    """Draw one bar for each name with its number, and a dotted line for what costs nothing."""
    fig, ax = figure(7.6, 0.9 + 0.48 * len(groups), title=title)
    names, values = list(groups), list(groups.values())
    ax.barh(names, values, color=[COLORS[color] for color in colors], height=0.62)
    ax.invert_yaxis()
    for place, value in enumerate(values):
        ax.text(value, place, f" {value:.2f}", va="center", fontsize=9.5, color=INK)
    if base is not None:
        ax.axvline(base[1], color=MUTED, ls=":", lw=1.4)
        ax.text(base[1], len(names) - 0.42, f" {base[0]}", color=MUTED, fontsize=9, va="top")
        ax.set_ylim(len(names) - 0.1, -0.6)
    ax.set(xlabel=label, xlim=(0, max(values) * 1.13))
    ax.tick_params(axis="y", length=0)
    show(fig)


def surprise(rows: Mapping[str, tuple[str, Sequence[float]]], place: int) -> None:
    """Draw a text letter by letter, darker where the model finds the letter less probable.

    `rows` maps a label to (the text, the probability of each letter); `place` is where a letter was
    swapped, which a frame marks.
    """
    longest = max(len(text) for text, _ in rows.values())
    fig, ax = figure(10.0, 0.9 + 0.55 * len(rows), title="Which letter looks wrong to the model?")
    cells = np.full((len(rows), longest), np.nan)
    for line, (text, probabilities) in enumerate(rows.values()):
        cells[line, : len(text)] = 1 - np.asarray(probabilities)
    ax.imshow(cells, cmap=colormap("negative"), vmin=0, vmax=1.15, aspect="auto")
    for line, (text, _) in enumerate(rows.values()):
        for x, letter in enumerate(text):
            dark = cells[line, x] > 0.75
            ax.text(x, line, letter, ha="center", va="center", fontsize=11,
                    color=CARD if dark else INK, **MONO)  # fmt: skip
        frame: Any = {"fill": False, "ec": COLORS["highlight"], "lw": 2.4}
        ax.add_patch(Rectangle((place - 0.5, line - 0.46), 1, 0.92, **frame))
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    show(fig)


def learning(
    curves: Mapping[str, tuple[Sequence[int], Sequence[float]]],
    title: str,
    label: str,
    colors: Sequence[str],
    base: tuple[str, float] | None = None,
) -> None:
    """Draw a score over the steps, one line for each model, and a dotted line for a known bound."""
    fig, ax = figure(7.2, 3.0, title=title, grid=True)
    for (name, (steps, values)), color in zip(curves.items(), colors, strict=True):
        ax.plot(steps, values, marker="o", ms=4, color=COLORS[color], label=name)
    if base is not None:
        ax.axhline(base[1], color=MUTED, ls=":", lw=1.4)
        last = max(steps[-1] for steps, _ in curves.values())
        ax.text(last, base[1], base[0], color=MUTED, fontsize=9, va="bottom", ha="right")
    ax.set(xlabel="step", ylabel=label, ylim=(0, None))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    show(fig)


def alignment(weights: Tensor, source: Sequence[str], target: Sequence[str], title: str) -> None:
    """Draw cross-attention (T, S): a row for each letter that is written, a column for each read.

    A row stands at the letter that is about to be written.
    """
    fig, ax = figure(0.36 * len(source) + 1.2, 0.3 * len(target) + 1.2, title=title)
    heatmap(ax, weights.detach(), rows=list(target), columns=list(source), digits=None, high=1.0)
    ax.set(ylabel="is written", xlabel="is read")
    ax.xaxis.set_label_position("bottom")
    show(fig)


def search_tree(probabilities: Mapping[str, float], title: str) -> None:
    """Draw a tree of texts: each key is a text as far as written, its value the step's probability.

    The probability of a whole text is the product along its path; the best path is drawn strong,
    the greedy one in the color of the baseline.
    """
    fig, ax = figure(7.4, 3.1, title=title)
    product = {"": 1.0}
    for text, step in sorted(probabilities.items(), key=lambda item: len(item[0])):
        product[text] = product[text[:-1]] * step
    ends = [text for text in probabilities if not any(t[:-1] == text for t in probabilities)]
    height = {text: float(-place) for place, text in enumerate(ends)}
    for text in sorted(product, key=len, reverse=True):
        children = [height[t] for t in probabilities if t[:-1] == text]
        height.setdefault(text, float(np.mean(children)) if children else 0.0)
    best = max(ends, key=product.__getitem__)
    greedy = ""
    while steps := {t: p for t, p in probabilities.items() if t[:-1] == greedy}:
        greedy = max(steps, key=steps.__getitem__)
    for text, step in probabilities.items():
        path = "transformer" if best.startswith(text) else "baseline"
        weight = 3.2 if best.startswith(text) or greedy.startswith(text) else 1.2
        ends_of = [height[text[:-1]], height[text]]
        ax.plot([len(text) - 1, len(text)], ends_of, color=COLORS[path], lw=weight, zorder=1)
        ax.text(len(text) - 0.5, sum(ends_of) / 2, f"{step:.2f}", ha="center", va="center",
                fontsize=9, bbox={"fc": CARD, "ec": "none", "pad": 1.5})  # fmt: skip
    for text, y in height.items():
        ax.text(len(text), y, text[-1:] or "start", ha="center", va="center", zorder=3, **MONO,
                bbox={"boxstyle": "circle,pad=0.3", "fc": CARD, "ec": MUTED})  # fmt: skip
    for text in ends:
        mark = "  greedy" if text == greedy else "  the best" if text == best else ""
        ax.text(len(text) + 0.25, height[text], f"{product[text]:.2f}{mark}", va="center")
    ax.set(xlim=(-0.3, max(map(len, ends)) + 1.1), ylim=(min(height.values()) - 0.6, 0.6))
    ax.set_axis_off()
    show(fig)
