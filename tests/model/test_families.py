"""GPT-2, Mistral and Bloom built small and random in transformers: the same logits and gradients.

Each shows a choice that Llama (see test_transformer) does not: LayerNorm, learned positions, GELU
and biases; a sliding window; ALiBi.
"""

import pytest
import torch
import torch.nn.functional as F
from transformers import (
    BloomConfig,
    BloomForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    MistralConfig,
    MistralForCausalLM,
)

from minilm.model.transformer import Transformer, TransformerConfig

SIZES = {"vocab_size": 61, "context_length": 32, "n_layers": 3, "d_model": 24, "qk_norm": False}
OLD = {"norm": "layer", "bias": True, "feedforward": "gelu", "d_ff": 96}


def gpt2():
    theirs = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=61, n_positions=32, n_embd=24, n_layer=3, n_head=4, resid_pdrop=0.0,
            embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
            attn_implementation="eager",
        )
    )  # fmt: skip

    def ours(tensors):
        got = {"embedding.weight": tensors["transformer.wte.weight"],
               "positions.weight": tensors["transformer.wpe.weight"]}  # fmt: skip
        names = {"ln_1": "attention_norm", "attn.c_attn": "attention.qkv", "mlp.c_proj":
                 "feedforward.down", "attn.c_proj": "attention.out", "ln_2": "feedforward_norm",
                 "mlp.c_fc": "feedforward.up"}  # fmt: skip
        for kind in ("weight", "bias"):
            got[f"norm.{kind}"] = tensors[f"transformer.ln_f.{kind}"]
            for i in range(3):
                for old, new in names.items():
                    tensor = tensors[f"transformer.h.{i}.{old}.{kind}"]
                    got[f"blocks.{i}.{new}.{kind}"] = tensor.T if tensor.ndim == 2 else tensor
        return got

    return theirs, TransformerConfig(**SIZES, **OLD, n_heads=4, position="learned"), ours


def bloom(n_heads):
    theirs = BloomForCausalLM(
        BloomConfig(
            vocab_size=61, hidden_size=24, n_layer=3, n_head=n_heads, bos_token_id=None,
            eos_token_id=None, attn_implementation="eager",
        )
    )  # fmt: skip
    theirs.transformer.word_embeddings_layernorm = torch.nn.Identity()  # Bloom's alone

    def ours(tensors):
        got = {"embedding.weight": tensors["transformer.word_embeddings.weight"]}
        names = {"input_layernorm": "attention_norm", "self_attention.dense": "attention.out",
                 "post_attention_layernorm": "feedforward_norm", "mlp.dense_h_to_4h":
                 "feedforward.up", "mlp.dense_4h_to_h": "feedforward.down"}  # fmt: skip
        for kind in ("weight", "bias"):
            got[f"norm.{kind}"] = tensors[f"transformer.ln_f.{kind}"]
            for i in range(3):
                at = f"transformer.h.{i}"
                for old, new in names.items():
                    got[f"blocks.{i}.{new}.{kind}"] = tensors[f"{at}.{old}.{kind}"]
                mixed = tensors[f"{at}.self_attention.query_key_value.{kind}"]  # head by head
                got[f"blocks.{i}.attention.qkv.{kind}"] = (
                    mixed.unflatten(0, (n_heads, 3, -1)).transpose(0, 1).flatten(0, 2)
                )
        return got

    return theirs, TransformerConfig(**SIZES, **OLD, n_heads=n_heads, position="alibi"), ours


def mistral():
    theirs = MistralForCausalLM(
        MistralConfig(
            vocab_size=61, hidden_size=24, intermediate_size=40, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2, head_dim=8, sliding_window=5,
            max_position_embeddings=32, rms_norm_eps=1e-5, tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
            bos_token_id=None, eos_token_id=None, attn_implementation="eager",
        )
    )  # fmt: skip

    def interleave(rows):
        return rows.unflatten(0, (-1, 2, 4)).transpose(1, 2).flatten(0, 2)

    def ours(tensors):
        got = {"embedding.weight": tensors["model.embed_tokens.weight"],
               "norm.weight": tensors["model.norm.weight"]}  # fmt: skip
        names = {"input_layernorm": "attention_norm", "self_attn.o_proj": "attention.out",
                 "post_attention_layernorm": "feedforward_norm", "mlp.gate_proj":
                 "feedforward.gate", "mlp.up_proj": "feedforward.up",
                 "mlp.down_proj": "feedforward.down"}  # fmt: skip
        for i in range(3):
            at = f"model.layers.{i}"
            for old, new in names.items():
                got[f"blocks.{i}.{new}.weight"] = tensors[f"{at}.{old}.weight"]
            query, key, value = (tensors[f"{at}.self_attn.{x}_proj.weight"] for x in "qkv")
            got[f"blocks.{i}.attention.qkv.weight"] = torch.cat(
                [interleave(query), interleave(key), value]
            )
        return got

    config = TransformerConfig(
        **SIZES, n_heads=4, n_kv_heads=2, d_head=8, d_ff=40, feedforward="swiglu", window=5
    )
    return theirs, config, ours


FAMILIES = {
    "gpt2": gpt2, "bloom": lambda: bloom(4), "bloom, 3 heads": lambda: bloom(3), "mistral": mistral,
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_logits_and_gradients_equal_those_of(name):
    torch.manual_seed(0)
    theirs, config, ours = FAMILIES[name]()
    with torch.no_grad():  # biases start at zero and norms at one, where a mistake would not show
        for weight in theirs.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    model = Transformer(config)
    tied = {"head.weight": ours(theirs.state_dict())["embedding.weight"]}
    model.load_state_dict(ours(theirs.state_dict()) | tied)

    ids = torch.randint(0, 61, (2, 32))
    found, wanted = model(ids), theirs(ids).logits
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    for logits in (found, wanted):
        F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).backward()
    gradients = ours({n: w.grad for n, w in theirs.named_parameters()})
    assert gradients.keys() == {n for n, _ in model.named_parameters()}
    for weight_name, weight in model.named_parameters():
        torch.testing.assert_close(
            weight.grad, gradients[weight_name], atol=1e-5, rtol=1e-3, msg=weight_name
        )
