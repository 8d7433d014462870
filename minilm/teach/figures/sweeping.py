"""The pictures of chapter 45, first half: landscapes, seeds, sweeps and widths."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from minilm.teach.style import COLORS, INK, MUTED, colormap, figure, show

Row = Mapping[str, Any]
OUTSIDE: Any = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
WAYS = {
    "standard": "one rate of AdamW for all",
    "mup": "AdamW, rates by muP",
    "muon": "Muon inside, muP around it",
    "muon alone": "Muon inside, no rule for widths",
}


def shades(n: int, meaning: str = "transformer") -> list[Any]:
    """Return n colors of one meaning, from light to full."""
    return [colormap(meaning)(share) for share in np.linspace(0.28, 1.0, n)]


def landscape(rates: Sequence[float], decays: Sequence[float], losses: Any) -> None:
    """Draw the loss over two settings as colored cells with numbers."""
    fig, ax = figure(8.6, 2.9, title="Which of the two settings matters?")
    values = np.asarray(losses)
    middle = (values.min() + values.max()) / 2
    faint = values.max() + 0.2 * np.ptp(values)  # so that the worst cell is not the card's white
    ax.imshow(
        -values, cmap=colormap("transformer"), aspect="auto", origin="lower",
        vmin=-faint, vmax=-values.min(),
    )  # fmt: skip
    for (row, column), value in np.ndenumerate(values):
        color = "white" if value < middle else INK
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=color, fontsize=8.5)
    ax.set_xticks(range(len(rates)), [f"{rate:.2g}" for rate in rates])
    ax.set_yticks(range(len(decays)), [f"{decay:.2g}" for decay in decays])
    ax.set(xlabel="learning rate", ylabel="weight decay")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    show(fig)


def u_curves(
    rates: Sequence[float], curves: Mapping[str, Any], margin: float, frequencies: float
) -> None:
    """Draw losses over the learning rate, each with its floor: all within a margin of its best.

    `curves` holds (seeds, rates) losses: a dot for each run, a line through the means.
    `frequencies` is the loss of a model that knows only how frequent each byte is.
    """
    fig, ax = figure(7.6, 3.2, title="How wide is the floor of the learning rate?", grid=True)
    fine = np.geomspace(rates[0], rates[-1], 400)
    ax.axhline(frequencies, color=MUTED, lw=1.2, ls=(0, (4, 3)), label="knows only frequencies")
    level = min(np.mean(runs, axis=0).min() for runs in curves.values())
    for (name, runs), meaning in zip(curves.items(), ("transformer", "negative"), strict=True):
        losses = np.mean(runs, axis=0)
        ax.plot(rates, losses, color=COLORS[meaning], label=name)
        for of_seed in runs:
            ax.plot(rates, of_seed, "o", ms=4, color=COLORS[meaning], alpha=0.6)
        line = np.interp(np.log(fine), np.log(rates), losses)
        floor = fine[line <= min(losses) + margin]
        level -= 0.16
        ax.plot([floor[0], floor[-1]], [level, level], color=COLORS[meaning], lw=6, alpha=0.45)
    ax.set(xscale="log", xlabel="learning rate", ylabel="bits per byte, unseen text")
    ax.legend(**OUTSIDE, title=f"bars: within {margin:g} of the best", alignment="left")
    show(fig)


def two_searches(
    rates: Sequence[float], decays: Sequence[float], losses: Any, picks: Mapping[str, Any]
) -> None:
    """Draw nine tries of a grid and nine at random over the landscape, and their shadows below.

    `picks` holds (n, 2) arrays of learning rate and weight decay.
    """
    fig, axes = figure(
        8.8, 3.6, rows=2, columns=2, sharex=True, height_ratios=[4, 1],
        title="Nine runs: how many learning rates does each search try?",
    )  # fmt: skip
    for column, (name, points) in enumerate(picks.items()):
        above, below = axes[0, column], axes[1, column]
        above.contourf(rates, decays, -np.asarray(losses), levels=12, cmap=colormap("transformer"))
        above.plot(points[:, 0], points[:, 1], "o", color=COLORS["highlight"], mec=INK, ms=7)
        above.set(xscale="log", yscale="log", title=name)
        below.plot(rates, np.mean(losses, axis=0), color=COLORS["transformer"])
        curve = np.interp(np.log(points[:, 0]), np.log(rates), np.mean(losses, axis=0))
        below.plot(points[:, 0], curve, "o", color=COLORS["highlight"], mec=INK, ms=5)
        below.set(xlabel="learning rate", yticks=[])
    axes[0, 0].set_ylabel("weight decay")
    axes[1, 0].set_ylabel("loss")
    show(fig)


def found(best: Mapping[str, Any], floor: float) -> None:
    """Draw how good the best run of a search is, over many searches."""
    fig, ax = figure(6.8, 2.6, title="How good is the best of nine runs?")
    top = max(float(np.max(losses)) for losses in best.values())
    bins = np.linspace(floor, top, 36).tolist()
    for (name, losses), meaning in zip(best.items(), ("baseline", "transformer"), strict=True):
        ax.hist(losses, bins, color=COLORS[meaning], alpha=0.65, label=name)
    ax.set(xlabel="bits per byte of the best run", ylabel="searches", yticks=[])
    ax.legend()
    show(fig)


def seeds(runs: Mapping[str, Sequence[float]]) -> None:
    """Draw one dot a seed for each setting, the mean, and two standard errors to its sides."""
    height = 1.1 + 0.5 * len(runs)
    fig, ax = figure(7.4, height, title="How far apart are runs that differ in nothing but chance?")
    for place, (_, losses) in enumerate(runs.items()):
        mean = np.mean(losses)
        error = 2 * np.std(losses, ddof=1) / len(losses) ** 0.5
        ax.plot([mean - error, mean + error], [place, place], color=COLORS["highlight"], lw=8,
                label="two standard errors")  # fmt: skip
        ax.plot(losses, [place] * len(losses), "o", color=COLORS["transformer"], alpha=0.6,
                label="one seed")  # fmt: skip
        ax.plot([mean], [place], "|", color=INK, ms=16, mew=2, label="their mean")
    ax.set_yticks(range(len(runs)), list(runs))
    ax.set(xlabel="bits per byte, unseen text", ylim=(-0.6, len(runs) - 0.4))
    legend_once(ax)
    show(fig)


def sweep_curves(trials: Sequence[Any]) -> None:
    """Draw what each trial reported, and how many steps each learning rate was given."""
    fig, axes = figure(
        8.8, 3.2, columns=2, title="What did the sweep spend its steps on?", grid=True
    )
    curves, spent = axes
    best = min((t for t in trials if t.state.name == "COMPLETE"), key=lambda trial: trial.value)
    for trial in sorted(trials, key=lambda trial: trial is best):
        steps, scores = zip(*sorted(trial.intermediate_values.items()), strict=True)
        pruned = trial.state.name == "PRUNED"
        meaning = "highlight" if trial is best else "negative" if pruned else "baseline"
        look: Any = {"color": COLORS[meaning], "lw": 3 if trial is best else 1.4}
        label = "the best" if trial is best else "pruned" if pruned else "to the end"
        curves.plot(steps, scores, marker="o", ms=3.5, label=label, **look)
        rate = trial.params["learning_rate"]
        spent.plot([rate, rate], [0, steps[-1]], **look)
        spent.plot(rate, steps[-1], "o", color=look["color"], ms=6, label=label)
    curves.set(xlabel="step", ylabel="bits per byte, unseen text")
    spent.set(xscale="log", xlabel="learning rate", ylabel="steps spent", ylim=(0, None))
    legend_once(spent)
    show(fig)


def legend_once(ax: Axes, **more: Any) -> None:
    """Put a legend beside the axes, each name once."""
    handles, labels = ax.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    ax.legend(list(unique.values()), list(unique), **OUTSIDE, **more)


def coordinates(moved: Mapping[str, Mapping[str, Sequence[float]]], widths: Sequence[int]) -> None:
    """Draw how far each part has moved against the width, one panel a way to choose rates."""
    fig, axes = figure(
        9.6, 3.3, columns=len(moved), sharey=True,
        title="Three steps of training: whose outputs move farther when the model is wider?",
    )  # fmt: skip
    meanings = {"embedding": "embedding", "attention": "attention", "feedforward": "feedforward",
                "logits": "highlight"}  # fmt: skip
    for ax, (way, parts) in zip(axes, moved.items(), strict=True):
        for part, values in parts.items():
            kind = part.split(".")[-1]
            label = None if part.startswith("blocks.1") else kind
            ax.plot(widths, values, marker="o", ms=4, color=COLORS[meanings[kind]], label=label)
        ax.set(xscale="log", yscale="log", xlabel="width", title=WAYS[way])
        ax.set_xticks(widths, [str(width) for width in widths])
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0].set_ylabel("root mean square of the change")
    axes[-1].legend(**OUTSIDE)
    show(fig)


def best_rates(runs: Sequence[Row], ways: Sequence[str], title: str) -> None:
    """Draw the loss over the learning rate, one curve a width, its lowest point marked."""
    fig, axes = figure(
        3.3 * len(ways) + 1.2, 3.3, columns=len(ways), sharey=True, squeeze=False, title=title
    )
    widths = sorted({row["d_model"] for row in runs})
    for ax, way in zip(axes[0], ways, strict=True):
        for width, color in zip(widths, shades(len(widths)), strict=True):
            points = sorted(
                (row["learning_rate"], row["loss"])
                for row in runs
                if row["way"] == way and row["d_model"] == width
            )
            rates, losses = zip(*points, strict=True)
            ax.plot(rates, losses, color=color, label=f"width {width}")
            low = int(np.argmin(losses))
            ax.plot(
                rates[low], losses[low], "o", color=COLORS["highlight"], mec=INK, ms=7, zorder=3
            )
        whose = "Muon's learning rate" if way == "muon" else "learning rate"
        ax.set(xscale="log", xlabel=whose, title=WAYS[way], ylim=(1.9, 3.2))
    axes[0, 0].set_ylabel("nats per byte, unseen text")
    axes[0, -1].legend(**OUTSIDE)
    show(fig)
