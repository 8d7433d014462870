"""The checks of chapter 31."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from minilm.model.cells import GRULayer, RNNLayer
from minilm.teach.check import Checks, exercise

Step = Callable[[Tensor, Tensor, Tensor], Tensor]


@exercise
def gru_step(attempt: Step) -> Checks:
    """One step of a GRU, from what comes from the input and the state: (B, 3 D), (B, 3 D), (B, D).

    The first two are the products W x + b and U h, three blocks each: for r, z and n.
    """
    torch.manual_seed(0)
    layer = GRULayer(4)
    from_input, h = torch.randn(5, 12), torch.randn(5, 4)
    with torch.no_grad():
        from_state = layer.recurrent(h)
        (wanted,) = layer.step(from_input, (h,))
    new = attempt(from_input, from_state, h)
    yield new.shape == (5, 4), f"the next state is (5, 4), not {tuple(new.shape)}"
    kept = attempt(torch.full((1, 12), 20.0), torch.zeros(1, 12), torch.full((1, 4), 0.5))
    yield (
        torch.allclose(kept, torch.full((1, 4), 0.5), atol=1e-4),
        "with an update gate z of 1 the old state must stay as it is, 0.5; yours becomes"
        f" {kept[0, 0].item():.2f}",
    )
    inputs, states = torch.zeros(1, 12), torch.zeros(1, 12)
    inputs[:, :8], states[:, 8:] = -20.0, 3.0  # r and z closed, U h for the new is 3
    forgetful = attempt(inputs, states, torch.full((1, 4), 0.5))
    yield (
        torch.allclose(forgetful, torch.zeros(1, 4), atol=1e-4),
        "with a reset gate r of 0 the new content must know nothing of the old; yours is"
        f" {forgetful[0, 0].item():.2f} instead of 0",
    )
    yield torch.allclose(new, wanted, atol=1e-5), "the package's layer gets another state"


@exercise
def clip(attempt: Callable[[list[Tensor], float], list[Tensor]]) -> Checks:
    """Scale gradients down together, so that the length of them all is at most `limit`."""
    gradients = [torch.tensor([3.0, 0.0]), torch.tensor([[0.0, 4.0]])]  # together 5 long
    clipped = attempt([gradient.clone() for gradient in gradients], 1.0)
    total = math.sqrt(sum(float(gradient.square().sum()) for gradient in clipped))
    yield (
        abs(total - 1) < 1e-3,
        f"gradients of 3 and 4 are 5 long together; clipped to 1 they must be 1 long, yours are"
        f" {total:.2f}",
    )
    yield (
        torch.allclose(clipped[0], torch.tensor([0.6, 0.0]), atol=1e-3),
        f"the direction must stay: 3 and 4 become 0.6 and 0.8, yours {clipped[0][0].item():.2f}"
        f" and {clipped[1][0, 1].item():.2f}",
    )
    small = attempt([torch.tensor([0.3, 0.4])], 1.0)[0].tolist()
    yield (
        [round(value, 3) for value in small] == [0.3, 0.4],
        f"a gradient that is short enough stays as it is: [0.3, 0.4], not {small}",
    )
    zero = attempt([torch.zeros(2)], 1.0)[0]
    yield bool(torch.isfinite(zero).all()), "a gradient of zero must not be divided by its length"


@exercise
def forget_bias(attempt: Callable[[int], float]) -> Checks:
    """The bias of a forget gate that keeps half of the memory over so many steps."""
    for distance in (1, 10, 100):
        kept = torch.sigmoid(torch.tensor(float(attempt(distance)), dtype=torch.float64))
        left = float(kept**distance)
        yield (
            abs(left - 0.5) < 1e-3,
            f"over {distance} steps a gate of {float(kept):.3f} leaves {left:.3f} of the memory,"
            " not a half: each step multiplies by the gate",
        )


@exercise
def read_in_pieces(attempt: Callable[[RNNLayer, Tensor, Tensor, int], Tensor]) -> Checks:
    """Outputs of a layer for x (B, T, D) from a state (B, D), cut off from the past every `size`.

    The state goes on from piece to piece, the gradient does not.
    """
    torch.manual_seed(0)
    layer, state = RNNLayer(4), torch.randn(2, 4)
    x = torch.randn(2, 9, 4, requires_grad=True)
    whole, _ = layer(x, (state,))
    out = attempt(layer, x, state, 3)
    yield out.shape == whole.shape, f"(2, 9, 4) goes in, {tuple(out.shape)} came out"
    differs = ((out - whole).abs().amax(dim=(0, 2)) > 1e-5).nonzero()[:, 0].tolist()
    yield (
        not differs,
        f"the outputs must be those of reading at once, but position {(differs or [0])[0]} differs:"
        " was the state carried over?",
    )
    (gradient,) = torch.autograd.grad(out[:, 5].sum(), x)
    reached = (gradient.abs().amax(dim=(0, 2)) > 0).tolist()
    yield (
        reached == [False] * 3 + [True] * 3 + [False] * 3,
        f"from position 5 the gradient must reach 3, 4 and 5 and stop there; it reaches"
        f" {[t for t, hit in enumerate(reached) if hit]}",
    )
