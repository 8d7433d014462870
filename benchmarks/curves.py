"""Draw the curves that `time_to_loss.py --out FILE` has written: every seed, time on a log axis.

    python benchmarks/curves.py [benchmarks/results/time_to_loss.json]

The picture stands beside the file. A line is a model that learns, a dot one that counts; the dotted
line is where the recipe ends, in the median of its seeds.
"""

import json
import statistics
import sys
from pathlib import Path

from matplotlib.figure import Figure

from minilm.teach.style import COLORS, MUTED, figure

LOOKS = {  # name in the file: color, label, and where that stands beside the first point
    "recipe": (COLORS["baseline"], "the recipe", (0, 9)),
    "plain": (COLORS["transformer"], "plain transformer", (0, 9)),
    "tables": (COLORS["lstm"], "tables of n-grams, learned", (0, 14)),
    "both": (COLORS["muon"], "transformer and tables", (-30, -44)),
    "5-gram, counted": (COLORS["ngram"], "5-gram, counted", (-4, -16)),
}


def draw(rows: list[dict[str, object]]) -> Figure:
    """Return the figure of all runs: name, seconds, loss and curve [(seconds, loss)] of each."""
    fig, ax = figure(8, 4.6, title="How soon is a model as good as the recipe?")
    end = statistics.median(row["loss"] for row in rows if row["name"] == "recipe")
    ax.axhline(end, color=MUTED, linestyle=":", linewidth=1)
    for name, (color, label, offset) in LOOKS.items():
        runs = [row for row in rows if row["name"] == name]
        for run in runs:
            ax.plot(*zip(*run["curve"], strict=True), color=color, linewidth=1.4, marker=".")
        first = min(run["curve"][0] for run in runs)
        ax.annotate(label, first, offset, textcoords="offset points", color=color)
    ax.set_xscale("log")
    ax.set(xlabel="seconds of training, 2 cores", ylabel="loss, nats per character")
    ax.set(xlim=(0.04, 150), ylim=(1.3, 2.65))
    return fig


if __name__ == "__main__":
    results = Path(__file__).parent / "results" / "time_to_loss.json"
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else results
    draw(json.loads(file.read_text(encoding="utf-8"))).savefig(file.with_suffix(".png"), dpi=130)
    print(file.with_suffix(".png"))
