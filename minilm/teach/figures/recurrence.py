"""The pictures of chapter 31: what is carried from step to step, and what reaches back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from minilm.teach.style import CARD, COLORS, INK, MUTED, arrow, blank, box, colormap, figure, show

MEANINGS = {"rnn": "baseline", "gru": "query", "lstm": "lstm"}


def _kind(name: str) -> str:
    """Return the cell that a name begins with: "LSTM, bias 3" is an "lstm"."""
    return next((kind for kind in MEANINGS if name.lower().startswith(kind)), "")


def _color(name: str) -> str:
    return COLORS[MEANINGS.get(_kind(name), "transformer")]


def unrolled(letters: Sequence[str]) -> None:
    """Draw one cell at every position: the same weights, and the state that goes from one on."""
    n = len(letters)
    fig, ax = figure(7.4, 2.9, title="The same cell at every step; only the state moves on")
    blank(ax, 2 * n + 1.2, 4.2)
    for step, letter in enumerate(letters):
        x = 1.3 + 2 * step
        box(ax, x, 0.5, letter, width=0.9, height=0.6, color=COLORS["embedding"])
        box(ax, x, 2.0, "cell", width=1.15, height=0.8, color=COLORS["lstm"])
        box(ax, x, 3.6, f"h{step + 1}", width=0.9, height=0.6, color=COLORS["residual"])
        arrow(ax, (x, 0.85), (x, 1.55), color=COLORS["embedding"])
        arrow(ax, (x, 2.45), (x, 3.25), color=COLORS["residual"])
        start = (x - 1.4, 2.0) if step else (0.1, 2.0)
        arrow(ax, (start[0], 2.0), (x - 0.62, 2.0), color=COLORS["lstm"])
    ax.text(0.05, 2.25, "h0", color=COLORS["lstm"])
    show(fig)


def reach(
    panels: Mapping[str, Mapping[str, Sequence[float]]], title: str, low: float = 1e-12
) -> None:
    """Draw the size of the gradient against distance: a panel for each setting, a line each."""
    fig, axes = figure(
        3.7 * len(panels) + 1.6, 3.2, columns=len(panels), title=title, sharey=True, squeeze=False
    )
    for ax, (name, lines) in zip(axes[0], panels.items(), strict=True):
        for place, (line, values) in enumerate(lines.items()):
            shade = place / max(1, len(lines) - 1)
            color = _color(line) if _kind(line) else colormap("negative")(0.35 + 0.65 * shade)
            seen = [value if value > low else np.nan for value in values]
            ax.plot(range(len(seen)), seen, color=color, label=line)
        longest = max(len(values) for values in lines.values())
        ax.set(yscale="log", xlabel="steps back", xlim=(-4, longest + 3))
        ax.set_ylim(low, None)
        ax.grid(axis="y")
        ax.set_title(name)
    axes[0][0].set_ylabel("size of the gradient")
    axes[0][-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def cliff(weights: Sequence[float], losses: Sequence[float], steps: Mapping[str, float]) -> None:
    """Draw a loss over one recurrent weight, from afar and near, and where a step would lead."""
    fig, (far, near) = figure(8.4, 3.0, columns=2, title="What is one step worth at a cliff?",
                              grid=True)  # fmt: skip
    far.plot(weights, losses, color=COLORS["residual"])
    for (name, place), meaning in zip(steps.items(), ("highlight", "value"), strict=True):
        height = float(np.interp(place, weights, losses))
        far.plot(place, height, "o", ms=8, color=COLORS[meaning], label=name)
    far.yaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g}")
    far.set(xlabel="recurrent weight, u", ylabel="loss, millions")
    low = [(weight, loss) for weight, loss in zip(weights, losses, strict=True) if loss < 12]
    near.plot(*zip(*low, strict=True), color=COLORS["residual"])
    near.set(xlabel="recurrent weight, u", ylabel="loss", ylim=(-0.4, 10))
    far.legend(loc="upper left")
    show(fig)


def scores(rows: Mapping[str, float], chance: float, title: str) -> None:
    """Draw the share of right answers of each player, and what chance would give."""
    fig, ax = figure(6.6, 0.42 * len(rows) + 1.1, title=title)
    names = list(rows)[::-1]
    ax.barh(range(len(rows)), [rows[name] for name in names], 0.62,
            color=[_color(name) for name in names])  # fmt: skip
    ax.set_yticks(range(len(rows)), names)
    for place, name in enumerate(names):
        ax.text(rows[name] + 0.015, place, f"{rows[name]:.2f}", va="center", fontsize=9)
    ax.axvline(chance, color=MUTED, lw=1.2, ls=(0, (4, 3)))
    ax.text(chance + 0.01, len(rows) - 0.42, "chance", fontsize=8.5, color=MUTED)
    ax.set(xlim=(0, 1.12), xlabel="right answers", ylim=(-0.6, len(rows) - 0.1))
    show(fig)


def clocks(rows: Mapping[str, Sequence[float]], practised: int) -> None:
    """Draw the share of right answers at each distance, a row for each player."""
    fig, ax = figure(8.4, 0.42 * len(rows) + 1.2,
                     title=f"Practised at {practised} digits: right at which others?")  # fmt: skip
    image = ax.imshow(np.array(list(rows.values())), cmap=colormap("value"), vmin=0, vmax=1,
                      aspect="auto", interpolation="nearest",
                      extent=(0.5, len(next(iter(rows.values()))) + 0.5, len(rows), 0))  # fmt: skip
    for y in range(1, len(rows)):
        ax.axhline(y, color=CARD, lw=4)
    ax.axvspan(practised - 0.5, practised + 0.5, fc="none", ec=COLORS["highlight"], lw=2)
    ax.set_yticks(np.arange(len(rows)) + 0.5, list(rows))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="digits between letter and question (framed: practised)")
    fig.colorbar(image, ax=ax, label="right", ticks=[0, 0.5, 1], pad=0.01)
    show(fig)


def answers(table: Tensor, letters: Sequence[str], title: str) -> None:
    """Draw which letter was shown and which was answered, as shares of each row."""
    fig, ax = figure(3.9, 3.3, title=title)
    ax.imshow(table.numpy(), cmap=colormap("negative"), vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(table.numpy()):
        color = "white" if value > 0.6 else INK
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=color, fontsize=9)
    ax.set_xticks(range(len(letters)), list(letters))
    ax.set_yticks(range(len(letters)), list(letters))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="answered", ylabel="shown")
    show(fig)


def memories(panels: Mapping[str, Mapping[str, Sequence[float]]], title: str) -> None:
    """Draw one number of the state over time: a line for each letter that was to be kept."""
    fig, axes = figure(3.7 * len(panels), 2.8, columns=len(panels), title=title, squeeze=False)
    colors = [COLORS[m] for m in ("query", "key", "value", "highlight")]
    for ax, (name, lines) in zip(axes[0], panels.items(), strict=True):
        for (letter, values), color in zip(lines.items(), colors, strict=True):
            ax.plot(values, color=color, label=letter)
        ax.axhline(0, color=MUTED, lw=0.7)
        ax.set(xlabel="step")
        ax.set_title(name)
    axes[0][0].set_ylabel("one number of the state")
    axes[0][-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="shown")
    show(fig)


def strip(text: str, values: Sequence[float], title: str, per_line: int = 62) -> None:
    """Write a text with each letter on the color of a value, low to high."""
    lines = [text[start : start + per_line] for start in range(0, len(text), per_line)]
    fig, ax = figure(8.2, 0.42 * len(lines) + 0.7, title=title)
    low, high = float(np.min(values)), float(np.max(values))
    colors = colormap("lstm")
    mono: Any = {"family": "DejaVu Sans Mono", "fontsize": 9, "parse_math": False}
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            share = (float(values[row * per_line + column]) - low) / max(high - low, 1e-9)
            ax.add_patch(_cell(column, len(lines) - 1 - row, colors(share)))
            ax.text(column + 0.5, len(lines) - 0.5 - row, letter, ha="center", va="center", **mono)
    blank(ax, per_line, len(lines))
    show(fig)


def _cell(x: float, y: float, color: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y + 0.06), 1, 0.88, fc=color, ec="none")


def times(lengths: Sequence[int], milliseconds: Mapping[str, Sequence[float]], title: str) -> None:
    """Draw how long one reading takes against the length of the text."""
    fig, ax = figure(6.8, 3.0, title=title, grid=True)
    for name, values in milliseconds.items():
        ax.plot(lengths, values, marker="o", color=_color(name), label=name)
    ax.set(xscale="log", yscale="log", xlabel="tokens in the text, T", ylabel="milliseconds")
    ax.set_xticks(lengths, [str(length) for length in lengths])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)
