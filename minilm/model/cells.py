"""Recurrent cells by hand: one step of reading, repeated, with a state that is all they remember.

B batch, T position, D d_model, G blocks of D rows in a cell's matrices
"""

import torch
from torch import Tensor, nn

State = tuple[Tensor, ...]  # what one layer carries from step to step, (B, D) each


class RecurrentLayer(nn.Module):
    """What all cells share: read the positions in order, each with what the one before left.

    Shapes: x (B, T, D) and a state -> the outputs (B, T, D) and the state after the last position.
    The first tensor of a state is the output h. Where `goes_on` (B, T) is False, the state is
    forgotten before the position is read. A kind of cell says how many `blocks` of D rows its
    matrices have, how many tensors its state holds (`n_states`), which of the blocks keeps the
    state (`memory_block`, None for none), and what one `step` is.
    """

    blocks: int
    n_states: int = 1
    memory_block: int | None = None

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.input = nn.Linear(d_model, self.blocks * d_model)
        self.recurrent = nn.Linear(d_model, self.blocks * d_model, bias=False)

    def forward(
        self, x: Tensor, state: State, goes_on: Tensor | None = None
    ) -> tuple[Tensor, State]:
        outputs = []
        # What comes from the input does not wait for the recurrence: one product for all T.
        for t, from_input in enumerate(self.input(x).unbind(dim=1)):  # (B, T, D) -> T x (B, G D)
            if goes_on is not None:
                state = tuple(part * goes_on[:, t, None] for part in state)  # (B, D) each
            state = self.step(from_input, state)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1), state  # T x (B, D) -> (B, T, D)

    def step(self, from_input: Tensor, state: State) -> State:
        """Return the next state; `from_input` is what the position adds to the blocks, (B, G D)."""
        raise NotImplementedError


class RNNLayer(RecurrentLayer):
    """The plain recurrent network: mix what is read with what is remembered, and squash.

    h = tanh(W x + b + U h). All of the memory is written anew at each step, through the same matrix
    U, and so is its gradient on the way back. The weights lie as in torch.nn.RNN.

    Source: Elman 1990, "Finding Structure in Time".
    """

    blocks = 1

    def step(self, from_input: Tensor, state: State) -> State:
        (h,) = state
        return (torch.tanh(from_input + self.recurrent(h)),)


class GRULayer(RecurrentLayer):
    """The gated recurrent unit: at each coordinate, keep the old or take the new.

    The update gate z mixes the two, h = z * h + (1 - z) * n; the reset gate r says how much of the
    old the new may know, n = tanh(W x + b + r * U h). Where z is near 1, h and its gradient pass
    unchanged. The weights lie as in torch.nn.GRU: rows for r, z, n.

    Source: Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder", with r
    applied after the product with U, as in cuDNN and torch.
    """

    blocks = 3
    memory_block = 1

    def step(self, from_input: Tensor, state: State) -> State:
        (h,) = state
        r_in, z_in, n_in = from_input.chunk(3, dim=-1)  # 3 x (B, D)
        r_old, z_old, n_old = self.recurrent(h).chunk(3, dim=-1)
        r, z = torch.sigmoid(r_in + r_old), torch.sigmoid(z_in + z_old)
        new = torch.tanh(n_in + r * n_old)
        return (torch.lerp(new, h, z),)


class LSTMLayer(RecurrentLayer):
    """Long short-term memory: a cell that three gates write, keep and read.

    At each step the forget gate fades the memory c, the input gate admits new content, and the
    output gate shows a part of it: c = f * c + i * g, h = o * tanh(c). Because c is carried by a
    product with f and not by a matrix, gradients survive many steps. The weights lie as in
    torch.nn.LSTM: rows for i, f, g, o.

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000.
    """

    blocks = 4
    n_states = 2
    memory_block = 1

    def step(self, from_input: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = (from_input + self.recurrent(h)).chunk(4, dim=-1)  # 4 x (B, D)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
