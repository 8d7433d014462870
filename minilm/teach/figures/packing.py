"""The pictures of chapter 24: rows, masks, and what each way of filling rows is worth."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from minilm.prepare.packing import Plan
from minilm.teach.style import CARD, COLORS, GRID, INK, MUTED, figure, heatmap, show

WHOLE, LONG, CUT, EMPTY = COLORS["train"], COLORS["embedding"], COLORS["negative"], GRID
RANKS = ("query", "key", "value", "transformer", "lstm", "highlight", "valid", "embedding")
WAYS = {
    "padded": "baseline",
    "joined": "negative",
    "joined, across": "negative",
    "joined, inside": "lstm",
    "best fit, inside": "transformer",
}


def lengths(sizes: Sequence[int], contexts: Sequence[int]) -> None:
    """Draw how many documents have which length, and how many tokens lie in them."""
    fig, ax = figure(6.6, 2.9, title="How long is a document, and where do the tokens lie?")
    edges = np.geomspace(8, max(sizes) + 1, 28)
    values = np.asarray(sizes)
    for weights, meaning, label in (
        (np.full(len(values), 1 / len(values)), "train", "share of the documents"),
        (values / values.sum(), "valid", "share of the tokens"),
    ):
        ax.hist(values, edges, weights=weights, color=COLORS[meaning], alpha=0.55, label=label)
    for context in contexts:
        ax.axvline(context, color=MUTED, lw=1.2, ls=(0, (4, 3)))
        ax.text(context * 1.03, ax.get_ylim()[1] * 0.96, str(context), color=MUTED, va="top")
    ax.set(xscale="log", xlabel="tokens in a document", ylabel="share")
    ticks = [10, 30, 100, 300, 1000, 3000]
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def rows(plans: Mapping[str, Plan], title: str, most: int = 16) -> None:
    """Draw rows of each plan, evenly chosen: documents whole or cut, and the places left empty."""
    n = max(min(len(plan), most) for plan in plans.values())
    width = 3.9 * len(plans) if len(plans) > 1 else 6.2
    fig, axes = figure(
        width, 1.15 + 0.16 * n, columns=len(plans), title=title, squeeze=False
    )  # fmt: skip
    for ax, (name, plan) in zip(axes[0], plans.items(), strict=True):
        chosen = np.linspace(0, len(plan) - 1, min(len(plan), most)).round().astype(int)
        sizes = np.bincount(plan.pieces[:, 0], weights=plan.sizes)  # of each document
        for y, row in enumerate(chosen.tolist()):
            _row(ax, y, plan[row].tolist(), plan, sizes)
        ax.set(xlim=(0, plan.capacity), ylim=(n - 0.3, -0.7), yticks=[])
        ax.set_title(name if len(plans) > 1 else "")
        ax.set_xlabel("places in a row")
        ax.spines[:].set_visible(False)
    parts = {
        WHOLE: "whole document", LONG: "piece of a long one", CUT: "cut, and would have fitted",
        EMPTY: "empty",
    }  # fmt: skip
    fig.legend(
        handles=[Patch(color=color, label=label) for color, label in parts.items()],
        loc="outside lower center", ncols=4, fontsize=8.5,
    )  # fmt: skip
    show(fig)


def _row(ax: Axes, y: int, pieces: Iterable[Sequence[int]], plan: Plan, sizes: Any) -> None:
    """Draw one row as a strip of its pieces."""
    cut = set(plan.cut.tolist())
    ax.add_patch(Rectangle((0, y - 0.38), plan.capacity, 0.76, fc=EMPTY, ec="none"))
    place = 0
    for document, start, stop, _ in pieces:
        color = WHOLE
        if document in cut:
            color = CUT if sizes[document] <= plan.capacity else LONG
        ax.add_patch(Rectangle((place, y - 0.38), stop - start, 0.76, fc=color, ec=CARD, lw=0.8))
        place += stop - start


def chance_of_a_cut(sizes: Sequence[float], measured: Sequence[float], context: int) -> None:
    """Draw the share of documents that are cut against their length, beside (L - 1) / T."""
    fig, ax = figure(6.2, 2.9, title="Who is cut when documents are joined?", grid=True)
    line = np.arange(1, context + 1)
    ax.plot(line, (line - 1) / context, color=MUTED, lw=1.4, ls=(0, (4, 3)), label="(L − 1) / T")
    ax.scatter(sizes, measured, color=CUT, s=34, label="measured", zorder=3)
    ax.set(xlabel="length of a document, L", ylabel="share that is cut", ylim=(0, 1.03))
    ax.legend()
    show(fig)


def masks(values: Mapping[str, Any], labels: Sequence[str], title: str) -> None:
    """Draw masks (T, T) side by side: who may look at whom."""
    fig, axes = figure(3.6 * len(values), 3.5, columns=len(values), title=title, squeeze=False)
    for ax, (name, mask) in zip(axes[0], values.items(), strict=True):
        heatmap(ax, np.asarray(mask, dtype=float), rows=list(labels), columns=list(labels),
                digits=None, high=1.6)  # fmt: skip
        ax.set(title=name, ylabel="looks", xlabel="is looked at")
        for place in range(len(labels)):
            ax.axhline(place - 0.5, color=CARD, lw=0.7)
            ax.axvline(place - 0.5, color=CARD, lw=0.7)
    show(fig)


def learning(
    curves: Mapping[str, Sequence[Sequence[float]]], steps: Sequence[int], chance: float
) -> None:
    """Draw the right answers over training: a thin line for each seed, a thick one for all."""
    fig, ax = figure(7.2, 3.0, title="Who learns to remember the name?", grid=True)
    for name, runs in curves.items():
        color = COLORS[WAYS[name]]
        for run in runs:
            ax.plot(steps, run, color=color, lw=0.9, alpha=0.5)
        ax.plot(steps, np.median(runs, axis=0), color=color, lw=2.6, label=name)
    ax.axhline(chance, color=MUTED, lw=1.2, ls=(0, (4, 3)), label="a blind guess")
    ax.set(xlabel="step", ylabel="right names", ylim=(0, 1.03))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def seeds(results: Mapping[str, Sequence[float]], title: str) -> None:
    """Draw one dot for each seed, one line for each way, and the mean: bits per byte."""
    fig, ax = figure(7.0, 0.95 + 0.36 * len(results), title=title)
    for y, (name, values) in enumerate(results.items()):
        color = COLORS[WAYS.get(name, "transformer")]
        ax.plot(values, [y] * len(values), "o", color=color, ms=6.5, alpha=0.65)
        ax.plot([np.mean(values)] * 2, [y - 0.3, y + 0.3], color=INK, lw=1.6)
    ax.set_yticks(range(len(results)), list(results))
    ax.set(xlabel="bits per byte of documents read alone (less is better)")
    ax.set_ylim(len(results) - 0.4, -0.6)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)
    show(fig)


def reach(context: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw the loss against the number of tokens that each model may look back on."""
    fig, ax = figure(7.0, 2.9, title="How far back does the model look?", grid=True)
    for (name, losses), meaning in zip(curves.items(), ("baseline", "transformer"), strict=True):
        near = list(context).index(32) + 1
        level = losses[near - 1]
        ax.plot(context, losses, marker="o", ms=4, color=COLORS[meaning], label=name)
        ax.axhline(level, color=MUTED, lw=1.0, ls=(0, (4, 3)))
        above = np.maximum(losses[:near], level)
        ax.fill_between(context[:near], above, level, color=CUT, alpha=0.16, lw=0)
    ax.fill_between([], [], color=CUT, alpha=0.16, label="the price of a cut")
    ax.set(xscale="log", xlabel="tokens of the document before", ylabel="loss in nats per token")
    ticks = [1, 2, 4, 8, 16, 32, 64, 128]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def menu(orders: Mapping[str, Sequence[float]]) -> None:
    """Draw the longest document of each row in the order in which the rows are dealt."""
    fig, axes = figure(
        7.2, 2.5, columns=len(orders), title="What is on the table when?", sharey=True, grid=True
    )
    for ax, (name, values) in zip(axes, orders.items(), strict=True):
        ax.plot(values, ".", color=COLORS["train"], ms=3)
        ax.set(title=name, xlabel="row dealt")
    axes[0].set_ylabel("longest piece, tokens")
    show(fig)


