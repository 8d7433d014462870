"""Latent attention against DeepSeek's, against its own other form, and against loops."""

import pytest
import torch
from transformers import DeepseekV3Config
from transformers.models.deepseek_v3.modeling_deepseek_v3 import (
    DeepseekV3Attention,
    DeepseekV3RotaryEmbedding,
)

from minilm.model.cache import make_cache
from minilm.model.config import TransformerConfig
from minilm.model.latent import LatentAttention
from minilm.model.positions import make_rotary

NAMES = {
    "q_a_proj": "query_compress", "q_a_layernorm": "query_norm", "q_b_proj": "query",
    "q_proj": "query", "kv_a_proj_with_mqa": "compress", "kv_a_layernorm": "latent_norm",
    "kv_b_proj": "expand", "o_proj": "out",
}  # fmt: skip


def pair(q_rank, bias):
    """Our layer and DeepSeek's, of the same sizes and weights."""
    torch.manual_seed(0)
    config = TransformerConfig(
        9, context_length=32, n_heads=4, d_model=32, d_head=8, attention="latent", kv_rank=20,
        d_rope=4, q_rank=q_rank, norm_eps=1e-6, bias=bias,
    )  # fmt: skip
    theirs = DeepseekV3Attention(
        DeepseekV3Config(
            hidden_size=32, num_attention_heads=4, num_key_value_heads=4, q_lora_rank=q_rank,
            kv_lora_rank=20, qk_rope_head_dim=4, qk_nope_head_dim=8, v_head_dim=8,
            max_position_embeddings=32, rope_interleave=True, attention_bias=bias,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
            attn_implementation="eager",
        ), 0,
    )  # fmt: skip
    for weight in theirs.parameters():
        torch.nn.init.normal_(weight, mean=0.1, std=0.3)
    ours = LatentAttention(config)
    ours.load_state_dict(renamed(theirs.state_dict()))
    return ours, theirs, config


def renamed(tensors):
    return {".".join([NAMES[name.split(".")[0]], name.split(".")[1]]): tensor
            for name, tensor in tensors.items()}  # fmt: skip


@pytest.mark.parametrize(("q_rank", "bias"), [(None, False), (12, False), (12, True)])
def test_values_and_gradients_equal_deepseeks(q_rank, bias):
    ours, theirs, config = pair(q_rank, bias)
    x = torch.randn(2, 11, 32)
    turns = DeepseekV3RotaryEmbedding(theirs.config)(x, torch.arange(11)[None])
    mask = torch.full((11, 11), -torch.inf).triu(1)[None, None]
    found, (wanted, _) = ours(x, make_rotary(config)), theirs(x, turns, mask)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    found.sin().sum().backward()
    wanted.sin().sum().backward()
    gradients = renamed({name: weight.grad for name, weight in theirs.named_parameters()})
    for name, weight in ours.named_parameters():
        scale = max(1.0, gradients[name].abs().max().item())
        torch.testing.assert_close(
            weight.grad, gradients[name], atol=1e-5 * scale, rtol=1e-4, msg=name
        )


@pytest.mark.parametrize("position", ["rope", "none"])
def test_the_absorbed_form_equals_the_plain_one(position):
    torch.manual_seed(0)
    config = TransformerConfig(9, n_heads=3, d_model=24, attention="latent", position=position)
    layer, x = LatentAttention(config), torch.randn(2, 9, 24)
    query, row = layer.project(x, make_rotary(config))
    plain = layer.look_at_heads(query, row, None)
    for t in range(9):
        absorbed = layer.look_at_latents(query[:, :, t : t + 1], row[:, :, : t + 1], None)
        torch.testing.assert_close(absorbed, plain[:, :, t : t + 1], atol=1e-5, rtol=1e-4)


def test_writing_makes_no_keys(monkeypatch):
    config = TransformerConfig(9, n_heads=3, d_model=24, attention="latent")
    layer, cache = LatentAttention(config), make_cache(config, 2, 10).layers[0]
    rotary, x = make_rotary(config), torch.randn(2, 10, 24)
    layer(x[:, :4], rotary, cache)
    monkeypatch.setattr(layer, "look_at_heads", None)
    for t in range(4, 10):
        layer(x[:, t : t + 1], rotary, cache)
    assert cache.keys.shape == (2, 1, 10, config.latent_width + config.rotary_width)
    assert cache.values.numel() == 0
