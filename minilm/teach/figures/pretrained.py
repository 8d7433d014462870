"""The pictures of chapter 36: the bytes of a model, and what goes on inside it."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from minilm.teach.style import CARD, COLORS, INK, MUTED, blank, box, figure, heatmap, show

Field = tuple[str, int, str]  # what some bytes are, how many they are, the color's meaning


def bytes_in_fields(
    data: bytes, fields: Sequence[Field], title: str, texts: Sequence[str] = (), per_row: int = 16
) -> None:
    """Draw bytes as boxes, colored by their field; those of the fields in `texts` are letters."""
    n_rows = -(-len(data) // per_row)
    fig, ax = figure(7.6, 0.52 * n_rows + 1.0, title=title)
    blank(ax, per_row, n_rows + 0.9)
    place = 0
    for index, (name, n_bytes, meaning) in enumerate(fields):
        for _ in range(n_bytes):
            x, y = place % per_row + 0.5, n_rows - place // per_row + 0.4
            byte = data[place]
            text = chr(byte) if name in texts else str(byte)
            box(ax, x, y, text, width=0.92, height=0.84, color=COLORS[meaning])
            place += 1
        x = index * per_row / len(fields)
        ax.plot([x + 0.1], [0.32], "s", color=COLORS[meaning], markersize=8)
        ax.text(x + 0.35, 0.32, name, va="center", fontsize=9)
    show(fig)


def parameters(groups: Mapping[str, int], colors: Mapping[str, str], title: str) -> None:
    """Draw where a model's numbers are: a bar for each part, in millions."""
    fig, ax = figure(7.2, 0.42 * len(groups) + 0.9, title=title)
    names, counts = list(groups), [count / 1e6 for count in groups.values()]
    ax.barh(names, counts, color=[COLORS[colors[name]] for name in names], height=0.66)
    for y, count in enumerate(counts):
        number = f"{count:.1f} M ({count / sum(counts):.0%})"
        number = number if count > 0.1 else f"{count * 1e6:,.0f}"
        ax.text(count + 0.8, y, number, va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel="million parameters", xlim=(0, max(counts) * 1.22))
    ax.tick_params(axis="y", length=0)
    show(fig)


def block_of_weights(numbers: Sequence[float], scale: float, offset: float) -> None:
    """Draw the 32 numbers of one block on the 16 levels that it can express."""
    fig, ax = figure(7.4, 3.0, title="Which values can the weights of one block take?")
    levels = [scale * level + offset for level in range(16)]
    ax.hlines(levels, -0.7, 31.7, color=MUTED, lw=0.6, alpha=0.5)
    ax.vlines(range(32), 0, numbers, color=COLORS["transformer"], lw=1.2)
    ax.plot(range(32), numbers, "o", color=COLORS["transformer"], markersize=5)
    ax.axhline(0, color=INK, lw=0.8)
    ax.set(xlabel="place in the block", ylabel="weight", xlim=(-0.7, 31.7))
    show(fig, "32 numbers, each on one of 16 equally spaced lines")


def mistakes(losses: Mapping[str, float], right: float, chance: float) -> None:
    """Draw the loss under each mistake in loading, beside the right load and a blind guess."""
    fig, ax = figure(7.4, 0.44 * len(losses) + 1.0, title="How much does each mistake cost?")
    names, values = list(losses), list(losses.values())
    colors = [COLORS["transformer" if value <= right else "negative"] for value in values]
    ax.barh(names, values, color=colors, height=0.62)
    for y, value in enumerate(values):
        ax.text(value + 0.15, y, f"{value:.2f}", va="center", fontsize=9)
    ax.axvline(chance, color=MUTED, lw=1.2, ls="--")
    ax.text(chance + 0.1, -0.75, "a blind guess", color=MUTED, fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel="loss, nats per token", xlim=(0, max(*values, chance) * 1.12))
    ax.tick_params(axis="y", length=0)
    show(fig)


def bars_of_bits(bits: Mapping[str, float], title: str) -> None:
    """Draw bits per byte, the model beside a program that compresses files."""
    fig, ax = figure(7.0, 0.4 * len(bits) + 0.9, title=title)
    names, values = list(bits), list(bits.values())
    kinds = ["baseline" if "gzip" in name else "transformer" for name in names]
    ax.barh(names, values, color=[COLORS[kind] for kind in kinds], height=0.64)
    for y, value in enumerate(values):
        ax.text(value + 0.04, y, f"{value:.2f}", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel="bits per byte", xlim=(0, max(values) * 1.12))
    ax.tick_params(axis="y", length=0)
    show(fig)


