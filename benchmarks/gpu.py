"""A training step of the GPU recipe's transformer, beside transformers' Llama of the same shape.

    python benchmarks/gpu.py

Both with SwiGLU, the same widths and vocabulary, the same AdamW (torch's, fused), bfloat16 autocast
and torch's fused attention; each as it is and compiled. Printed are tokens a second and the share
of the device's peak for matrix products, by the same count of operations for both. Run it where a
GPU is; on a CPU it takes a toy size in float32, which shows that it runs and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from compare import Contestant, compare
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from minilm.model.counting import flops_per_token
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.recipe import load_recipe
from minilm.train.device import choose_device
from minilm.train.peak import matmul_peak
from minilm.train.precision import autocast, choose_format


@dataclass(frozen=True)
class Size:
    """What a step is: the model, the rows of a batch, and how many steps a measurement takes."""

    config: TransformerConfig
    batch_size: int
    steps: int


def size_for(device: torch.device) -> Size:
    """Return the recipe's own size on a GPU, a toy's on a CPU."""
    recipe = load_recipe("recipes/gpu.toml")
    config = replace(recipe.transformer, feedforward="swiglu", qk_norm=False)
    if device.type == "cuda":
        return Size(config, recipe.train.batch_size, steps=20)
    toy = replace(config, n_layers=2, n_heads=4, d_model=64, context_length=64, vocab_size=512)
    return Size(toy, batch_size=4, steps=3)


def ours(config: TransformerConfig) -> nn.Module:
    return Transformer(config)


def theirs(config: TransformerConfig) -> nn.Module:
    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.llama = LlamaForCausalLM(
                LlamaConfig(
                    vocab_size=config.vocab_size,
                    hidden_size=config.d_model,
                    intermediate_size=config.feedforward_width,
                    num_hidden_layers=config.n_layers,
                    num_attention_heads=config.n_heads,
                    max_position_embeddings=config.context_length,
                    tie_word_embeddings=config.tie_embeddings,
                    use_cache=False,
                )
            )

        def forward(self, ids: Tensor) -> Tensor:
            logits: Tensor = self.llama(ids).logits
            return logits

    return Logits()


def stepper(
    build: Callable[[TransformerConfig], nn.Module], size: Size, device: torch.device, fast: bool
) -> Callable[[], float]:
    """Return a function that trains for some steps and returns the tokens it has seen."""
    torch.manual_seed(0)
    model = build(size.config).to(device)
    forward = torch.compile(model) if fast else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    shape = (size.batch_size, size.config.context_length + 1)
    ids = torch.randint(size.config.vocab_size, shape, device=device)
    format_ = choose_format("auto", device)

    def run() -> float:
        for _ in range(size.steps):
            with autocast(device, format_):
                logits = forward(ids[:, :-1])
                loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return size.steps * size.batch_size * size.config.context_length

    return run


def main() -> None:
    """Measure all four in turns, and say what share of the peak that is."""
    device = choose_device()
    size = size_for(device)
    contestants = [
        Contestant(f"{name}{', compiled' if fast else ''}", stepper(build, size, device, fast))
        for fast in (True, False)
        for name, build in (("minilm", ours), ("transformers Llama", theirs))
    ]
    config = size.config
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU, toy size"
    title = f"{name}: {config.n_layers} x {config.d_model}, context {config.context_length}"
    compare(title, contestants, "tokens/s")
    peak = matmul_peak(device, choose_format("auto", device))
    assert peak is not None  # unknown for short formats on a CPU only, and "auto" is none there
    for contestant in contestants:
        best = sorted(contestant.speeds)[len(contestant.speeds) // 2] * flops_per_token(config)
        print(
            f"  {contestant.name:<44} {best / peak:>12.1%} of the peak of {peak / 1e12:.2f} TFLOP/s"
        )


if __name__ == "__main__":
    main()