def hands(turns: Sequence[Sequence[Sequence[int]]], world_sizes: Sequence[int]) -> None:
    """Draw which rank holds which place of the batch at each step; ranks come and go."""
    fig, ax = figure(7.0, 3.0, title="The same rows, in other hands")
    for step, ranks in enumerate(turns):
        place = 0
        for rank, rows_of_rank in enumerate(ranks):
            for row in rows_of_rank:
                color = COLORS[RANKS[rank % len(RANKS)]]
                ax.add_patch(Rectangle((step, place), 0.92, 0.92, fc=color, ec="none"))
                ax.text(step + 0.46, place + 0.46, str(row), ha="center", va="center", fontsize=7.5,
                        color=CARD)  # fmt: skip
                place += 1
        if step and world_sizes[step] != world_sizes[step - 1]:
            ax.axvline(step - 0.04, color=INK, lw=1.6, ls=(0, (2, 2)))
    ax.set(xlim=(0, len(turns)), ylim=(len(turns[0]) * len(turns[0][0]) + 0.1, -0.1))
    ax.set_xticks(
        [step + 0.46 for step in range(len(turns))],
        [f"step {step}\n{n} rank{'s' if n > 1 else ''}" for step, n in enumerate(world_sizes)],
    )
    ax.set(ylabel="place in the batch", yticks=[])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    show(fig)


def sizes(megabytes: Mapping[str, float], title: str, unit: str) -> None:
    """Draw sizes as bars with their numbers."""
    fig, ax = figure(6.4, 0.8 + 0.36 * len(megabytes), title=title)
    names, values = list(megabytes), list(megabytes.values())
    ax.barh(names, values, color=COLORS["train"], height=0.62)
    for y, value in enumerate(values):
        ax.text(value + max(values) * 0.012, y, f"{value:,.1f}", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel=unit, xlim=(0, max(values) * 1.12))
    ax.tick_params(axis="y", length=0)
    show(fig)
