"""Transfer: put a small new head on a network that has read a lot, and teach it a task.

B batch, T position, D d_model, C classes
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from minilm.errors import MinilmError
from minilm.model.storage import Model
from minilm.train.optimizers import make_optimizers, move
from minilm.train.schedule import warmup_decay


@dataclass(frozen=True)
class ClassifierConfig:
    """How to fine-tune. `dropout` acts on the pooled features.

    Texts are cut to `max_tokens`, and to the network's context where that is shorter.

    The learning rates are lower than in pretraining: the network has something to lose.
    """

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 1e-3
    muon_learning_rate: float = 0.005
    weight_decay: float = 0.1
    warmup: float = 0.1
    dropout: float = 0.1
    max_tokens: int = 64
    pooling: str = "mean"
    seed: int = 0


class Classifier(nn.Module):
    """A language model's hidden states, pooled into one vector, and a linear layer on top.

    `ids` (B, T) and `lengths` (B,) -> scores (B, C). Rows are padded on the right, where a causal
    model's earlier positions cannot see it. Pooling "mean" averages the real positions, "last"
    takes the last real one, the only one that has read everything. The head starts at zero, so
    every class begins equally likely.

    Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training".
    """

    def __init__(
        self, backbone: Model, n_classes: int = 2, pooling: str = "mean", dropout: float = 0.0
    ) -> None:
        super().__init__()
        if pooling not in ("mean", "last"):
            raise MinilmError(f'pooling is {pooling!r}; write "mean" or "last" instead.')
        self.backbone, self.pooling = backbone, pooling
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(backbone.config.d_model, n_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Pool the states of the real positions: (B, T), (B,) -> (B, D)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        sees_padding = getattr(self.backbone, "looks_ahead", False)  # a decoder does not
        apart = places < lengths[:, None] if sees_padding else None
        states = self.backbone.hidden(ids, documents=apart)  # (B, T) -> (B, T, D)
        if self.pooling == "last":
            chosen = places == lengths[:, None] - 1  # (B, T), one True a row
        else:
            chosen = places < lengths[:, None]
        weights = chosen / chosen.sum(dim=1, keepdim=True)  # (B, T)
        return (weights[:, :, None] * states).sum(dim=1)  # (B, T, D) -> (B, D)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return self.head(self.dropout(self.features(ids, lengths)))


def cut(
    sequences: Sequence[Sequence[int]], max_tokens: int, model: Classifier
) -> list[Sequence[int]]:
    """Keep the beginning of each text, as much of it as is wanted and as the network can read."""
    limit = min(max_tokens, model.backbone.config.context_length)
    return [ids[:limit] for ids in sequences]


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Stack sequences of different lengths, with zeros on the right: ids (B, T), lengths (B,)."""
    lengths = torch.tensor([max(len(ids), 1) for ids in sequences])
    padded = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.int64)
    for row, ids in zip(padded, sequences, strict=True):
        row[: len(ids)] = torch.tensor(ids)
    return padded, lengths


def similar_lengths(
    sequences: Sequence[Sequence[int]], batch_size: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield the indices of shuffled batches in which texts are about equally long.

    Padding is computed and thrown away; sorting within pools of 20 batches saves most of it and
    keeps the batches random.
    """
    order = generator.permutation(len(sequences))
    batches = []
    for start in range(0, len(order), 20 * batch_size):
        pool = order[start : start + 20 * batch_size]
        pool = pool[np.argsort([len(sequences[i]) for i in pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    for place in generator.permutation(len(batches)):
        yield batches[place]


def tune_step(
    model: Classifier,
    sequences: Sequence[Sequence[int]],
    labels: Sequence[int],
    optimizers: Sequence[torch.optim.Optimizer],
    factor: float = 1.0,
) -> float:
    """Move the weights once, by one batch, at `factor` times the full rates; return its loss."""
    device = model.head.weight.device
    ids, lengths = pad(sequences)
    scores = model(ids.to(device), lengths.to(device))  # (B, C)
    loss = F.cross_entropy(scores, torch.tensor(labels, device=device))
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    move(optimizers, factor)
    return loss.item()


def fit_classifier(
    model: Classifier,
    sequences: Sequence[Sequence[int]],
    labels: Sequence[int],
    config: ClassifierConfig,
) -> list[float]:
    """Fine-tune all weights on labelled token sequences; return the loss of every step, in nats.

    Raises MinilmError when there is nothing to learn from, or one label has another count.
    """
    check_pairs(sequences, labels)
    torch.manual_seed(config.seed)
    generator = np.random.default_rng(config.seed)
    texts = cut(sequences, config.max_tokens, model)
    optimizers = make_optimizers(
        model,
        learning_rate=config.learning_rate,
        muon_learning_rate=config.muon_learning_rate,
        weight_decay=config.weight_decay,
    )
    steps = config.epochs * -(-len(texts) // config.batch_size)
    times = {"steps": steps, "warmup": int(config.warmup * steps), "decay": steps // 2}
    losses: list[float] = []
    model.train()
    with tqdm(total=steps, unit="step", desc="tune") as bar:
        for _ in range(config.epochs):
            for chosen in similar_lengths(texts, config.batch_size, generator):
                batch, wanted = [texts[i] for i in chosen], [labels[i] for i in chosen]
                factor = warmup_decay(len(losses), **times)
                losses.append(tune_step(model, batch, wanted, optimizers, factor))
                bar.set_postfix_str(f"loss {np.mean(losses[-50:]):.3f}", refresh=False)
                bar.update()
    return losses


def check_pairs(sequences: Sequence[Sequence[int]], labels: Sequence[int]) -> None:
    """Raise MinilmError unless there is at least one text, and one label for each."""
    if not sequences or len(sequences) != len(labels):
        raise MinilmError(
            f"There are {len(sequences)} texts and {len(labels)} labels; give one label to each"
            " text, and at least one text."
        )


@torch.inference_mode()
def predict(
    model: Classifier,
    sequences: Sequence[Sequence[int]],
    max_tokens: int = 64,
    batch_size: int = 64,
) -> np.ndarray:
    """Return the probability of each class for each text: N sequences -> (N, C) float32."""
    was_training, device = model.training, model.head.weight.device
    model.eval()
    texts = cut(sequences, max_tokens, model)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    probabilities = np.zeros((len(texts), model.head.out_features), dtype=np.float32)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        ids, lengths = pad([texts[i] for i in chosen])
        scores = model(ids.to(device), lengths.to(device))  # (B, C)
        probabilities[chosen] = scores.softmax(dim=-1).float().cpu().numpy()
    model.train(was_training)
    return probabilities
