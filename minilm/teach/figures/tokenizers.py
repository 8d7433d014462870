"""The pictures of chapter 23: one sentence cut five ways, all ways to cut a word, and who pays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import FancyBboxPatch

from minilm.prepare.wordpiece import UNKNOWN, bert_words
from minilm.teach.style import CARD, COLORS, INK, MUTED, blank, figure, show

MEANING = {
    "bytes": "baseline",
    "characters": "baseline",
    "BPE": "bpe",
    "WordPiece": "wordpiece",
    "Unigram": "unigram",
}


def color_of(name: str) -> str:
    """The color of a tokenizer, known by the first word of its name."""
    return COLORS[MEANING.get(name.split(",")[0].split(" ")[0], "baseline")]


def five_ways(text: str, cuts: Mapping[str, Sequence[bytes]], title: str) -> None:
    """Draw how each tokenizer cuts a text, letter below letter; red is what cannot be read alone.

    That is a part of a letter, or a word that has become unknown. Spaces that a tokenizer drops
    stay empty. Tokens are the bytes they stand for, in order, or `[UNK]` for a word.
    """
    letters = [letter.encode() for letter in text]
    edges = np.concatenate([[0], np.cumsum([len(letter) for letter in letters])])
    whole = {int(edge): float(place) for place, edge in enumerate(edges)}
    at = [whole.get(i, float(np.searchsorted(edges, i)) - 0.5) for i in range(int(edges[-1]) + 1)]
    fig, ax = figure(9.6, 0.42 * len(cuts) + 0.7, title=title)
    blank(ax, len(text) + 13, len(cuts))
    for row, (name, tokens) in enumerate(cuts.items()):
        y, begin = len(cuts) - row - 0.5, 0
        ax.text(8.6, y, name, ha="right", va="center")
        ax.text(11.2, y, str(len(tokens)), ha="right", va="center", fontsize=9, color=MUTED)
        for token in tokens:
            unknown = token == UNKNOWN.encode()
            if unknown:
                token = bert_words(text.encode()[begin:].decode())[0].encode()
            begin = text.encode().index(token, begin)
            left, right = at[begin], at[begin + len(token)]
            begin += len(token)
            broken = unknown or left % 1 or right % 1
            color = COLORS["negative"] if broken else color_of(name)
            shape = FancyBboxPatch(
                (left + 12.08, y - 0.36), right - left - 0.16, 0.72,
                boxstyle="round,pad=0,rounding_size=0.2", fc=color, ec="none",
                alpha=0.55 if broken else 0.28,
            )  # fmt: skip
            ax.add_patch(shape)
        for place, letter in enumerate(text):
            shown = "␣" if letter == " " else letter
            ax.text(
                place + 12.5, y - 0.02, shown, ha="center", va="center", fontsize=8.5,
                color=MUTED if letter == " " else INK,
            )  # fmt: skip
    show(fig, alt=title)


def all_ways(ways: Sequence[Sequence[str]], chances: Sequence[float], title: str) -> None:
    """Draw every way to cut a word as a bar of its probability, the most probable one in color."""
    order = np.argsort(-np.asarray(chances), kind="stable")
    fig, ax = figure(6.6, 0.34 * len(ways) + 0.85, title=title)
    for row, index in enumerate(order):
        color = COLORS["unigram" if row == 0 else "baseline"]
        ax.barh(-row, chances[index], color=color, height=0.62)
        ax.text(chances[index], -row, f"  {chances[index]:.3f}", va="center", fontsize=9)
    ax.set_yticks([-row for row in range(len(ways))], [" | ".join(ways[i]) for i in order])
    ax.set(xlim=(0, 1.15 * max(chances)), xlabel="share of the word's probability")
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)
    show(fig)


def rules(sizes: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw the tokens of a word against the vocabulary, for three rules of what to join."""
    fig, ax = figure(7.0, 3.0, title="Which rule makes words short?", grid=True)
    looks: list[dict[str, Any]] = [
        {"color": COLORS["bpe"], "marker": "o"},
        {"color": COLORS["wordpiece"], "marker": "s", "ls": (0, (3, 1.5))},
        {"color": COLORS["negative"], "marker": "^"},
    ]
    for (name, values), look in zip(curves.items(), looks, strict=True):
        ax.plot(sizes, values, label=name, ms=5, **look)
    ax.axhline(1, color=MUTED, lw=1, ls=(0, (1, 2)))
    ax.set(xscale="log", ylim=(0, None), xlabel="tokens in the vocabulary", ylabel="tokens a word")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def shrinking(
    sizes: Sequence[int], likelihood: Sequence[float], length: Sequence[float], level: float
) -> None:
    """Draw what dropping pieces costs, in nats and in tokens; `level` is BPE at the last size."""
    fig, (left, right) = figure(
        8.4, 3.0, columns=2, title="How much is missed when pieces are dropped?", grid=True
    )
    left.plot(sizes, likelihood, marker="o", ms=4, color=COLORS["unigram"])
    left.set_ylabel("nats a word, all ways together")
    right.plot(sizes, length, marker="o", ms=4, color=COLORS["unigram"], label="Unigram")
    right.plot(sizes[-1:], [level], "D", color=COLORS["bpe"], ms=7, label="BPE of the same size")
    right.set(ylabel="tokens a word, best way", ylim=(1, 1.1 * max(*length, level)))
    right.legend(loc="upper left")
    ticks = [size for size in (512, 1024, 2048, 4096, 8192, 16384, 32768) if size >= min(sizes)]
    for ax in (left, right):
        ax.set(xscale="log", xlabel="pieces left")
        ax.invert_xaxis()
        ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks], fontsize=8)
        ax.minorticks_off()
    show(fig)


