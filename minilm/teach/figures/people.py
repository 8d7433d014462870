"""The figures of chapter 12, whose data it is, and of the report's section on people."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from minilm.teach import style


def words_by_decade(decades: Mapping[int, int]) -> Figure:
    """From when are the words? One bar for each decade, in thousands of words."""
    fig, ax = style.figure(7.4, 2.5, title="From when are the words?", grid=True)
    starts, words = list(decades), [n / 1000 for n in decades.values()]
    ax.bar(starts, words, width=8.5, align="edge", color=style.COLORS["train"])
    ax.set(xlabel="decade", ylabel="thousands of words")
    ax.set_xlim(starts[0] - 2, starts[-1] + 12)
    return fig
