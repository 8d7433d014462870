"""The formulas of counting against built models, torch's own count, and bytes really kept."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig
from minilm.model.counting import activation_bytes, cache_bytes, count_params, flops_per_token
from minilm.model.transformer import Transformer

BASE = TransformerConfig(vocab_size=61, context_length=16, n_layers=2, n_heads=4, d_model=32)
GPT2 = dataclasses.replace(
    BASE, norm="layer", bias=True, position="learned", feedforward="gelu", qk_norm=False
)


def variant(**changes: object) -> TransformerConfig:
    return dataclasses.replace(BASE, **changes)  # type: ignore[arg-type]


VARIANTS = {
    "default": BASE,
    "gpt-2": GPT2,
    "llama": variant(feedforward="swiglu", qk_norm=False, n_kv_heads=2, tie_embeddings=False),
    "qwen3": variant(feedforward="swiglu", d_head=12, n_kv_heads=1),
    "latent": variant(attention="latent"),
    "latent, all ranks": variant(attention="latent", q_rank=10, kv_rank=6, d_rope=4, bias=True),
    "experts": variant(feedforward="experts", n_experts=5, n_active_experts=2),
    "experts with biases": variant(feedforward="experts", n_experts=3, bias=True),
    "window": variant(window=4, position="alibi"),
}
every_variant = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())


@every_variant
def test_count_params_counts_what_is_built(config: TransformerConfig) -> None:
    model, count = Transformer(config), count_params(config)
    assert count.total == model.n_params()
    in_blocks = [name for name, _ in model.named_parameters() if name.startswith("blocks.")]
    weights = dict(model.named_parameters())
    for part in ("attention", "feedforward"):
        named = sum(weights[name].numel() for name in in_blocks if f".{part}." in name)
        inner = sum(
            weights[name].numel() for name in in_blocks if f".{part}." in name and "_norm." in name
        )
        assert getattr(count, part) == named - inner


@settings(max_examples=30, deadline=None)
@given(
    st.builds(
        TransformerConfig,
        vocab_size=st.integers(2, 99),
        context_length=st.integers(1, 9),
        n_layers=st.integers(1, 3),
        n_heads=st.sampled_from([2, 4]),
        n_kv_heads=st.sampled_from([None, 1, 2]),
        d_model=st.sampled_from([16, 32]),
        d_ff=st.sampled_from([None, 7]),
        d_head=st.sampled_from([None, 8]),
        feedforward=st.sampled_from(["relu2", "swiglu", "gelu", "experts"]),
        norm=st.sampled_from(["rms", "layer"]),
        bias=st.booleans(),
        qk_norm=st.booleans(),
        tie_embeddings=st.booleans(),
        position=st.sampled_from(["rope", "learned", "sinusoidal", "alibi", "none"]),
        attention=st.sampled_from(["grouped", "latent"]),
    )
)
def test_count_params_counts_any_transformer(config: TransformerConfig) -> None:
    assert count_params(config).total == Transformer(config).n_params()


def test_active_parameters_leave_out_the_idle_experts() -> None:
    config = VARIANTS["experts"]
    one = sum(
        weight.numel()
        for weight in Transformer(config).blocks[0].feedforward.experts[0].parameters()
    )
    assert count_params(config).total - count_params(config).active == 2 * 3 * one
    assert count_params(BASE).active == count_params(BASE).total


def counted_flops(config: TransformerConfig, batch_size: int, length: int) -> float:
    """What torch counts for one forward and backward pass, scores written out."""
    torch.manual_seed(0)
    model, ids = Transformer(config), torch.randint(config.vocab_size, (batch_size, length))
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        model(ids).sum().backward()
    return counter.get_total_flops() / (batch_size * length)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "window"])
def test_flops_per_token_is_what_torch_counts(name: str) -> None:
    config = VARIANTS[name]
    assert flops_per_token(config, 8) == pytest.approx(counted_flops(config, 3, 8), rel=1e-9)


def test_a_window_saves_the_work_on_what_it_hides() -> None:
    assert flops_per_token(variant(window=4)) == flops_per_token(BASE, 4)
    assert flops_per_token(BASE) > flops_per_token(BASE, 4)


@pytest.mark.parametrize("name", ["default", "llama", "qwen3", "latent"])
def test_cache_bytes_are_those_of_the_cache(name: str) -> None:
    config = VARIANTS[name]
    cache = Transformer(config).make_cache(batch_size=3, length=7)
    tensors = [
        tensor
        for layer in cache.layers
        for tensor in vars(layer).values()
        if isinstance(tensor, Tensor)
    ]
    assert cache_bytes(config, 7, batch_size=3) == sum(tensor.nbytes for tensor in tensors)
    assert cache_bytes(config, 7, 3, bytes_per_number=2) * 2 == cache_bytes(config, 7, 3)


def kept_bytes(config: TransformerConfig, batch_size: int, length: int) -> int:
    """What a forward pass really keeps for the backward pass, each storage once, weights aside."""
    model, ids = Transformer(config), torch.randint(config.vocab_size, (batch_size, length))
    own = {tensor.untyped_storage().data_ptr() for tensor in model.state_dict().values()}
    own |= {tensor.untyped_storage().data_ptr() for tensor in model.buffers()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        F.cross_entropy(model(ids).flatten(0, 1), ids.flatten())
    return sum(t.untyped_storage().nbytes() for place, t in kept.items() if place not in own)


@pytest.mark.parametrize("name", ["default", "gpt-2", "llama", "qwen3"])
def test_activation_bytes_are_those_that_a_step_keeps(name: str) -> None:
    config = dataclasses.replace(VARIANTS[name], d_model=128, vocab_size=500)
    assert activation_bytes(config, 4, 16) == pytest.approx(kept_bytes(config, 4, 16), rel=0.03)


@pytest.mark.parametrize("name", ["latent", "experts"])
def test_activation_bytes_says_what_it_cannot_count(name: str) -> None:
    with pytest.raises(MinilmError, match="measure one step"):
        activation_bytes(VARIANTS[name], 1, 8)
