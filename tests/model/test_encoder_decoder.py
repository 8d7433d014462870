"""The encoder-decoder against transformers' T5 and torch's decoder layers, and with a cache."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers import T5Config, T5ForConditionalGeneration

from minilm.errors import MinilmError
from minilm.model.attention import attend
from minilm.model.config import TransformerConfig
from minilm.model.cross_attention import CrossAttention
from minilm.model.encoder_decoder import EncoderDecoder, EncoderDecoderConfig

VOCAB = 61
T5 = EncoderDecoderConfig(
    VOCAB, context_length=32, n_layers=3, n_encoder_layers=2, n_heads=4, d_model=32, d_head=6,
    d_ff=48, feedforward="swiglu", qk_norm=False, position="none",
    norm_eps=1e-6,
)  # fmt: skip
SMALL = EncoderDecoderConfig(VOCAB, context_length=32, n_layers=2, n_encoder_layers=1, d_model=32)
VARIANTS = {
    "usual": SMALL,
    "shared keys": replace(SMALL, n_kv_heads=2),
    "t5": T5,
    "2017": replace(SMALL, norm="layer", bias=True, position="sinusoidal", feedforward="gelu"),
    "learned": replace(SMALL, position="learned"),
    "alibi": replace(SMALL, position="alibi"),
    "window": replace(SMALL, window=5),
    "latent": replace(SMALL, attention="latent"),
    "experts": replace(SMALL, feedforward="experts"),
}


def stirred(model, seed=0):
    """The model with weights that all matter: branches of a new one begin at zero."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model


def random_ids(*shape, seed=2):
    return torch.randint(0, VOCAB, shape, generator=torch.Generator().manual_seed(seed))


def padded(n_rows=2, length=11, there=7):
    """Which places of a source hold a token: the last row has only a few."""
    present = torch.ones(n_rows, length, dtype=torch.bool)
    present[-1, there:] = False
    return present


def from_t5(tensors, config, query=1.0):
    """Rename and fuse T5's tensors (weights or gradients alike) into our layout.

    T5 does not divide its scores by sqrt(K): our queries are sqrt(K) times its own (`query`), and
    the gradients by them that much smaller.
    """
    ours = {
        "embedding.weight": tensors["shared.weight"],
        "encoder_norm.weight": tensors["encoder.final_layer_norm.weight"],
        "norm.weight": tensors["decoder.final_layer_norm.weight"],
    }
    sides = {"encoder": config.n_encoder_layers, "decoder": config.n_layers}
    for side, i in [(side, i) for side, n in sides.items() for i in range(n)]:
        theirs = {
            name.removeprefix(f"{side}.block.{i}.layer."): tensor
            for name, tensor in tensors.items() if name.startswith(f"{side}.block.{i}.")
        }  # fmt: skip
        last = 1 if side == "encoder" else 2
        ours |= {
            f"{side}.{i}.attention.qkv.weight": torch.cat([
                theirs["0.SelfAttention.q.weight"] * query,
                theirs["0.SelfAttention.k.weight"],
                theirs["0.SelfAttention.v.weight"],
            ]),
            f"{side}.{i}.attention.out.weight": theirs["0.SelfAttention.o.weight"],
            f"{side}.{i}.attention_norm.weight": theirs["0.layer_norm.weight"],
            f"{side}.{i}.feedforward.gate.weight": theirs[f"{last}.DenseReluDense.wi_0.weight"],
            f"{side}.{i}.feedforward.up.weight": theirs[f"{last}.DenseReluDense.wi_1.weight"],
            f"{side}.{i}.feedforward.down.weight": theirs[f"{last}.DenseReluDense.wo.weight"],
            f"{side}.{i}.feedforward_norm.weight": theirs[f"{last}.layer_norm.weight"],
        }  # fmt: skip
        if side == "decoder":
            key, value = (theirs[f"1.EncDecAttention.{name}.weight"] for name in "kv")
            ours |= {
                f"decoder.{i}.cross_norm.weight": theirs["1.layer_norm.weight"],
                f"decoder.{i}.cross_attention.query.weight":
                    theirs["1.EncDecAttention.q.weight"] * query,
                f"decoder.{i}.cross_attention.kv.weight": torch.cat([key, value]),
                f"decoder.{i}.cross_attention.out.weight": theirs["1.EncDecAttention.o.weight"],
            }  # fmt: skip
    return ours


