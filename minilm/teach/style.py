"""How the course draws: one color per meaning, one card for every figure.

A color says the same thing in every chapter: a query has the same blue in the toy, in the heatmap
and in the exercise. The colors that meet in one picture stay apart for color-blind readers (a test
measures it), and every figure stands on an opaque off-white card, so that it reads on a dark page.
"""

import base64
import io
import sys
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

CARD = "#FBFAF6"
INK = "#26262B"
MUTED = "#77777F"
GRID = "#E4E2DA"

COLORS = {
    # inside attention
    "query": "#1F68B5",
    "key": "#D9571E",
    "value": "#34B57F",
    "residual": "#47474F",
    # parts of a transformer
    "embedding": "#63B7AF",
    "attention": "#3F55B5",
    "feedforward": "#B5651D",
    # parts of the data
    "train": "#4C9BD6",
    "valid": "#B8336A",
    "test": "#A3A536",
    # models that are compared
    "transformer": "#5A3E9B",
    "lstm": "#E39A0B",
    "ngram": "#1E7F72",
    "baseline": "#A8A8B0",
    # the branches of the tree (a decoder is the transformer)
    "encoder": "#D8752B",
    "encoder-decoder": "#12806C",
    # tokenizers that are compared (bytes and characters are the baseline)
    "bpe": "#2E86C7",
    "wordpiece": "#DE7F22",
    "unigram": "#6B2F8A",
    # optimizers that are compared
    "sgd": "#AEB4BB",
    "momentum": "#2B8CC4",
    "adamw": "#243F86",
    "lion": "#E5A11A",
    "muon": "#BE4580",
    # labels of a text
    "positive": "#1E8E9E",
    "negative": "#B23A2E",
    # where you are, what changed
    "highlight": "#F2B632",
}
"""The meaning -> its color, throughout the course."""

_RC: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that figures are equal everywhere
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": CARD,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.grid": False,
    "grid.color": GRID,
    "figure.facecolor": CARD,
    "savefig.facecolor": CARD,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "svg.fonttype": "path",
    "svg.hashsalt": "minilm",  # equal figures give equal files
}
_DPI = 144  # pixels per inch in the PNG; notebooks show it at two thirds, sharp on dense screens


def figure(
    width: float = 7.0,
    height: float = 3.2,
    *,
    rows: int = 1,
    columns: int = 1,
    title: str = "",
    grid: bool = False,
    **subplots: Any,
) -> tuple[Figure, Any]:
    """Start a figure on the course's card: (figure, axes), sizes in inches.

    `title` is the question that the figure answers, or its answer. With one row and one column the
    axes are one `Axes`, otherwise an array of them, as `Figure.subplots` returns it; `subplots`
    takes what that takes (`sharey=True`, `width_ratios=[2, 1]`).
    """
    matplotlib.rcParams.update(_RC)
    fig = Figure(figsize=(width, height), layout="constrained")
    axes = fig.subplots(rows, columns, **subplots)
    if title:
        fig.suptitle(title, x=0.012, ha="left", fontsize=11.5, fontweight="bold")
    if grid:
        for ax in fig.axes:
            ax.grid(axis="y")
            ax.set_axisbelow(True)
    return fig, axes


def show(fig: Figure, alt: str = "") -> None:
    """Show a figure once, in a notebook, and let go of it.

    `alt` is the picture in words, for those who cannot see it (default: the figure's title). It
    must not hold numbers that differ between machines: nbval compares it.
    """
    from IPython.display import display

    text = alt or _title(fig)
    width, height = (round(side * 96) for side in fig.get_size_inches())
    image = {"image/png": base64.b64encode(to_png(fig)).decode(), "text/plain": text}
    metadata = {"image/png": {"width": width, "height": height, "alt": text}}
    display(image, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
    if "matplotlib.pyplot" in sys.modules:  # otherwise the inline backend shows it a second time
        sys.modules["matplotlib.pyplot"].close(fig)


def to_png(fig: Figure) -> bytes:
    """Return the figure as the bytes of a PNG file; equal figures give equal bytes."""
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
    return file.getvalue()


def to_svg(fig: Figure, alt: str = "") -> str:
    """Return the figure as an `<svg>` element, to be put into a page: no prolog, no outside links.

    `alt` is read aloud by screen readers (default: the figure's title).
    """
    file = io.StringIO()
    fig.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = file.getvalue()
    label = escape(alt or _title(fig), quote=True)
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def colormap(meaning: str) -> LinearSegmentedColormap:
    """Return the colors from the card's white (zero) to the color of a meaning (the largest)."""
    return LinearSegmentedColormap.from_list(meaning, [CARD, COLORS[meaning]])


def heatmap(
    ax: Axes,
    values: Any,
    *,
    rows: list[str] | None = None,
    columns: list[str] | None = None,
    meaning: str = "query",
    digits: int | None = 2,
    low: float | None = 0.0,
    high: float | None = None,
) -> None:
    """Draw a matrix as colored cells with the numbers in them, rows downwards, labels around.

    values: (rows, columns), a tensor or an array. `digits=None` leaves the numbers out; a cell that
    is not finite (masked) stays empty. Color runs from `low` to `high` (default: the largest).
    """
    import numpy as np

    cells = np.asarray(values, dtype=float)
    finite = np.where(np.isfinite(cells), cells, np.nan)
    image = ax.imshow(finite, cmap=colormap(meaning), vmin=low, vmax=high, aspect="auto")
    if digits is not None:
        for (row, column), value in np.ndenumerate(finite):
            if np.isfinite(value):
                dark = float(image.norm(float(value))) > 0.6  # type: ignore[arg-type]
                text = f"{value:.{digits}f}"
                color = CARD if dark else INK
                ax.text(column, row, text, ha="center", va="center", color=color, fontsize=8.5)
    ax.set_xticks(range(cells.shape[1]), columns or [""] * cells.shape[1])
    ax.set_yticks(range(cells.shape[0]), rows or [""] * cells.shape[0])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def box(
    ax: Axes, x: float, y: float, text: str, *, width: float = 1.0, height: float = 0.5, color: str
) -> None:
    """Draw a rounded box with its text, centered at (x, y) in the axes' data units."""
    left, bottom = x - width / 2, y - height / 2
    style = f"round,pad=0,rounding_size={min(width, height) * 0.25}"
    tint = matplotlib.colors.to_rgba(color, 0.16)
    patch = FancyBboxPatch((left, bottom), width, height, boxstyle=style, fc=tint, ec=color, lw=1.4)
    ax.add_patch(patch)
    ax.text(x, y, text, ha="center", va="center")


def arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    color: str = MUTED,
    bend: float = 0.0,
) -> None:
    """Draw an arrow between two points in the axes' data units; `bend` curves it."""
    look: Any = {"arrowstyle": "-|>", "mutation_scale": 11, "color": color, "linewidth": 1.4}
    look |= {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(start, end, **look))


def blank(ax: Axes, width: float, height: float) -> None:
    """Make axes into a drawing sheet: no ticks, x from 0 to `width`, y from 0 to `height`."""
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.set_axis_off()


def _title(fig: Figure) -> str:
    """The figure's own title, or a word that is at least true."""
    return fig.get_suptitle() or "Figure"
