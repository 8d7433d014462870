"""A training step of the same shape: ours beside transformers' GPT2LMHeadModel, in float32.

Two shapes, characters (vocabulary 65), 2 threads: 4 layers x 128 wide, context 64, batch 12; and
6 x 384, context 256, batch 8. A step is forward, backward, clipping and the optimiser. Ours is in
its default form (RoPE, RMSNorm, QK-norm, squared ReLU), as it is and compiled (`compile = true` in
a recipe), with AdamW and with Muon. The peak is what square matrix products reach, which take their
turns with the others: a step's operations, as `flops_per_token` counts them, are set against their
median as against all other medians, and against the fastest single product, which is stricter.
How fast a step could be that had nothing to do but the products of its own layers is measured, too.

    python benchmarks/training.py [--rounds 7] [--shape small large]
"""

import argparse
import statistics
from collections.abc import Callable

import minilm  # noqa: F401  (tells OpenMP's threads how to wait, before torch is imported)

# isort: split
import torch
import torch.nn.functional as F
from compare import Contestant, compare
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from minilm.model.counting import flops_per_token
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.compile import Compiled, compile_updates
from minilm.train.optimizers import make_optimizers, move
from minilm.train.peak import measured

VOCAB = 65
SQUARE = 768  # numbers a side; the size that is multiplied fastest here
SHAPES = {  # layers, width, heads, context, batch, steps in a round
    "small": (4, 128, 4, 64, 12, 10),
    "large": (6, 384, 6, 256, 8, 2),
}


def stepper(
    shape: str, model: nn.Module, step: Callable[[], None], loss: Callable[[Tensor], Tensor]
) -> Callable[[], float]:
    """Return a function that trains for a few steps and returns the tokens it has seen."""
    _, _, _, context, batch, steps = SHAPES[shape]
    ids = torch.randint(VOCAB, (batch, context + 1), generator=torch.Generator().manual_seed(0))

    def run() -> float:
        for _ in range(steps):
            loss(ids).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            step()
        return float(steps * batch * context)

    return run


def config_of(shape: str) -> TransformerConfig:
    n_layers, width, n_heads, context, _, _ = SHAPES[shape]
    return TransformerConfig(VOCAB, context, n_layers=n_layers, n_heads=n_heads, d_model=width)


def ours(shape: str, muon_learning_rate: float, compiled: bool = False) -> Callable[[], float]:
    torch.manual_seed(0)
    model = Transformer(config_of(shape))
    optimizers = make_optimizers(
        model, learning_rate=1e-3, muon_learning_rate=muon_learning_rate, weight_decay=0.1
    )
    forward = Compiled(model) if compiled else model
    if compiled:
        compile_updates(optimizers)
    return stepper(
        shape,
        model,
        lambda: move(optimizers),
        lambda ids: F.cross_entropy(forward(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()),
    )


def theirs(shape: str) -> Callable[[], float]:
    torch.manual_seed(0)
    n_layers, width, n_heads, context, _, _ = SHAPES[shape]
    config = GPT2Config(
        vocab_size=VOCAB, n_positions=context + 1, n_embd=width, n_layer=n_layers, n_head=n_heads,
        bos_token_id=None, eos_token_id=None, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)

    def step() -> None:
        optimizer.step()
        optimizer.zero_grad()

    return stepper(shape, model, step, lambda ids: model(ids[:, :-1], labels=ids[:, :-1]).loss)


def products_alone(shape: str) -> Callable[[], float]:
    """Return a function that multiplies all matrices of a step, forwards and backwards, only."""
    _, _, _, context, batch, steps = SHAPES[shape]
    weights = [w.detach() for w in Transformer(config_of(shape)).parameters() if w.ndim == 2]
    rows = {size: torch.randn(batch * context, size) for w in weights for size in w.shape}

    def run() -> float:
        for _ in range(steps):
            for weight in weights:
                x, grad = rows[weight.shape[1]], rows[weight.shape[0]]
                _ = x @ weight.T, grad @ weight, grad.T @ x
        return float(steps * batch * context)

    return run


def peak(shape: str, products: int = 400) -> Callable[[], float]:
    """Return a function that multiplies squares; its speed is a step's at the peak, in tokens."""
    a = torch.ones(SQUARE, SQUARE)

    def run() -> float:
        for _ in range(products):
            a @ a
        return products * 2 * SQUARE**3 / flops_per_token(config_of(shape))

    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--shape", nargs="*", default=list(SHAPES), choices=list(SHAPES))
    options = parser.parse_args()
    torch.set_num_threads(2)
    for shape in options.shape:
        n_layers, width, _, context, batch, _ = SHAPES[shape]
        contestants = [
            Contestant("minilm, AdamW", ours(shape, 0.0)),
            Contestant("minilm, AdamW, compiled", ours(shape, 0.0, compiled=True)),
            Contestant("minilm, Muon and AdamW", ours(shape, 0.02)),
            Contestant("transformers GPT2LMHeadModel, torch AdamW", theirs(shape)),
            Contestant("the products of our layers alone", products_alone(shape)),
            Contestant("the peak: square products, as many operations", peak(shape)),
        ]
        cpu = torch.device("cpu")
        fastest = measured(cpu, torch.float32, SQUARE, seconds=1.0)
        title = f"Training, {n_layers} x {width}, context {context}, batch {batch}"
        compare(title, contestants, "tokens/s", options.rounds)
        fastest = max(fastest, measured(cpu, torch.float32, SQUARE, seconds=1.0))
        flops = flops_per_token(config_of(shape))
        usual = statistics.median(contestants[-1].speeds) * flops
        for contestant in contestants[:3]:
            speed = statistics.median(contestant.speeds) * flops
            print(
                f"  {contestant.name:<44} {speed / usual:>6.0%} of the peak, {usual / 1e9:.0f}"
                f" GFLOP/s; {speed / fastest:.0%} of the fastest product, {fastest / 1e9:.0f}"
            )
