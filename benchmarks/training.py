"""A training step of the same shape: ours beside transformers' GPT2LMHeadModel.

4 layers x 128 wide, context 64, batch 12, float32, characters (vocabulary 65), on 2 threads. A step
is forward, backward, clipping and the optimiser. Ours is measured in its default form (RoPE,
RMSNorm, QK-norm, squared ReLU) with AdamW and with Muon.

    python benchmarks/training.py
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from compare import Contestant, compare
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.optimizers import make_optimizers

VOCAB, CONTEXT, BATCH, STEPS = 65, 64, 12, 10


def stepper(
    model: nn.Module, optimizers: list[torch.optim.Optimizer], loss: Callable[[Tensor], Tensor]
) -> Callable[[], float]:
    """Return a function that trains for a few steps and returns the tokens it has seen."""
    ids = torch.randint(VOCAB, (BATCH, CONTEXT + 1), generator=torch.Generator().manual_seed(0))

    def run() -> float:
        for _ in range(STEPS):
            loss(ids).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
        return STEPS * BATCH * CONTEXT

    return run


def ours(muon_learning_rate: float) -> Callable[[], float]:
    torch.manual_seed(0)
    model = Transformer(TransformerConfig(VOCAB, CONTEXT, n_layers=4, n_heads=4, d_model=128))
    optimizers = make_optimizers(
        model, learning_rate=1e-3, muon_learning_rate=muon_learning_rate, weight_decay=0.1
    )
    return stepper(
        model,
        optimizers,
        lambda ids: F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()),
    )


def theirs() -> Callable[[], float]:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCAB, n_positions=CONTEXT + 1, n_embd=128, n_layer=4, n_head=4,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    model = GPT2LMHeadModel(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    return stepper(
        model, [optimizer], lambda ids: model(ids[:, :-1].contiguous(), labels=ids[:, :-1]).loss
    )


if __name__ == "__main__":
    torch.set_num_threads(2)
    compare(
        "Training, 4 x 128, context 64, batch 12",
        [
            Contestant("minilm, AdamW", ours(muon_learning_rate=0.0)),
            Contestant("minilm, Muon and AdamW", ours(muon_learning_rate=0.02)),
            Contestant("transformers GPT2LMHeadModel, torch AdamW", theirs()),
        ],
        "tokens/s",
    )