def habits(stems: Mapping[str, float], unused: Mapping[str, float]) -> None:
    """Draw, for each tokenizer, how many words begin like their stem, and what is never used."""
    fig, axes = figure(8.4, 2.3, columns=2, title="What else does a way of cutting bring?")
    panels = (stems, "words that begin like their stem"), (unused, "tokens never used again")
    for ax, (values, label) in zip(axes, panels, strict=True):
        for row, (name, value) in enumerate(values.items()):
            ax.barh(-row, value, color=color_of(name), height=0.62)
            ax.text(value, -row, f"  {value:.1%}", va="center", fontsize=9)
        ax.set_yticks([-row for row in range(len(values))], list(values))
        ax.set(xlim=(0, 1.25 * max(values.values())), xlabel=label)
        ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        ax.tick_params(left=False)
        ax.spines["left"].set_visible(False)
    show(fig)


def parity(languages: Sequence[str], costs: Mapping[str, Sequence[float]], title: str) -> None:
    """Draw what the same messages cost in each language, English being 1: a dot a tokenizer."""
    fig, ax = figure(8.0, 0.27 * len(languages) + 1.2, title=title)
    rows = -np.arange(len(languages))
    table = np.array(list(costs.values()))
    ax.hlines(rows, table.min(axis=0), table.max(axis=0), color=COLORS["baseline"], lw=1, alpha=0.6)
    looks = [
        ("o", COLORS["negative"]), ("s", COLORS["wordpiece"]), ("D", COLORS["bpe"]),
        ("|", COLORS["residual"]), ("x", COLORS["baseline"]),
    ]  # fmt: skip
    for (name, values), (marker, color) in zip(costs.items(), looks, strict=False):
        ax.plot(values, rows, marker, color=color, label=name, ms=7, mew=2 if marker in "|x" else 1)
    ax.axvline(1, color=INK, lw=1, ls=(0, (4, 3)))
    ax.set_yticks(rows, list(languages), fontsize=9)
    ticks = [tick for tick in (0.5, 1, 2, 4, 8, 16) if table.min() / 1.5 < tick < 1.5 * table.max()]
    ax.set(xscale="log", xlabel="tokens, as a multiple of English")
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.tick_params(left=False)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def numbers(tables: Mapping[str, Sequence[int]]) -> None:
    """Draw the tokens of every number from 0 to 9,999: a pixel each, a row for each hundred."""
    fig, axes = figure(
        9.0, 3.2, columns=len(tables), title="How many tokens is each number from 0 to 9,999?",
        sharey=True,
    )  # fmt: skip
    colors = ListedColormap([COLORS["highlight"], "#C9DDEB", "#7FB2D9", COLORS["query"], INK])
    norm = BoundaryNorm([0.5, 1.5, 2.5, 3.5, 4.5, 5.5], colors.N)
    for ax, (name, counts) in zip(axes, tables.items(), strict=True):
        image = np.asarray(counts).reshape(100, 100)
        drawn = ax.imshow(image, cmap=colors, norm=norm, interpolation="nearest", aspect="auto")
        ax.set(title=name, xlabel="last two digits")
        ax.set_xticks([0, 25, 50, 75, 99])
        ax.set_yticks([0, 25, 50, 75, 99], ["0", "25..", "50..", "75..", "99.."])
        ax.spines[:].set_visible(False)
    bar = fig.colorbar(drawn, ax=axes, ticks=[1, 2, 3, 4, 5], shrink=0.85)
    bar.set_label("tokens")
    bar.outline.set_visible(False)
    show(fig)


