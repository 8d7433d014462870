"""The pictures of chapter 11: what a crawler does to a site, and what is left of a page."""

from collections.abc import Mapping, Sequence

import numpy as np

from minilm.teach.style import CARD, COLORS, GRID, INK, MUTED, figure, show

# What a request was good for.
KINDS = {
    "a new page": COLORS["positive"],
    "a page again": COLORS["baseline"],
    "forbidden": COLORS["negative"],
    "rules": COLORS["highlight"],
}
# What a page is made of.
PARTS = {
    "main text": COLORS["positive"],
    "around it": COLORS["highlight"],
    "tags": COLORS["baseline"],
}
METHODS = {
    "raw": COLORS["baseline"],
    "tags removed": COLORS["highlight"],
    "resiliparse": COLORS["positive"],
    "trafilatura": COLORS["transformer"],
}


def kinds_of(paths: Sequence[str], forbidden: str) -> list[str]:
    """Say what each request of a log was good for."""
    seen: set[str] = set()
    kinds = []
    for path in paths:
        if path in ("/robots.txt", "/ai.txt", "/.well-known/tdmrep.json"):
            kinds.append("rules")
        elif path.startswith(forbidden):
            kinds.append("forbidden")
        else:
            kinds.append("a page again" if path in seen else "a new page")
        seen.add(path)
    return kinds


