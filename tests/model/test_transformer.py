"""The transformer against transformers' Llama, and against itself: with a cache, and with time."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from minilm.errors import MinilmError
from minilm.model.transformer import Transformer, TransformerConfig

CONFIG = TransformerConfig(
    vocab_size=61, context_length=32, n_layers=3, n_heads=4, n_kv_heads=2, d_model=32, d_ff=48,
    feedforward="swiglu", tie_embeddings=False, qk_norm=False,
)  # fmt: skip


def random_transformer(config: TransformerConfig, seed: int = 0) -> Transformer:
    """A transformer whose branches do not begin at zero, so that everything matters."""
    torch.manual_seed(seed)
    model = Transformer(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model


def interleave(rows: Tensor, n_heads: int) -> Tensor:
    """Llama's half-and-half pairs (i, i + K/2) as our neighbours (2i, 2i + 1), in each head."""
    halves = rows.unflatten(0, (n_heads, 2, -1))  # (H, 2, K/2, D)
    return halves.transpose(1, 2).flatten(0, 2)


def llama_like(model: Transformer) -> LlamaForCausalLM:
    """The same network in transformers, built empty, for our weights to be compared in."""
    config = model.config
    torch.manual_seed(1)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=config.vocab_size, hidden_size=config.d_model,
            intermediate_size=config.d_ff, num_hidden_layers=config.n_layers,
            num_attention_heads=config.n_heads, num_key_value_heads=config.n_kv_heads,
            max_position_embeddings=config.context_length, rms_norm_eps=config.norm_eps,
            rope_parameters={"rope_type": "default", "rope_theta": config.rope_base},
            tie_word_embeddings=False, bos_token_id=None, eos_token_id=None,
            attn_implementation="eager",
        )
    )  # fmt: skip


def from_llama(tensors: dict[str, Tensor], config: TransformerConfig) -> dict[str, Tensor]:
    """Rename and fuse Llama's tensors (weights or gradients alike) into our layout."""
    ours = {
        "embedding.weight": tensors["model.embed_tokens.weight"],
        "norm.weight": tensors["model.norm.weight"],
        "head.weight": tensors["lm_head.weight"],
    }
    for i in range(config.n_layers):
        theirs = {name.removeprefix(f"model.layers.{i}."): t for name, t in tensors.items()}
        ours |= {
            f"blocks.{i}.attention_norm.weight": theirs["input_layernorm.weight"],
            f"blocks.{i}.feedforward_norm.weight": theirs["post_attention_layernorm.weight"],
            f"blocks.{i}.attention.out.weight": theirs["self_attn.o_proj.weight"],
            f"blocks.{i}.attention.qkv.weight": torch.cat([
                interleave(theirs["self_attn.q_proj.weight"], config.n_heads),
                interleave(theirs["self_attn.k_proj.weight"], config.n_kv_heads or config.n_heads),
                theirs["self_attn.v_proj.weight"],
            ]),
            f"blocks.{i}.feedforward.gate.weight": theirs["mlp.gate_proj.weight"],
            f"blocks.{i}.feedforward.up.weight": theirs["mlp.up_proj.weight"],
            f"blocks.{i}.feedforward.down.weight": theirs["mlp.down_proj.weight"],
        }  # fmt: skip
    return ours


def test_logits_and_gradients_equal_llamas():
    model = Transformer(CONFIG)
    llama = llama_like(model)
    with torch.no_grad():  # norms start at one, where a missing weight would not show
        for weight in llama.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    model.load_state_dict(from_llama(llama.state_dict(), CONFIG))
    ids = torch.randint(0, 61, (2, 32), generator=torch.Generator().manual_seed(2))

    ours, theirs = model(ids), llama(ids).logits
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)

    for logits in (ours, theirs):
        F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).backward()
    gradients = from_llama({n: w.grad for n, w in llama.named_parameters()}, CONFIG)
    assert set(gradients) == {name for name, _ in model.named_parameters()}
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], atol=1e-5, rtol=1e-3, msg=name)


VARIANTS = [
    CONFIG,
    TransformerConfig(vocab_size=61, context_length=32, n_layers=2, d_model=32),
    TransformerConfig(vocab_size=61, context_length=32, n_layers=2, d_model=32, n_kv_heads=1),
]


@pytest.mark.parametrize("config", VARIANTS)
def test_the_future_cannot_be_seen(config):
    model = random_transformer(config)
    ids = torch.randint(0, 61, (2, 20))
    changed = ids.clone()
    changed[:, 12] = (changed[:, 12] + 1) % 61
    before, after = model(ids), model(changed)
    torch.testing.assert_close(before[:, :12], after[:, :12], atol=0, rtol=0)
    assert not torch.allclose(before[:, 12], after[:, 12])


@pytest.mark.parametrize("config", VARIANTS)
@pytest.mark.parametrize("pieces", [[20], [1] * 20, [7, 1, 5, 7]])
def test_reading_in_pieces_with_a_cache_equals_reading_at_once(config, pieces):
    model = random_transformer(config)
    ids = torch.randint(0, 61, (2, 20))
    cache = model.make_cache(batch_size=2)
    parts = [model(piece, cache) for piece in ids.split(pieces, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), atol=1e-5, rtol=1e-4)
    assert len(cache) == 20


def test_order_matters_through_the_rotation():
    model = random_transformer(VARIANTS[1])
    ids = torch.tensor([[1, 2, 3, 4]])
    swapped = torch.tensor([[2, 1, 3, 4]])
    assert not torch.allclose(model(ids)[0, -1], model(swapped)[0, -1], atol=1e-4)


def test_it_starts_as_the_identity():
    torch.manual_seed(0)
    model = Transformer(VARIANTS[1])
    ids = torch.tensor([[5, 9]])
    alone = model(torch.tensor([[9]]))
    torch.testing.assert_close(model(ids)[0, 1], alone[0, 0])  # nothing gathered yet


def test_parameters_are_counted_once():
    model = Transformer(TransformerConfig(vocab_size=100, d_model=16, n_layers=1, qk_norm=False))
    # embedding (tied), qkv + out, up + down, three norms
    assert model.n_params() == 100 * 16 + 4 * 16 * 16 + 2 * 16 * 64 + 3 * 16


def test_it_learns_one_batch_by_heart():
    torch.manual_seed(0)
    model = Transformer(TransformerConfig(vocab_size=20, context_length=16, n_layers=2, d_model=32))
    ids = torch.randint(0, 20, (4, 17))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        loss = F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


def test_mistakes_get_clear_errors():
    model = Transformer(VARIANTS[1])
    with pytest.raises(MinilmError, match="33 tokens, but this model's context is 32"):
        model(torch.zeros(1, 33, dtype=torch.int64))
    cache = model.make_cache()
    model(torch.zeros(1, 30, dtype=torch.int64), cache)
    with pytest.raises(MinilmError, match="33 tokens"):
        model(torch.zeros(1, 3, dtype=torch.int64), cache)
    with pytest.raises(MinilmError, match="swiglu"):
        Transformer(TransformerConfig(vocab_size=9, feedforward="geglu"))
    with pytest.raises(MinilmError, match="multiple"):
        Transformer(TransformerConfig(vocab_size=9, d_model=30, n_heads=4))
