"""The recurrent language model: read one token at a time, carry what matters in a fixed-size state.

B batch, T position, D d_model, V vocab_size
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from minilm.errors import MinilmError
from minilm.model.cells import GRULayer, LSTMLayer, RecurrentLayer, RNNLayer, State
from minilm.model.documents import check_documents, continues
from minilm.model.norm import RMSNorm

CELLS: dict[str, type[RecurrentLayer]] = {"rnn": RNNLayer, "gru": GRULayer, "lstm": LSTMLayer}


@dataclass(frozen=True)
class LSTMConfig:
    """The sizes of an LSTM language model.

    The network itself has no limit on length; `context_length` is how far back training looks.
    """

    vocab_size: int
    context_length: int = 256
    n_layers: int = 2
    d_model: int = 128
    tie_embeddings: bool = True
    cell: ClassVar[str] = "lstm"


@dataclass(frozen=True)
class RecurrentConfig:
    """The sizes of a recurrent language model with any cell: "rnn", "gru" or "lstm"."""

    vocab_size: int
    context_length: int = 256
    cell: str = "lstm"
    n_layers: int = 2
    d_model: int = 128
    tie_embeddings: bool = True


class RecurrentCache:
    """The state of every layer: the whole past in a few times D numbers, however long it was."""

    def __init__(self, states: list[State]) -> None:
        self.states = states
        self.read = 0

    def __len__(self) -> int:
        return self.read


class Recurrent(nn.Module):
    """A recurrent language model: embedding, recurrent layers with residual connections, scores.

    `model(ids)`: ids (B, T) -> logits (B, T, V). With `cache`, the ids continue what was read. With
    `documents` (B, T), several documents share a row, and the state is forgotten where the number
    changes, so that each is read as if it stood alone.

    Raises MinilmError for a cell that is not there, and for `documents` of another shape or with a
    cache.
    """

    def __init__(self, config: RecurrentConfig | LSTMConfig) -> None:
        super().__init__()
        if config.cell not in CELLS:
            names = ", ".join(f'"{name}"' for name in CELLS)
            raise MinilmError(f"cell is {config.cell!r}; write one of {names} instead.")
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.norms = nn.ModuleList(RMSNorm(config.d_model) for _ in range(config.n_layers))
        layers = (CELLS[config.cell](config.d_model) for _ in range(config.n_layers))
        self.layers = nn.ModuleList(layers)
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.initialize()
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight

    @torch.no_grad()
    def initialize(self) -> None:
        """Scale matrices by 1/sqrt(inputs); open the gates that keep, so that memory starts long.

        Source of the latter: Jozefowicz et al. 2015, "An Empirical Exploration of Recurrent Network
        Architectures".
        """
        block, d_model = CELLS[self.config.cell].memory_block, self.config.d_model
        for name, weight in self.named_parameters():
            if name.startswith(("embedding", "head")):
                weight.normal_(std=0.02)
            elif weight.ndim == 2:
                weight.normal_(std=weight.shape[1] ** -0.5)
            elif name.endswith("bias"):
                weight.zero_()
                if block is not None:
                    weight[block * d_model : (block + 1) * d_model] = 1.0

    def hidden(
        self, ids: Tensor, cache: RecurrentCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return the normalised output of the last layer: ids (B, T) -> (B, T, D)."""
        check_documents(documents, ids, cache)
        goes_on = continues(documents) if documents is not None else None
        cache = cache if cache is not None else self.make_cache(ids.shape[0])
        x = self.embedding(ids)  # (B, T) -> (B, T, D)
        for index, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            state = tuple(part.to(x) for part in cache.states[index])
            out, cache.states[index] = layer(norm(x), state, goes_on)
            x = x + out
        cache.read += ids.shape[1]
        return self.norm(x)

    def forward(
        self, ids: Tensor, cache: RecurrentCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        return self.head(self.hidden(ids, cache, documents))  # (B, T) -> (B, T, D) -> (B, T, V)

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> RecurrentCache:
        """Return the empty state; `length` is accepted and ignored, for a state has no length."""
        nothing = self.embedding.weight.new_zeros(batch_size, self.config.d_model)
        state = (nothing,) * CELLS[self.config.cell].n_states
        return RecurrentCache([state] * self.config.n_layers)

    def n_params(self) -> int:
        """Count the learned numbers; a tied matrix counts once."""
        return sum(weight.numel() for weight in self.parameters())


class LSTM(Recurrent):
    """The recurrent language model with LSTM cells, under the name that recipes and runs know."""

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__(config)
