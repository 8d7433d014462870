"""The pictures of chapter 00: the family tree, and what each stage of the road leaves behind."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minilm.teach.style import COLORS, INK, MUTED, figure, show

# (branch, year with months as decimals, name). Our own table, from the dates of the papers or
# announcements; a choice of landmarks, not a census.
FAMILY = (
    ("recurrent", 1990.2, "Elman network"),
    ("recurrent", 1997.9, "LSTM"),
    ("recurrent", 2010.7, "RNN-LM"),
    ("recurrent", 2014.7, "seq2seq"),
    ("recurrent", 2014.8, "attention"),
    ("recurrent", 2018.1, "ELMo, ULMFiT"),
    ("recurrent", 2021.8, "S4"),
    ("recurrent", 2023.4, "RWKV"),
    ("recurrent", 2023.9, "Mamba"),
    ("encoder-decoder", 2017.5, "Transformer"),
    ("encoder-decoder", 2019.8, "T5, BART"),
    ("encoder-decoder", 2020.8, "mT5"),
    ("encoder-decoder", 2022.8, "Flan-T5"),
    ("encoder-decoder", 2025.5, "T5Gemma"),
    ("encoder-only", 2018.8, "BERT"),
    ("encoder-only", 2019.6, "RoBERTa"),
    ("encoder-only", 2020.4, "DeBERTa"),
    ("encoder-only", 2024.95, "ModernBERT"),
    ("decoder-only", 2018.45, "GPT"),
    ("decoder-only", 2019.1, "GPT-2"),
    ("decoder-only", 2020.4, "GPT-3"),
    ("decoder-only", 2022.3, "PaLM"),
    ("decoder-only", 2023.15, "LLaMA"),
    ("decoder-only", 2023.75, "Mistral"),
    ("decoder-only", 2024.3, "Llama 3"),
    ("decoder-only", 2024.95, "DeepSeek-V3"),
    ("decoder-only", 2025.35, "Qwen3"),
)
LANES = {"recurrent": 0.0, "encoder-only": 1.0, "encoder-decoder": 2.0, "decoder-only": 3.0}
BRANCH_COLORS = {
    "recurrent": COLORS["lstm"],
    "encoder-only": COLORS["value"],
    "encoder-decoder": COLORS["key"],
    "decoder-only": COLORS["transformer"],
}


def _place(year: float) -> float:
    """Give the crowded years since 2017 most of the width: a piecewise linear axis."""
    return float(np.interp(year, [1989, 2010, 2017, 2026], [0, 1.6, 3.2, 12.2]))


def family_tree() -> None:
    """Draw the branches of language models by year: who reads both ways, who only looks back."""
    fig, ax = figure(9.6, 5.0, title="Which kinds of language model are there?")
    root = (_place(2017.5), LANES["encoder-decoder"])
    _bough(ax, (_place(2014.8), 0.0), root, MUTED)
    for branch, height in LANES.items():
        mine = [(_place(year), name) for kind, year, name in FAMILY if kind == branch]
        color = BRANCH_COLORS[branch]
        if branch in ("encoder-only", "decoder-only"):
            _bough(ax, root, (mine[0][0], height), color)
        ax.plot([mine[0][0], 12.4], [height, height], color=color, lw=5, alpha=0.35, zorder=1)
        ax.text(12.55, height, branch, color=color, va="center", fontweight="bold")
        for index, (x, name) in enumerate(mine):
            ax.plot(x, height, "o", ms=8, color=color, mec="white", zorder=3)
            level = (0.17, -0.17, 0.37, -0.37)[index % 4]
            ax.plot([x, x], [height, height + level * 0.85], color=color, lw=0.8, zorder=2)
            va = "bottom" if level > 0 else "top"
            ax.text(x, height + level, name, ha="center", va=va, fontsize=8.5, color=INK)
    for year in (1990, 2000, 2010, *range(2017, 2027)):
        ax.axvline(_place(year), color="#E4E2DA", lw=0.8, zorder=0)
        ax.text(_place(year), -0.82, str(year), ha="center", fontsize=8, color=MUTED)
    ax.set(xlim=(-0.4, 14.6), ylim=(-0.9, 3.7))
    ax.set_axis_off()
    show(fig)


def _bough(ax: Any, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    """Draw a branch that leaves and arrives level: an S between two points."""
    t = np.linspace(0, 1, 50)
    x = start[0] + (end[0] - start[0]) * t
    y = start[1] + (end[1] - start[1]) * (3 * t**2 - 2 * t**3)
    ax.plot(x, y, color=color, lw=5, alpha=0.35, zorder=1, solid_capstyle="round")


def sizes_by_source(sources: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw each source's share of the documents beside its share of the bytes."""
    fig, ax = figure(7.2, 2.3, title="Who is large: by documents, and by bytes?")
    colors = [COLORS["train"], COLORS["valid"], COLORS["test"]]
    for row, unit in enumerate(("bytes", "documents")):
        total, left = sum(source[unit] for source in sources.values()), 0.0
        for (name, source), color in zip(sources.items(), colors, strict=False):
            share = source[unit] / total
            ax.barh(row, share, left=left, color=color, height=0.6, label=name if row else None)
            if share > 0.06:
                ax.text(left + share / 2, row, f"{share:.0%}", ha="center", va="center",
                        color="white", fontweight="bold")  # fmt: skip
            left += share
    ax.set_yticks([0, 1], ["bytes", "documents"])
    ax.set(xlim=(0, 1), xticks=[])
    ax.spines[:].set_visible(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=3, fontsize=9)
    show(fig)


