"""The pictures of chapter 22: text in pieces, what a vocabulary costs, and whom it costs most."""

from collections.abc import Mapping, Sequence
from html import escape

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import NullFormatter

from minilm.teach.style import CARD, COLORS, INK, MUTED, blank, figure, heatmap, show

_TINTS = ("#D3E6F4", "#D2EEE1", "#DED8EC", "#F8E4BF")  # next to each other, only to tell apart
_CHIP = "padding:2px 3px;margin:0 1px;border-radius:4px;font-size:14px"
_BROKEN, _SPECIAL = "#EFC9C4", COLORS["highlight"]


def strip(tokens: Sequence[bytes], title: str, special: Sequence[bytes] = ()) -> None:
    """Show a text as colored tokens; point at one to read its bytes.

    A space is shown as ␣ and a line end as ⏎. Bytes that are only a part of a letter are written in
    hexadecimal on red, the tokens in `special` stand on gold.
    """
    from IPython.display import display

    pieces, plain = [], []
    for place, token in enumerate(tokens):
        text, color = _readable(token), _TINTS[place % len(_TINTS)]
        if text is None:
            text, color = token.hex(" "), _BROKEN
        color = _SPECIAL if token in special else color
        plain.append(text)
        look = f"background:{color};color:{INK};{_CHIP}"
        hint = f"{len(token)} byte{'s' if len(token) > 1 else ''}: {token.hex(' ')}"
        visible = escape(text).replace("␣", f'<span style="color:{MUTED}">␣</span>')
        pieces.append(f'<code style="{look}" title="{hint}">{visible}</code>')
        if b"\n" in token:
            pieces.append("<br>")
    card = f"background:{CARD};color:{INK};padding:10px 14px;border-radius:6px;line-height:1.9"
    head = f"<b>{escape(title)}</b>&emsp;{len(tokens)} tokens"
    html = f'<div style="{card}">{head}<br>{"&#8203;".join(pieces)}</div>'
    bundle = {"text/html": html, "text/plain": f"{title}: " + "|".join(plain)}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _readable(token: bytes) -> str | None:
    """The token as text with visible white space; None when it is no complete text."""
    try:
        return token.decode().replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")
    except UnicodeDecodeError:
        return None


def utf8(characters: Sequence[str]) -> None:
    """Draw each character's bytes bit by bit: gold bits say how to read, blue bits are its number.

    The boundaries of the bits are read from the bytes themselves: the ones in front, and one zero.
    """
    fig, ax = figure(7.6, 0.5 * len(characters) + 0.8, title="How does UTF-8 write a number?")
    blank(ax, 36.5, len(characters) + 0.1)
    for row, character in enumerate(characters):
        y = len(characters) - row - 0.5
        ax.text(0.6, y, character, ha="center", va="center", fontsize=17)
        ax.text(4.6, y, f"{ord(character):,}", ha="right", va="center", fontsize=9.5, color=MUTED)
        for place, byte in enumerate(character.encode()):
            bits = f"{byte:08b}"
            n_marks = bits.index("0") + 1
            for bit, digit in enumerate(bits):
                color = COLORS["highlight" if bit < n_marks else "train"]
                x = 5.2 + place * 7.9 + bit * 0.92
                _cell(ax, x, y, 0.84, 0.62, digit, color, 0.75 if bit < n_marks else 0.3, 9)
    show(fig)


def _cell(
    ax: Axes, x: float, y: float, width: float, height: float, text: str, color: str,
    alpha: float, size: float,
) -> None:  # fmt: skip
    """Draw a small rounded cell whose left edge is at x and whose middle is at height y."""
    style = f"round,pad=0,rounding_size={0.2 * min(width, height)}"
    corner = (x, y - height / 2)
    patch = FancyBboxPatch(corner, width, height, boxstyle=style, fc=color, ec="none", alpha=alpha)
    ax.add_patch(patch)
    ax.text(x + width / 2, y - 0.02, text, ha="center", va="center", fontsize=size, color=INK)