def heads_by_score(scores: Mapping[str, Tensor], title: str) -> None:
    """Draw a score of every head, layers downwards and heads across, one map for each score."""
    fig, axes = figure(2.4 * len(scores) + 0.6, 5.0, columns=len(scores), title=title, sharey=True)
    for ax, (name, score) in zip(axes, scores.items(), strict=True):
        heatmap(ax, score, digits=None, high=1.0, meaning="query")
        best = int(score.argmax())
        row, column = divmod(best, score.shape[1])
        ax.text(column, row, f"{float(score.max()):.2f}".lstrip("0"), ha="center", va="center",
                color=CARD, fontsize=7)  # fmt: skip
        ax.set_title(f"{name}\nbest: head {row}.{column}")
        ax.set_xticks(range(score.shape[1]), [str(i) for i in range(score.shape[1])])
        ax.set_xlabel("head")
    axes[0].set_yticks(range(0, 30, 5), [str(i) for i in range(0, 30, 5)])
    axes[0].set_ylabel("layer")
    show(fig, title)


def patterns(weights: Mapping[str, Tensor], title: str) -> None:
    """Draw the weights (T, T) of a few heads on a text too long for labels."""
    fig, axes = figure(2.7 * len(weights), 3.1, columns=len(weights), title=title)
    for ax, (name, one) in zip(axes, weights.items(), strict=True):
        heatmap(ax, one, digits=None, high=1.0)
        ticks = range(0, len(one), 25)
        ax.set_xticks(ticks, [str(t) for t in ticks])
        ax.set_yticks(ticks, [str(t) for t in ticks])
        ax.set_title(name)
        ax.set_xlabel("position looked at")
    axes[0].set_ylabel("position that looks")
    show(fig, title)


def knocked_out(rates: Mapping[str, float], title: str) -> None:
    """Draw the share of tokens copied rightly, with different heads silenced."""
    fig, ax = figure(7.2, 0.44 * len(rates) + 0.9, title=title)
    names, values = list(rates), list(rates.values())
    chosen = ["without" in name and "random" not in name for name in names]
    colors = ["attention" if one else "baseline" for one in chosen]
    ax.barh(names, values, color=[COLORS[color] for color in colors], height=0.62)
    for y, value in enumerate(values):
        ax.text(value + 0.012, y, f"{value:.0%}", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel="repeated tokens predicted rightly", xlim=(0, 1.1))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.tick_params(axis="y", length=0)
    show(fig, title)


def lens(
    pieces: Sequence[str], layers: Sequence[int], best: Sequence[Sequence[str]], sure: Tensor
) -> None:
    """Draw what the model would say after each layer: the best token, the darker the surer."""
    fig, ax = figure(
        1.02 * len(pieces) + 0.9,
        0.3 * len(layers) + 1.2,
        title="What would it say after each layer?",
    )
    heatmap(ax, sure, digits=None, high=1.0, meaning="transformer", columns=list(pieces))
    for (row, column), value in np.ndenumerate(sure.numpy()):
        color = CARD if value > 0.6 else INK
        text = best[row][column].strip() or "␣"
        ax.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    ax.set_yticks(range(len(layers)), [str(layer) for layer in layers])
    ax.xaxis.tick_top()
    ax.set_ylabel("layers passed")
    show(fig, "After each layer, the most probable next token at every position")


def lengths(first: Sequence[float], others: Tensor) -> None:
    """Draw the length of the residual stream through the layers; others: (layers + 1, T - 1)."""
    fig, ax = figure(7.2, 3.3, title="How long is the residual stream?", grid=True)
    layers = np.arange(len(first))
    ax.fill_between(layers, others.amin(1), others.amax(1), color=COLORS["residual"], alpha=0.2,
                    lw=0)  # fmt: skip
    ax.plot(layers, others.mean(1), color=COLORS["residual"])
    ax.plot(layers, first, color=COLORS["negative"])
    ax.set_yscale("log")
    ax.text(len(first) - 9, float(first[-9]) * 1.35, "the first token", color=COLORS["negative"])
    ax.text(len(first) - 9, 85, "all others: mean and range", color=COLORS["residual"])
    ax.set(xlabel="layers passed", ylabel="length (log scale)", xlim=(0, len(first) - 1))
    show(fig, "The first token's vector is a hundred times as long as all others")
