"""The checks of chapter 33."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from minilm.model.norm import RMSNorm
from minilm.model.rope import Rotary
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.teach.check import Checks, exercise


@exercise
def only_together(attempt: Callable[[], tuple[Tensor, Tensor]]) -> Checks:
    """The weights of a squared ReLU layer that fires for (1, 1) and for no other corner."""
    up, down = attempt()
    yield up.ndim == 2 and up.shape[1] == 2, f"up must be (F, 2), not {tuple(up.shape)}"
    wanted = (1, up.shape[0])
    yield down.shape == wanted, f"down must be {wanted} for your up, not {tuple(down.shape)}"
    for point in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]):
        answer = float((torch.tensor(point) @ up.float().T).relu().square() @ down.float().T)
        right = float(all(point))
        yield (
            abs(answer - right) < 1e-5,
            f"for ({point[0]:.0f}, {point[1]:.0f}) your layer says {answer:.2f}, not {right:.0f}",
        )


@exercise
def rotation_by_sines(attempt: Callable[..., Tensor]) -> Checks:
    """Rotary positions with sines and cosines, against the package's complex numbers."""
    x = torch.randn(12, 8, generator=torch.Generator().manual_seed(0))
    turned = attempt(x.clone())
    yield turned.shape == x.shape, f"(12, 8) goes in, {tuple(turned.shape)} came out"
    yield torch.allclose(turned[0], x[0], atol=1e-5), "at position 0 the angle is 0: nothing turns"
    lengths = torch.allclose(turned.norm(dim=1), x.norm(dim=1), atol=1e-4)
    yield lengths, "a turn must not change a vector's length"
    expected = Rotary(8, 12)(x[None, :, None])[0, :, 0]
    first = torch.allclose(turned[:, :2], expected[:, :2], atol=1e-4)
    yield (
        first,
        "coordinates 0 and 1 are a pair that turns by 1 radian per position, from the first axis"
        f" to the second: at position 1 they are {_numbers(x[1, :2])} before the turn and"
        f" {_numbers(expected[1, :2])} after, yours are {_numbers(turned[1, :2])}",
    )
    yield (
        torch.allclose(turned, expected, atol=1e-4),
        "the first pair turns rightly, the others do not: pair i turns by t / base^(2i/K)",
    )
    slow = Rotary(8, 12, base=100.0)(x[None, :, None])[0, :, 0]
    yield torch.allclose(attempt(x, 100.0), slow, atol=1e-4), "with base=100 your angles are wrong"


@exercise
def parameter_count(attempt: Callable[[int, int, int], int]) -> Checks:
    """The number of parameters of a tied transformer, against the real one."""
    for vocab_size, n_layers, d_model in [(50, 0, 8), (10, 1, 16), (512, 3, 32)]:
        model = Transformer(
            TransformerConfig(vocab_size, 8, n_layers, d_model=d_model, qk_norm=False)
        )
        real, got = model.n_params(), attempt(vocab_size, n_layers, d_model)
        yield (
            got == real,
            f"{vocab_size} tokens, {n_layers} layers, width {d_model}: the real model has"
            f" {real:,} parameters, you count {got:,}",
        )


@exercise
def early_guesses(attempt: Callable[[list[Tensor], nn.Module, Tensor], list[int]]) -> Checks:
    """What a model would guess after each write into its stream."""
    generator = torch.Generator().manual_seed(0)
    writes = list(torch.randn(6, 16, generator=generator))
    head = torch.randn(40, 16, generator=generator)
    norm = RMSNorm(16)
    with torch.no_grad():
        norm.weight.copy_(torch.randn(16, generator=generator))
        streams = torch.stack(writes).cumsum(dim=0)
        expected = (norm(streams) @ head.T).argmax(dim=1).tolist()
        guesses = attempt([write.clone() for write in writes], norm, head)
    yield len(guesses) == 6, f"6 writes allow 6 guesses, you return {len(guesses)}"
    strange = [guess for guess in guesses if not isinstance(guess, int)]
    yield not strange, f"a guess is a token id, an int, not {strange[:1]}"
    yield (
        guesses[0] == expected[0],
        f"after the first write the guess is {expected[0]}, not {guesses[0]}: the head reads what"
        " the norm returns",
    )
    yield (
        guesses == expected,
        f"the guesses are {expected}, yours are {guesses}: the stream is the sum of all writes",
    )


def _numbers(values: Tensor) -> list[float]:
    """Round for a message."""
    return [round(value, 2) for value in values.tolist()]