def merging(
    history: Sequence[Sequence[Sequence[str]]], joined: Sequence[str], counts: Sequence[int]
) -> None:
    """Draw the words as strips, one row per merge; what has been joined in that row is gold."""
    letters = [sum(map(len, word)) for word in history[0]]
    width = sum(letters) + len(letters)
    fig, ax = figure(8.4, 0.4 * len(history) + 0.7, title="What does each merge join?")
    blank(ax, width + 6.2, len(history))
    for row, words in enumerate(history):
        y, x = len(history) - row - 0.5, 6.2
        new = joined[row - 1] if row else None
        if new is None:
            ax.text(5.5, y, "letters", ha="right", va="center", fontsize=9, color=MUTED)
        else:
            label = f"{new}   {counts[row - 1]} ×"
            ax.text(5.5, y, label, ha="right", va="center", fontsize=9)
        for word in words:
            for token in word:
                color = COLORS["highlight" if token == new else "train"]
                alpha = 0.8 if token == new else 0.12 if len(token) == 1 else 0.4
                _cell(ax, x + 0.05, y, len(token) - 0.1, 0.72, token, color, alpha, 10)
                x += len(token)
            x += 1
    show(fig)


def work(visits: Mapping[str, int]) -> None:
    """Draw how many words each trainer looks at, on a logarithmic axis."""
    fig, ax = figure(7.2, 2.2, title="How many words does a trainer look at?")
    meanings = ("baseline", "train", "highlight")
    for place, (count, meaning) in enumerate(zip(visits.values(), meanings, strict=True)):
        ax.barh(-place, count, color=COLORS[meaning], height=0.62)
        ax.text(count * 1.25, -place, f"{count:,}", va="center", fontsize=9.5)
    ax.set_yticks([0, -1, -2], list(visits))
    ax.set(xscale="log", xlim=(1e4, 4e11))
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("words looked at, all merges together")
    show(fig)


def tokens_left(tokens: Sequence[int], half: int) -> None:
    """Draw the tokens that are left after each merge, and where half of the saving is reached."""
    fig, ax = figure(6.8, 2.9, title="Which merges do the work?", grid=True)
    millions = [count / 1e6 for count in tokens]
    ax.plot(millions, color=COLORS["train"])
    ax.axhline(millions[-1], color=MUTED, lw=1, ls=(0, (4, 3)))
    ax.plot([half], [millions[half]], "o", color=COLORS["highlight"], ms=9)
    ax.annotate(
        f"half of the saving: merge {half}", (half, millions[half]),
        xytext=(half + 250, millions[half] + 1.0), color=INK,
    )  # fmt: skip
    ax.set(ylim=(0, None), xlim=(-60, None), xlabel="merges", ylabel="tokens of the text, millions")
    show(fig)


def vocabulary(
    points: Mapping[str, tuple[int, float]],
    sizes: Sequence[int] = (),
    curves: Mapping[str, Sequence[float]] | None = None,
    title: str = "What do three ways of cutting a text cost?",
) -> None:
    """Draw bytes per token against the size of the vocabulary: single ways, and curves of BPE."""
    fig, ax = figure(6.8, 3.2, title=title, grid=True)
    for (name, values), style in zip((curves or {}).items(), ["-", (0, (2, 2))], strict=False):
        meaning = "train" if style == "-" else "valid"
        ax.plot(sizes, values, marker="o", ms=5, ls=style, color=COLORS[meaning], label=name)
    for name, (size, value) in points.items():
        ax.plot(size, value, "s", color=COLORS["residual"], ms=7)
        above = 9 if name == "words" else -17
        ax.annotate(name, (size, value), xytext=(0, above), textcoords="offset points", ha="center")
    if "words" in points and curves:
        ax.axhline(points["words"][1], color=MUTED, lw=1, ls=(0, (4, 3)))
    ax.set(xscale="log", xlim=(60, 90_000), ylim=(0, 6.4), ylabel="bytes per token")
    ax.set_xlabel("tokens in the vocabulary, V")
    ticks = [64, 256, 1024, 4096, 16384, 65536]
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.minorticks_off()
    if curves:
        ax.legend(loc="lower right")
    show(fig)