def test_logits_and_gradients_equal_t5s_padding_and_all():
    """T5 with gated SiLU, and with its position biases at zero, which is ours without positions."""
    torch.manual_seed(1)
    theirs = T5ForConditionalGeneration(
        T5Config(
            vocab_size=VOCAB, d_model=32, d_kv=6, d_ff=48, num_layers=2, num_decoder_layers=3,
            num_heads=4, dropout_rate=0.0, layer_norm_epsilon=1e-6, tie_word_embeddings=False,
            feed_forward_proj="gated-silu", is_encoder_decoder=True,
        )
    )  # fmt: skip
    stirred(theirs)
    with torch.no_grad():
        for name, weight in theirs.named_parameters():
            if "relative_attention_bias" in name:
                weight.zero_()
    ours, scale = EncoderDecoder(T5), T5.head_width**0.5
    ours.load_state_dict(from_t5(theirs.state_dict(), T5, scale), strict=False)
    assert theirs.lm_head.weight is theirs.shared.weight  # tied, like ours
    source, target, present = random_ids(2, 11), random_ids(2, 8, seed=3), padded()

    logits = [
        ours(source, target, present),
        theirs(
            input_ids=source, decoder_input_ids=target, attention_mask=present.long()
        ).logits,
    ]  # fmt: skip
    torch.testing.assert_close(logits[0], logits[1], atol=1e-5, rtol=1e-4)

    for scores in logits:
        F.cross_entropy(scores.flatten(0, 1), random_ids(16, seed=4)).backward()
    gradients = from_t5({n: w.grad for n, w in theirs.named_parameters()}, T5, 1 / scale)
    assert set(gradients) == {name for name, _ in ours.named_parameters()}
    for name, weight in ours.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], atol=1e-5, rtol=1e-3, msg=name)


def test_the_decoder_of_2017_equals_torchs_decoder_layers():
    config = replace(SMALL, norm="layer", bias=True, position="none", feedforward="gelu",
                     qk_norm=False)  # fmt: skip
    ours = stirred(EncoderDecoder(config))
    layer = nn.TransformerDecoderLayer(
        32, 4, 128, dropout=0.0, activation=lambda x: F.gelu(x, approximate="tanh"),
        batch_first=True, norm_first=True,
    )  # fmt: skip
    theirs = nn.TransformerDecoder(layer, 2, nn.LayerNorm(32))
    names = {
        "self_attn.in_proj_": "attention.qkv.", "self_attn.out_proj.": "attention.out.",
        "multihead_attn.out_proj.": "cross_attention.out.",
        "linear1.": "feedforward.up.", "linear2.": "feedforward.down.",
        "norm1.": "attention_norm.", "norm2.": "cross_norm.", "norm3.": "feedforward_norm.",
    }  # fmt: skip
    state = ours.state_dict()
    tensors = {f"norm.{kind}": state[f"norm.{kind}"] for kind in ("weight", "bias")}
    for i, kind in [(i, kind) for i in range(2) for kind in ("weight", "bias")]:
        for their, our in names.items():
            tensors[f"layers.{i}.{their}{kind}"] = state[f"decoder.{i}.{our}{kind}"]
        cross = [state[f"decoder.{i}.cross_attention.{part}.{kind}"] for part in ("query", "kv")]
        tensors[f"layers.{i}.multihead_attn.in_proj_{kind}"] = torch.cat(cross)
    theirs.load_state_dict(tensors)

    source, target, present = random_ids(2, 11), random_ids(2, 8, seed=3), padded()
    wanted = theirs(
        ours.embedding(target), ours.hidden(source, present), memory_key_padding_mask=~present,
        tgt_mask=nn.Transformer.generate_square_subsequent_mask(8),
    )  # fmt: skip
    got = ours(source, target, present)
    torch.testing.assert_close(got, wanted @ ours.head.weight.T, atol=1e-5, rtol=1e-4)


def test_cross_attention_equals_torchs_and_the_definition():
    torch.manual_seed(0)
    layer = CrossAttention(TransformerConfig(9, n_heads=4, d_model=32, qk_norm=False, bias=True))
    theirs = nn.MultiheadAttention(32, 4, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat([layer.query.weight, layer.kv.weight]),
            "in_proj_bias": torch.cat([layer.query.bias, layer.kv.bias]),
            "out_proj.weight": layer.out.weight, "out_proj.bias": layer.out.bias,
        }
    )  # fmt: skip
    x, states, present = torch.randn(2, 5, 32), torch.randn(2, 11, 32), padded()
    key, value = layer.remember(states)
    got = layer(x, key, value, present[:, None, None, :])
    wanted, weights = theirs(
        x, states, states, key_padding_mask=~present, average_attn_weights=False
    )
    torch.testing.assert_close(got, wanted)
    by_hand = attend(layer.ask(x), key, value, present[:, None, None, :])[1]
    torch.testing.assert_close(by_hand, weights)


def test_queries_and_keys_are_normalised_if_asked_for():
    torch.manual_seed(0)
    layer = CrossAttention(TransformerConfig(9, n_heads=4, d_model=32))
    states = 7 * torch.randn(2, 11, 32)
    key, value = layer.remember(states)
    for heads in (layer.ask(states), key):
        torch.testing.assert_close(heads.square().mean(-1), torch.ones(2, 4, 11))
    assert value.square().mean() > 10  # and values keep their size


