"""The checks of chapter 34."""

from collections.abc import Callable

import torch
from torch import Tensor

from minilm.model.cache import make_cache
from minilm.model.config import TransformerConfig
from minilm.model.experts import Experts
from minilm.model.masks import window_mask
from minilm.model.positions import alibi
from minilm.teach.check import Checks, exercise


@exercise
def windows_reach(attempt: Callable[[int, int], int]) -> Checks:
    """How many positions before itself a position hears of, through layers with a window."""
    for n_layers, window in [(1, 4), (2, 4), (3, 4), (5, 2), (4, 1), (32, 4096)]:
        got = attempt(n_layers, window)
        wanted = n_layers * (window - 1)
        if n_layers * window <= 64:  # small enough to be asked of the real mask
            seen = torch.eye(64)
            for _ in range(n_layers):
                seen = window_mask(64, 64, window).float() @ seen
            wanted = int((seen[-1] > 0).sum()) - 1
        yield (
            got == wanted,
            f"{n_layers} layers with a window of {window} reach {wanted} positions back, not {got}"
            + (": a window holds the position itself" if got == n_layers * window else ""),
        )


@exercise
def cache_bytes(attempt: Callable[..., int]) -> Checks:
    """Bytes that the cache takes for each token, in half precision, for any of the attentions."""
    sizes = TransformerConfig(9, context_length=64, n_layers=3, n_heads=8, d_model=64)
    cases: dict[str, dict[str, int | str]] = {
        "with 8 key heads": {},
        "with 2 key heads": {"n_kv_heads": 2},
        "with 1 key head": {"n_kv_heads": 1},
        "with a latent of 24 and 4 rotary numbers": {
            "attention": "latent", "kv_rank": 24, "d_rope": 4,
        },
    }  # fmt: skip
    for name, changes in cases.items():
        config = TransformerConfig(**(vars(sizes) | changes))
        wanted = make_cache(config, 1, 64).numbers() * 2 // 64
        got = attempt(config)
        yield (
            got == wanted,
            f"{name}, 3 layers remember {wanted} bytes for each token, and your answer is {got}"
            + (": half; a number has two bytes, a token a key and a value" * (got * 2 == wanted)),
        )


@exercise
def distance_costs(attempt: Callable[[list[float], int], Tensor]) -> Checks:
    """ALiBi: what each head takes off the scores of all that it may see, for T positions."""
    costs = attempt([0.5, 0.25], 4)
    shape = tuple(costs.shape)
    yield shape == (2, 4, 4), f"two heads and 4 positions make (2, 4, 4), not {shape}"
    yield bool((costs.diagonal(dim1=1, dim2=2) == 0).all()), "a token is no distance from itself"
    past = torch.ones(4, 4).tril() > 0
    above = costs[:, ~past]
    yield bool((above == -torch.inf).all()), "the future must stay hidden, whatever it costs: -inf"
    near, far = costs[0, 3, 2].item(), costs[0, 3, 0].item()
    yield near < 0, f"distance takes off: one step back should cost -0.5, not {near}"
    yield far == 3 * near, f"three steps back cost {far}, and one step {near}: it should be a line"
    slopes = [2 ** (-8 * (h + 1) / 4) for h in range(4)]
    wanted = alibi(4, 9, 9).masked_fill(torch.ones(9, 9).triu(1) > 0, -torch.inf)
    yield torch.allclose(attempt(slopes, 9), wanted), "each head has a slope of its own"


@exercise
def routing(attempt: Callable[[Tensor, int], tuple[Tensor, Tensor]]) -> Checks:
    """Which experts a position goes to, and with which shares, from the router's scores."""
    shares, chosen = attempt(torch.tensor([[0.0, 2.0, 1.0, -5.0]]), 2)
    yield (
        tuple(chosen.shape) == (1, 2),
        f"one position, two experts: (1, 2), not {(*chosen.shape,)}",
    )
    yield (
        chosen[0].tolist() == [1, 2],
        f"the highest scores are of 1 and 2, not {chosen[0].tolist()}",
    )
    total = shares.sum().item()
    yield abs(total - 1) < 1e-5, f"the shares of the chosen add up to one; yours to {total:.2f}"
    ratio = (shares[0, 0] / shares[0, 1]).item()
    yield abs(ratio - 2.718) < 0.01, f"a score one higher means e times the share, not {ratio:.2f}"
    torch.manual_seed(0)
    layer = Experts(TransformerConfig(9, d_model=16, n_experts=6, feedforward="experts"))
    positions = torch.randn(20, 16)
    wanted_shares, wanted, _ = layer.route(positions)
    shares, chosen = attempt(layer.router(positions).detach(), 2)
    yield chosen.equal(wanted), "20 random positions: some go to other experts than in the package"
    yield torch.allclose(shares, wanted_shares, atol=1e-5), "the right experts, but other shares"