def spellings(words: Sequence[str], forms: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    """Draw how many tokens each spelling of a word costs."""
    fig, ax = figure(6.8, 0.42 * len(words) + 1.2, title="How many tokens is one word?")
    heatmap(ax, counts, rows=list(words), columns=list(forms), meaning="train", digits=0, high=10)
    ax.xaxis.tick_top()
    show(fig)


def years(first: int, tables: Mapping[str, Sequence[int]]) -> None:
    """Draw how many tokens each year costs: a row for each decade, a panel for each tokenizer."""
    n_decades = len(next(iter(tables.values()))) // 10
    fig, axes = figure(
        7.2, 0.17 * n_decades + 1.0, columns=len(tables), title="Which years are one token?",
        sharey=True,
    )  # fmt: skip
    color = {1: COLORS["highlight"], 2: "#C9DDEB", 3: "#7FB2D9", 4: COLORS["query"]}
    for ax, (name, counts) in zip(axes, tables.items(), strict=True):
        blank(ax, 10, n_decades)
        for place, count in enumerate(counts):
            decade, digit = divmod(place, 10)
            y = n_decades - decade - 0.5
            _cell(ax, digit + 0.06, y, 0.88, 0.84, "", color[count], 1.0, 6)
        for decade in range(0, n_decades, 2):
            y = n_decades - decade - 0.5
            label = f"{first + 10 * decade}s"
            ax.text(-0.3, y, label, ha="right", va="center", fontsize=8, color=MUTED)
        for digit in range(10):
            ax.text(
                digit + 0.5, -0.6, str(digit), ha="center", va="center", fontsize=8, color=MUTED
            )
        ax.set(title=name, ylim=(-1, n_decades))
    for count, name in [(1, "one token"), (2, "two"), (3, "three")]:
        axes[-1].plot([], [], "s", color=color[count], label=name, ms=8)
    fig.legend(loc="outside right center", handletextpad=0.1)
    show(fig)


def languages(names: Sequence[str], counts: Mapping[str, Sequence[int]]) -> None:
    """Draw how many tokens one sentence costs in each language, for two tokenizers."""
    fig, ax = figure(7.2, 0.42 * len(names) + 1.1, title="What does the same sentence cost?")
    meanings = ("train", "baseline")
    for shift, ((label, values), meaning) in enumerate(zip(counts.items(), meanings, strict=True)):
        places = [-i - 0.36 * shift for i in range(len(names))]
        ax.barh(places, values, height=0.34, color=COLORS[meaning], label=label)
        for y, value in zip(places, values, strict=True):
            ax.text(value + 1, y, str(value), va="center", fontsize=8)
    ax.set_yticks([-i - 0.18 for i in range(len(names))], list(names))
    ax.set(xlabel="tokens", xlim=(0, 1.07 * max(map(max, counts.values()))))
    ax.tick_params(left=False)
    ax.legend(loc="upper right")
    show(fig)


def domains(names: Sequence[str], values: Sequence[Sequence[float]]) -> None:
    """Draw bytes per token for every pair of a trained text and a read text."""
    fig, ax = figure(5.4, 2.9, title="What if it reads something else?")
    heatmap(ax, values, rows=list(names), columns=list(names), meaning="train", low=1.0, high=5)
    ax.set(ylabel="trained on", xlabel="bytes per token on")
    show(fig)


def too_large(
    sizes: Sequence[int], read: Mapping[str, Sequence[float]], rare: Sequence[float]
) -> None:
    """Draw a vocabulary that outgrows its text: what it gains, and how many tokens it wastes."""
    fig, (left, right) = figure(
        8.2, 2.9, columns=2, title="What does a vocabulary do that is too large for its text?",
        grid=True,
    )  # fmt: skip
    for (name, values), meaning in zip(read.items(), ["train", "valid"], strict=True):
        left.plot(sizes, values, marker="o", ms=5, color=COLORS[meaning], label=name)
    left.set(ylim=(0, None), ylabel="bytes per token")
    left.legend(loc="lower right")
    right.plot(sizes, rare, marker="o", ms=5, color=COLORS["negative"])
    right.set(ylim=(0, 1), ylabel="merges seen at most once")
    right.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    for ax in (left, right):
        ax.set(xscale="log", xlabel="tokens in the vocabulary, V")
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=30)
        ax.minorticks_off()
    show(fig)


def price(sizes: Sequence[int], costs: Mapping[str, Sequence[float]]) -> None:
    """Draw what a byte of text costs with each vocabulary, the cheapest being 1; gold marks it."""
    fig, ax = figure(7.4, 3.1, title="Which vocabulary makes a byte of text cheapest?", grid=True)
    looks = (("-", "train"), ((0, (4, 2)), "transformer"), ((0, (1, 1.5)), "residual"))
    for (name, values), (style, meaning) in zip(costs.items(), looks, strict=True):
        relative = [value / min(values) for value in values]
        ax.plot(sizes, relative, ls=style, color=COLORS[meaning], label=name)
        best = relative.index(1.0)
        ax.plot(sizes[best], 1, "o", color=COLORS["highlight"], ms=9, mec=INK, mew=0.8)
    ax.set(xscale="log", ylim=(0.8, 4), xlabel="tokens in the vocabulary, V")
    ax.set_ylabel("multiplications a byte (cheapest: 1)")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    show(fig)