def test_query_heads_may_share_what_is_remembered():
    torch.manual_seed(0)
    layer = CrossAttention(TransformerConfig(9, n_heads=4, n_kv_heads=2, d_model=32, d_head=6))
    x, states = torch.randn(2, 5, 32), torch.randn(2, 11, 32)
    key, value = layer.remember(states)
    assert key.shape == value.shape == (2, 2, 11, 6)
    full = [tensor.repeat_interleave(2, dim=1) for tensor in (key, value)]
    torch.testing.assert_close(layer(x, key, value), layer(x, *full))


@pytest.mark.parametrize("name", VARIANTS)
def test_the_target_is_causal_and_sees_all_of_the_source(name):
    model = stirred(EncoderDecoder(replace(VARIANTS[name], window=None)))
    source, target = random_ids(1, 7), random_ids(1, 8, seed=3)
    before = model(source, target)
    for place in range(8):
        changed = target.clone()
        changed[0, place] = (changed[0, place] + 1) % VOCAB
        moved = (model(source, changed) - before)[0].abs().amax(dim=-1)
        assert (moved[:place] < 1e-5).all()  # experts round by how many come
        assert moved[place] > 1e-4
    for place in range(7):
        changed = source.clone()
        changed[0, place] = (changed[0, place] + 1) % VOCAB
        assert ((model(changed, target) - before)[0].abs().amax(dim=-1) > 1e-6).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_padding_changes_nothing(name):
    model = stirred(EncoderDecoder(VARIANTS[name])).double()
    source, target, present = random_ids(2, 11), random_ids(2, 8, seed=3), padded()
    together = model(source, F.pad(target, (0, 3), value=5), present)[:, :8]
    alone = torch.cat([model(source[:1], target[:1]), model(source[1:, :7], target[1:])])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(model(source, target)[1], alone[1], atol=1e-4)  # without the mask


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("pieces", [[1] * 8, [3, 1, 4]])
def test_writing_with_a_cache_equals_writing_at_once(name, pieces):
    model = stirred(EncoderDecoder(VARIANTS[name]))
    source, target, present = random_ids(2, 11), random_ids(2, 8, seed=3), padded()
    memory, cache = model.encode(source, present), model.make_cache(2, 8)
    parts = [model.decode(piece, memory, cache) for piece in target.split(pieces, dim=1)]
    wanted = model(source, target, present)
    torch.testing.assert_close(torch.cat(parts, dim=1), wanted, atol=1e-5, rtol=1e-4)
    assert len(cache) == 8


def test_rows_of_the_memory_and_the_cache_can_be_chosen():
    model = stirred(EncoderDecoder(SMALL))
    source, target, present = random_ids(2, 11), random_ids(2, 8, seed=3), padded()
    memory, cache = model.encode(source, present), model.make_cache(2)
    model.decode(target[:, :4], memory, cache)
    rows = torch.tensor([1, 0, 1])
    cache.select(rows)
    got = model.decode(target[rows, 4:], memory.select(rows), cache)
    wanted = model(source, target, present)[rows, 4:]
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def test_the_source_is_read_once(monkeypatch):
    model = EncoderDecoder(SMALL)
    calls = []
    hidden = EncoderDecoder.hidden
    monkeypatch.setattr(EncoderDecoder, "hidden", lambda *a: calls.append(1) or hidden(*a))
    memory, cache = model.encode(random_ids(1, 5)), model.make_cache()
    for _ in range(4):
        model.decode(random_ids(1, 1), memory, cache)
    assert len(calls) == 1


def test_it_starts_as_the_identity_with_one_embedding():
    torch.manual_seed(0)
    model = EncoderDecoder(SMALL)
    assert model.head.weight is model.embedding.weight
    target = torch.tensor([[5, 9]])
    torch.testing.assert_close(
        model(random_ids(1, 4), target)[0, 1], model(random_ids(1, 6), target[:, 1:])[0, 0]
    )
    per_block = 4 * 32 * 32 + 8 * 32 * 32 + 2 * 32 + 2 * 8  # attention, feed-forward, norms
    cross = 4 * 32 * 32 + 32 + 2 * 8
    assert model.n_params() == VOCAB * 32 + 3 * per_block + 2 * cross + 2 * 32


def test_experts_ask_for_balance():
    model = stirred(EncoderDecoder(VARIANTS["experts"])).train()
    model(random_ids(2, 9), random_ids(2, 4))
    assert model.extra_loss() > 0


def test_what_is_too_long_gets_a_clear_error():
    model = EncoderDecoder(SMALL)
    with pytest.raises(MinilmError, match="33 tokens, but this model's context is 32"):
        model(random_ids(1, 33), random_ids(1, 2))
    with pytest.raises(MinilmError, match="context is 32"):
        model(random_ids(1, 2), random_ids(1, 33))