def requests(logs: Mapping[str, Sequence[str]], forbidden: str, title: str) -> None:
    """Draw each request as a square, in order, colored by what it was good for; a strip per log."""
    wide = 50
    heights = [-(-len(paths) // wide) for paths in logs.values()]
    fig, axes = figure(
        7.4, 0.19 * sum(heights) + 0.42 * len(logs) + 0.85, rows=len(logs), title=title,
        squeeze=False, height_ratios=heights,
    )  # fmt: skip
    for ax, (name, paths) in zip(axes[:, 0], logs.items(), strict=True):
        for place, kind in enumerate(kinds_of(paths, forbidden)):
            ax.plot(place % wide, -(place // wide), "s", ms=6.4, color=KINDS[kind], mew=0)
        ax.set(xlim=(-1, wide), ylim=(0.6 - -(-len(paths) // wide), 0.6), title=name)
        ax.set_axis_off()
    found = {kind for paths in logs.values() for kind in kinds_of(paths, forbidden)}
    for kind in KINDS:
        if kind in found:
            axes[0, 0].plot([], [], "s", color=KINDS[kind], label=kind, mew=0)
    fig.legend(loc="outside lower center", ncols=4, handletextpad=0.2)
    show(fig)


def arrivals(times: Mapping[str, Sequence[float]], title: str, xlabel: str = "seconds") -> None:
    """Draw when requests arrive: a line of ticks for each log, from its first request on."""
    fig, ax = figure(7.4, 0.5 * len(times) + 1.1, title=title)
    palette = [COLORS["negative"], COLORS["positive"], COLORS["query"], COLORS["key"]]
    for place, moments in enumerate(times.values()):
        ax.hlines(place, 0, max(moments), color=GRID, lw=1.2, zorder=0)
        ax.plot(moments, [place] * len(moments), "|", ms=17, mew=2, color=palette[place % 4])
    ax.set_yticks(range(len(times)), list(times))
    ax.set(ylim=(len(times) - 0.4, -0.6), xlabel=xlabel)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    show(fig)


def bars(values: Mapping[str, float], title: str, xlabel: str, colors: Sequence[str] = ()) -> None:
    """Draw one horizontal bar for each name, the first on top, with its number at its end."""
    fig, ax = figure(7.0, 0.34 * len(values) + 0.95, title=title)
    numbers = list(values.values())
    ax.barh(range(len(values)), numbers, color=list(colors) or COLORS["positive"], height=0.7)
    for place, value in enumerate(numbers):
        ax.text(value, place, f" {value:,.0f}", va="center", fontsize=9, color=MUTED)
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.13 * max(numbers)), xticks=[], xlabel=xlabel)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(length=0)
    show(fig)


def drip(moments: Sequence[float], timeout: float, deadline: float) -> None:
    """Draw the bytes of a dripping page as they come: no gap reaches the timeout."""
    fig, ax = figure(7.4, 1.9, title="Which limit ends a page that drips?")
    ax.plot(moments, np.zeros(len(moments)), "o", color=COLORS["query"], ms=5)
    ax.plot([0, timeout], [0.55, 0.55], color=COLORS["highlight"], lw=6, solid_capstyle="butt")
    ax.text(timeout, 0.55, f"  the timeout, {timeout:g} s: no silence is that long", va="center",
            fontsize=9)  # fmt: skip
    ax.plot([deadline] * 2, [-0.85, 0.3], color=COLORS["negative"], lw=2)
    ax.text(deadline, -0.62, f" the deadline, {deadline:g} s", color=COLORS["negative"],
            fontsize=9, va="center")  # fmt: skip
    ax.set(ylim=(-0.9, 0.95), yticks=[], xlabel="seconds since the request; each dot is a byte")
    ax.spines["left"].set_visible(False)
    show(fig)


def composition(kinds: Mapping[str, Mapping[str, int]]) -> None:
    """Draw what pages are made of, a bar of full length for each kind of page."""
    fig, ax = figure(7.4, 0.6 * len(kinds) + 1.1, title="How much of a page is its text?")
    left = np.zeros(len(kinds))
    for part, color in PARTS.items():
        share = np.array([of[part] / sum(of.values()) for of in kinds.values()])
        ax.barh(range(len(kinds)), share, left=left, color=color, height=0.62, ec=CARD, label=part)
        for place, value in enumerate(share):
            if value > 0.05:
                ax.text(left[place] + value / 2, place, f"{value:.0%}", ha="center", va="center",
                        fontsize=9, color=INK)  # fmt: skip
        left += share
    ax.set_yticks(range(len(kinds)), list(kinds))
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    show(fig)


def scores(results: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], title: str) -> None:
    """Draw precision and recall of each page as a dot, a panel for each kind of page.

    `results` is kind -> method -> [(precision, recall) of each page].
    """
    fig, axes = figure(7.4, 3.5, columns=len(results), title=title, sharey=True)
    for ax, (kind, methods) in zip(np.atleast_1d(axes), results.items(), strict=True):
        for size, (name, pairs) in zip((9, 9, 12, 7), methods.items(), strict=True):
            precision, recall = np.array(pairs).T
            ax.plot(recall, precision, "o", ms=4, mew=0, alpha=0.55, color=METHODS[name])
            # The third diamond is larger than the last, to be seen where both are perfect.
            ax.plot(recall.mean(), precision.mean(), "D", ms=size, mec=CARD, mew=1.2,
                    color=METHODS[name], label=name, zorder=3)  # fmt: skip
        ax.set(title=kind, xlim=(0, 1.04), ylim=(0, 1.04), xlabel="recall: share of the text found")
        ax.set_box_aspect(0.82)
    np.atleast_1d(axes)[0].set_ylabel("precision: share of\nwhat was found")
    handles, labels = np.atleast_1d(axes)[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=4, handletextpad=0.1)
    show(fig)


def archive(lengths: Sequence[int], kinds: Sequence[str], title: str) -> None:
    """Draw a WARC file as a strip of its records, each as long as its compressed bytes."""
    colors = {"warcinfo": COLORS["highlight"], "response": COLORS["positive"],
              "request": COLORS["baseline"]}  # fmt: skip
    fig, ax = figure(7.4, 1.75, title=title)
    left = 0
    for length, kind in zip(lengths, kinds, strict=True):
        ax.barh(0, length, left=left, color=colors[kind], ec=CARD, lw=1.2, height=0.8)
        left += length
    for kind in dict.fromkeys(kinds):
        ax.plot([], [], "s", color=colors[kind], label=kind, mew=0)
    ax.set(yticks=[], xlim=(0, left), xlabel="bytes in the file")
    ax.spines["left"].set_visible(False)
    fig.legend(loc="outside lower center", ncols=3, handletextpad=0.2)
    show(fig)