def learning(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Draw the bits per byte of each network on the validation text, against the tokens read."""
    fig, ax = figure(6.8, 3.0, title="Who learns faster from the same text?", grid=True)
    for name, history in histories.items():
        rows = [row for row in history if "valid_bits_per_byte" in row]
        ax.plot(
            [row["tokens"] / 1000 for row in rows], [row["valid_bits_per_byte"] for row in rows],
            marker="o", color=COLORS[name], label=name,
        )  # fmt: skip
    ax.set(xlabel="thousand tokens read", ylabel="bits per byte, validation")
    ax.legend()
    show(fig)


def ranking(scores: Mapping[str, float], title: str, xlabel: str) -> None:
    """Draw named scores as bars, the best (smallest) on top; networks in their own color."""
    fig, ax = figure(6.8, 0.42 * len(scores) + 1.1, title=title)
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    for row, (name, score) in enumerate(ordered):
        meaning = next(
            (kind for kind in ("transformer", "lstm", "gram") if kind in name.lower()), ""
        )
        color = COLORS[{"gram": "ngram", "": "baseline"}.get(meaning, meaning)]
        ax.barh(row, score, color=color, height=0.62)
        ax.text(score, row, f" {score:.2f}", va="center")
    ax.set_yticks(range(len(ordered)), [name for name, _ in ordered])
    ax.set_xlabel(xlabel)
    ax.margins(x=0.12)
    show(fig)


def intervals(rows: Mapping[str, tuple[float, float, float]], title: str) -> None:
    """Draw accuracies (score, low, high) as dots with their 95 % intervals."""
    fig, ax = figure(6.8, 0.45 * len(rows) + 1.2, title=title)
    names = list(rows)[::-1]
    for row, name in enumerate(names):
        score, low, high = rows[name]
        color = COLORS["transformer" if name in ("Read first", "From scratch") else "baseline"]
        ax.plot([low, high], [row, row], color=color, lw=3)
        ax.plot(score, row, "o", ms=9, color=color)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="accuracy on the test reviews, with 95 % interval", ylim=(-0.6, len(rows) - 0.4))
    ax.grid(axis="x")
    show(fig)
