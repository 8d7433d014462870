"""The map of the transformer, which chapter 33 draws and later chapters light up where they work.

T position, D d_model, V vocab_size
"""

from collections.abc import Collection
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from minilm.model.transformer import TransformerConfig
from minilm.teach.style import CARD, COLORS, INK, MUTED, arrow, blank, box, figure, show

STREAM, BRANCH = 1.0, 2.75  # the heights of the stream and of the boxes beside it
PLUS = {"attention": 6.35, "feed-forward": 9.7}  # where each branch comes back to the stream
PARTS = ("embedding", "norm", "attention", "rotary", "cache", "feed-forward", "head", "stream")


def model_map(config: TransformerConfig | None = None, highlight: Collection[str] = ()) -> None:
    """Show the way of a text through a transformer, with a light on the parts in `highlight`.

    With a `config`, the boxes carry that model's sizes. The parts are "embedding", "norm",
    "attention", "rotary", "cache", "feed-forward", "head" and "stream".
    """
    if unknown := set(highlight) - set(PARTS):
        raise ValueError(f"the map has no {', '.join(sorted(unknown))}; it has {', '.join(PARTS)}")
    lit = f" The light is on {', '.join(highlight)}." if highlight else ""
    words = (
        "The map of a transformer: ids, embedding, a stream into which each block's attention and"
        f" feed-forward layer write, norm, head, scores.{lit}"
    )
    show(draw_map(config, highlight), alt=words)


def draw_map(config: TransformerConfig | None = None, highlight: Collection[str] = ()) -> Figure:
    """Draw the map from left to right: the stream below, the branches above it."""
    fig, ax = figure(10.0, 3.5, title="From ids to scores: one stream, and what writes into it")
    blank(ax, 15.4, 4.5)
    n_layers = config.n_layers if config else "n"
    width = config.d_model if config else "D"
    vocabulary = f"{config.vocab_size:,}" if config else "V"
    card = FancyBboxPatch(
        (3.3, 0.4), 7.1, 3.95, boxstyle="round,pad=0,rounding_size=0.25", fc="#F1EEE6", ec=MUTED,
        lw=1.0, ls=":",
    )  # fmt: skip
    ax.add_patch(card)
    ax.text(10.2, 4.05, f"block, {n_layers} times", ha="right", va="center", color=MUTED)
    _stream(ax, 3.0, 11.25, lit="stream" in highlight)
    ax.text(3.45, STREAM - 0.32, f"the residual stream, {width} numbers for each token",
            fontsize=8.5, color=MUTED, va="center")  # fmt: skip
    ax.text(0.45, STREAM, "ids\n(T,)", ha="center", va="center")
    arrow(ax, (0.85, STREAM), (1.25, STREAM))
    _part(ax, 2.1, STREAM, f"embedding\n{vocabulary} × {width}", "embedding", highlight, 1.7)
    _branch(ax, "attention", 4.35, 5.9, highlight)
    _branch(ax, "feed-forward", 7.5, 9.15, highlight)
    for x, name, y in [(5.15, "rotary", 3.95), (6.45, "cache", 3.95)]:
        _note(ax, x, y, name, name in highlight)
        arrow(ax, (x, y - 0.2), (5.6 if name == "rotary" else 6.2, BRANCH + 0.38))
    _part(ax, 11.7, STREAM, "norm", "norm", highlight, 0.9)
    arrow(ax, (12.15, STREAM), (12.5, STREAM))
    _part(ax, 13.3, STREAM, f"head\n{width} × {vocabulary}", "head", highlight, 1.6)
    arrow(ax, (14.1, STREAM), (14.45, STREAM))
    ax.text(14.95, STREAM, "scores\n(T, V)", ha="center", va="center")
    if config is None or config.tie_embeddings:
        look: Any = {"color": COLORS["embedding"], "lw": 1.2, "ls": (0, (4, 3))}
        ax.plot([2.1, 2.1, 13.3, 13.3], [0.6, 0.08, 0.08, 0.6], **look)
        ax.text(11.9, 0.2, "one matrix", ha="center", fontsize=8.5, color=MUTED)
    return fig


def _stream(ax: Axes, start: float, stop: float, *, lit: bool) -> None:
    """Draw the stream from `start` to `stop`, and the places where a branch is added to it."""
    color = COLORS["highlight"] if lit else COLORS["residual"]
    ax.plot([start, stop - 0.1], [STREAM, STREAM], lw=5, color=color, solid_capstyle="butt")
    for x in PLUS.values():
        ax.add_patch(Circle((x, STREAM), 0.2, fc="white", ec=COLORS["residual"], lw=1.6, zorder=3))
        ax.text(x, STREAM - 0.015, "+", ha="center", va="center", fontsize=12, zorder=4)


def _branch(ax: Axes, name: str, norm: float, layer: float, highlight: Collection[str]) -> None:
    """Draw a branch: up from the stream through a norm and the layer, and back down by a plus."""
    left, plus = norm - 0.62, PLUS[name]
    ax.plot([left, left], [STREAM, BRANCH], lw=1.4, color=MUTED)
    arrow(ax, (left, BRANCH), (norm - 0.4, BRANCH))
    _part(ax, norm, BRANCH, "norm", "norm", highlight, 0.8)
    arrow(ax, (norm + 0.4, BRANCH), (layer - 0.75, BRANCH))
    _part(ax, layer, BRANCH, name, name, highlight, 1.5)
    arrow(ax, (plus, BRANCH - 0.36), (plus, STREAM + 0.2), color=_color(name))


def _part(
    ax: Axes, x: float, y: float, text: str, name: str, highlight: Collection[str], width: float
) -> None:
    """Draw one part, with a glow behind it when it is lit."""
    if name in highlight:
        style = "round,pad=0.12,rounding_size=0.25"
        glow = FancyBboxPatch((x - width / 2, y - 0.36), width, 0.72, boxstyle=style,
                              fc=COLORS["highlight"], ec="none")  # fmt: skip
        ax.add_patch(glow)
    ground = FancyBboxPatch((x - width / 2, y - 0.36), width, 0.72, fc=CARD, ec="none",
                            boxstyle="round,pad=0,rounding_size=0.18")  # fmt: skip
    ax.add_patch(ground)
    box(ax, x, y, text, width=width, height=0.72, color=_color(name))


def _note(ax: Axes, x: float, y: float, name: str, lit: bool) -> None:
    """Name something that attention uses; lit, it stands on a yellow ground."""
    ground: Any = {"boxstyle": "round,pad=0.25", "fc": COLORS["highlight"], "ec": "none"}
    ax.text(x, y, name, ha="center", va="center", fontsize=9, color=INK if lit else MUTED,
            bbox=ground if lit else None)  # fmt: skip


def _color(name: str) -> str:
    """Return the color of a part; what is not one of the three has that of the stream."""
    meanings = {"head": "embedding", "feed-forward": "feedforward"}
    return COLORS.get(meanings.get(name, name), COLORS["residual"])