def memory(orders: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw bits per byte against the length of an n-gram, for each tokenizer."""
    fig, ax = figure(7.4, 3.2, title="How much does the tokenizer matter to a model?", grid=True)
    styles = {"BPE": "-", "Unigram": (0, (3, 1.5)), "bytes": "-"}
    markers = iter("osD^vP")
    for name, values in curves.items():
        ax.plot(
            orders, values, marker=next(markers), ms=5, color=color_of(name),
            ls=styles[name.split(",")[0].split(" ")[0]], label=name,
        )  # fmt: skip
    ax.set(ylim=(0, None), xlabel="length of the n-gram, in tokens", ylabel="bits per byte")
    ax.set_xticks(list(orders))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)


def bars(values: Mapping[str, float], title: str, xlabel: str) -> None:
    """Draw one number for each tokenizer."""
    fig, ax = figure(6.8, 0.4 * len(values) + 0.95, title=title)
    for row, (name, value) in enumerate(values.items()):
        ax.barh(-row, value, color=color_of(name), height=0.62)
        ax.text(value, -row, f"  {value:.2f}", va="center", fontsize=9)
    ax.set_yticks([-row for row in range(len(values))], list(values))
    ax.set(xlim=(0, 1.15 * max(values.values())), xlabel=xlabel)
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)
    ax.set_facecolor(CARD)
    show(fig)


def lattice(word: str, ways: Sequence[Sequence[str]], shares: Sequence[float]) -> None:
    """Draw a word's letters with a bow for each piece; its number is how often it is used."""
    used: dict[tuple[int, int], float] = {}
    for way, share in zip(ways, shares, strict=True):
        begin = 0
        for piece in way:
            edge = begin, begin + len(piece)
            used[edge] = used.get(edge, 0.0) + share
            begin += len(piece)
    fig, ax = figure(7.4, 3.0, title=f"How often is each piece of {word} used, over all ways?")
    tallest = 0.55 * max(end - begin for begin, end in used)
    for (begin, end), flow in used.items():
        t = np.linspace(0, np.pi, 60)
        middle, radius = (begin + end) / 2, (end - begin) / 2
        height = 0.0 if end - begin == 1 else 0.55 * (end - begin)
        ax.plot(
            middle - radius * np.cos(t), height * np.sin(t), color=COLORS["unigram"],
            lw=1 + 9 * flow, alpha=0.3 + 0.6 * flow,
        )  # fmt: skip
        label = f"{word[begin:end]}  {flow:.2f}"
        ax.text(middle, height + 0.09, label, ha="center", va="bottom", fontsize=9.5)
    ax.plot(range(len(word) + 1), [0] * (len(word) + 1), "o", color=COLORS["residual"], ms=11)
    ax.set(xlim=(-0.3, len(word) + 0.3), ylim=(-0.3, tallest + 0.4))
    ax.set_axis_off()
    show(fig)
