"""The recurrent network: read one token at a time and carry what matters in a fixed-size state.

B batch, T position, D d_model, V vocab_size
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from minilm.model.documents import check_documents, continues
from minilm.model.norm import RMSNorm

State = tuple[Tensor, Tensor]  # the output h and the memory c of one layer, (B, D) each


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


class LSTMLayer(nn.Module):
    """Long short-term memory: a cell that three gates write, keep and read.

    At each step the forget gate fades the memory c, the input gate admits new content, and the
    output gate shows a part of it: c = f * c + i * g, h = o * tanh(c). Because c is carried by a
    product with f and not by a matrix, gradients survive many steps.
    Shapes: (B, T, D) and a state -> (B, T, D) and the state after the last position. Where
    `goes_on` (B, T) is False, the state is forgotten before the position is read. The weights lie
    as in torch.nn.LSTM: rows for i, f, g, o.

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.input = nn.Linear(d_model, 4 * d_model)
        self.recurrent = nn.Linear(d_model, 4 * d_model, bias=False)

    def forward(
        self, x: Tensor, state: State, goes_on: Tensor | None = None
    ) -> tuple[Tensor, State]:
        h, c = state
        outputs = []
        # What comes from the input does not wait for the recurrence: one product for all T.
        for t, from_input in enumerate(self.input(x).unbind(dim=1)):  # (B, T, D) -> T x (B, 4 D)
            if goes_on is not None:
                h, c = h * goes_on[:, t, None], c * goes_on[:, t, None]  # (B, D)
            i, f, g, o = (from_input + self.recurrent(h)).chunk(4, dim=-1)  # 4 x (B, D)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h, c)  # T x (B, D) -> (B, T, D)


class LSTMCache:
    """The state of every layer: the whole past in 2 D numbers a layer, however long it was."""

    def __init__(self, n_layers: int, batch_size: int, d_model: int) -> None:
        zeros = torch.zeros(batch_size, d_model)
        self.states: list[State] = [(zeros, zeros) for _ in range(n_layers)]
        self.read = 0

    def __len__(self) -> int:
        return self.read


class LSTM(nn.Module):
    """An LSTM language model: embedding, recurrent layers with residual connections, scores.

    `model(ids)`: ids (B, T) -> logits (B, T, V). With `cache`, the ids continue what was read. With
    `documents` (B, T), several documents share a row, and the state is forgotten where the number
    changes, so that each is read as if it stood alone.

    Raises MinilmError for `documents` of another shape or with a cache.
    """

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.norms = nn.ModuleList(RMSNorm(config.d_model) for _ in range(config.n_layers))
        self.layers = nn.ModuleList(LSTMLayer(config.d_model) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.initialize()
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight

    @torch.no_grad()
    def initialize(self) -> None:
        """Scale matrices by 1/sqrt(inputs); open the forget gates, so that memory starts long."""
        for name, weight in self.named_parameters():
            if name.startswith(("embedding", "head")):
                weight.normal_(std=0.02)
            elif weight.ndim == 2:
                weight.normal_(std=weight.shape[1] ** -0.5)
            elif name.endswith("bias"):
                weight.zero_()
                weight[self.config.d_model : 2 * self.config.d_model] = 1.0

    def hidden(
        self, ids: Tensor, cache: LSTMCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        """Return the normalised output of the last layer: ids (B, T) -> (B, T, D)."""
        check_documents(documents, ids, cache)
        goes_on = continues(documents) if documents is not None else None
        cache = cache if cache is not None else self.make_cache(ids.shape[0])
        x = self.embedding(ids)  # (B, T) -> (B, T, D)
        for index, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            h, c = cache.states[index]
            out, cache.states[index] = layer(norm(x), (h.to(x), c.to(x)), goes_on)
            x = x + out
        cache.read += ids.shape[1]
        return self.norm(x)

    def forward(
        self, ids: Tensor, cache: LSTMCache | None = None, documents: Tensor | None = None
    ) -> Tensor:
        return self.head(self.hidden(ids, cache, documents))

    def make_cache(self, batch_size: int = 1, length: int | None = None) -> LSTMCache:
        """Return the empty state; `length` is accepted and ignored, for a state has no length."""
        return LSTMCache(self.config.n_layers, batch_size, self.config.d_model)

    def n_params(self) -> int:
        """Count the learned numbers; a tied matrix counts once."""
        return sum(weight.numel() for weight in self.parameters())
