"""The encoder against transformers' EuroBERT and torch's encoder layers, and against itself."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from transformers import EuroBertConfig, EuroBertForMaskedLM

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig
from minilm.model.encoder import Encoder, two_sided_mask
from minilm.model.transformer import Transformer

VOCAB = 61
CONFIG = TransformerConfig(
    VOCAB, context_length=32, n_layers=3, n_heads=4, n_kv_heads=2, d_model=32, d_ff=48,
    feedforward="swiglu", tie_embeddings=False, qk_norm=False,
)  # fmt: skip
SMALL = TransformerConfig(VOCAB, context_length=32, n_layers=2, d_model=32)
BERT = replace(
    SMALL, norm="layer", bias=True, position="learned", feedforward="gelu", qk_norm=False
)
VARIANTS = {
    "usual": SMALL,
    "llama": CONFIG,
    "bert": BERT,
    "alibi": replace(SMALL, position="alibi"),
    "sinusoidal": replace(SMALL, position="sinusoidal"),
    "window": replace(SMALL, window=4),
    "alibi and window": replace(SMALL, position="alibi", window=4),
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


def interleave(rows, n_heads):
    """Pairs (i, i + K/2), in halves, as our neighbours (2i, 2i + 1), in each head."""
    return rows.unflatten(0, (n_heads, 2, -1)).transpose(1, 2).flatten(0, 2)


def from_eurobert(tensors, config):
    """Rename and fuse EuroBERT's tensors (weights or gradients alike) into our layout."""
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
                interleave(theirs["self_attn.k_proj.weight"], config.n_kv_heads),
                theirs["self_attn.v_proj.weight"],
            ]),
            f"blocks.{i}.feedforward.gate.weight": theirs["mlp.gate_proj.weight"],
            f"blocks.{i}.feedforward.up.weight": theirs["mlp.up_proj.weight"],
            f"blocks.{i}.feedforward.down.weight": theirs["mlp.down_proj.weight"],
        }  # fmt: skip
    return ours


def test_logits_and_gradients_equal_euroberts_padding_and_all():
    torch.manual_seed(1)
    theirs = EuroBertForMaskedLM(
        EuroBertConfig(
            vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=32,
            rms_norm_eps=CONFIG.norm_eps, tie_word_embeddings=False, bos_token_id=None,
            rope_parameters={"rope_type": "default", "rope_theta": CONFIG.rope_base},
            eos_token_id=None, pad_token_id=None, attn_implementation="eager",
        )
    )  # fmt: skip
    stirred(theirs)  # norms start at one, where a missing weight would not show
    ours = Encoder(CONFIG)
    ours.load_state_dict(from_eurobert(theirs.state_dict(), CONFIG))
    ids, present = random_ids(2, 20), torch.ones(2, 20, dtype=torch.int64)
    present[1, 13:] = 0

    logits = [ours(ids, documents=present), theirs(ids, attention_mask=present).logits]
    here = present.bool()
    torch.testing.assert_close(logits[0][here], logits[1][here], atol=1e-5, rtol=1e-4)

    for scores in logits:
        F.cross_entropy(scores[here], ids[here]).backward()
    gradients = from_eurobert({n: w.grad for n, w in theirs.named_parameters()}, CONFIG)
    assert set(gradients) == {name for name, _ in ours.named_parameters()}
    for name, weight in ours.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], atol=1e-5, rtol=1e-3, msg=name)


def test_with_berts_choices_it_equals_torchs_encoder_layers():
    """LayerNorm, biases and GELU, as in BERT, with the norm before each part."""
    ours = stirred(Encoder(BERT))
    layer = nn.TransformerEncoderLayer(
        32, 4, 128, dropout=0.0, activation=lambda x: F.gelu(x, approximate="tanh"),
        batch_first=True, norm_first=True,
    )  # fmt: skip
    theirs = nn.TransformerEncoder(layer, 2, nn.LayerNorm(32), enable_nested_tensor=False)
    names = {
        "self_attn.in_proj_": "attention.qkv.", "self_attn.out_proj.": "attention.out.",
        "linear1.": "feedforward.up.", "linear2.": "feedforward.down.",
        "norm1.": "attention_norm.", "norm2.": "feedforward_norm.",
    }  # fmt: skip
    pairs = {"norm.weight": "norm.weight", "norm.bias": "norm.bias"} | {
        f"layers.{i}.{their}{kind}": f"blocks.{i}.{our}{kind}"
        for i in range(2) for their, our in names.items() for kind in ("weight", "bias")
    }  # fmt: skip
    state = ours.state_dict()
    theirs.load_state_dict({their: state[our] for their, our in pairs.items()})
    ids, padding = random_ids(2, 20), torch.zeros(2, 20, dtype=torch.bool)
    padding[1, 13:] = True
    x = ours.embedding(ids) + ours.positions.weight[:20]
    wanted = theirs(x, src_key_padding_mask=padding)[~padding]
    got = ours.hidden(ids, documents=(~padding).long())[~padding]
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)
    weights = torch.randn(got.shape)
    (got * weights).sum().backward()
    found = {our: dict(ours.named_parameters())[our].grad for our in pairs.values()}
    (wanted * weights).sum().backward()
    for name, weight in theirs.named_parameters():
        torch.testing.assert_close(found[pairs[name]], weight.grad, atol=2e-4, rtol=1e-3, msg=name)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_position_depends_on_every_other(name):
    config = replace(VARIANTS[name], window=None, n_layers=1)
    model = stirred(Encoder(config))
    ids = random_ids(1, 6)
    before = model(ids)
    for place in range(6):
        changed = ids.clone()
        changed[0, place] = (changed[0, place] + 1) % VOCAB
        assert ((model(changed) - before)[0].abs().amax(dim=-1) > 1e-6).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_padding_and_neighbours_in_the_row_change_nothing(name):
    model = stirred(Encoder(VARIANTS[name])).double()
    ids = random_ids(1, 19)
    parts = ids.split([7, 12], dim=1)
    documents = torch.tensor([[3] * 7 + [1] * 12 + [-1] * 5])
    together = model(F.pad(ids, (0, 5), value=9), documents=documents)[:, :19]
    alone = torch.cat([model(part) for part in parts], dim=1)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(model(ids), alone, atol=1e-3)  # without the numbers they would mix


def test_it_is_the_decoder_with_another_mask():
    decoder = stirred(Transformer(SMALL))
    encoder = Encoder(SMALL)
    encoder.load_state_dict(decoder.state_dict())
    ids = random_ids(2, 9)
    assert not torch.allclose(encoder(ids)[:, :-1], decoder(ids)[:, :-1], atol=1e-3)
    one = ids[:, :1]  # a text without a future
    torch.testing.assert_close(encoder(one), decoder(one))


def test_masks_by_hand():
    numbers, x = torch.tensor([[0, 0, 1, 0]]), torch.zeros(1, 4, 32)
    assert two_sided_mask(SMALL, x, numbers)[0, 0].int().tolist() == [
        [1, 1, 0, 1], [1, 1, 0, 1], [0, 0, 1, 0], [1, 1, 0, 1],
    ]  # fmt: skip
    near = two_sided_mask(replace(SMALL, window=2), x, torch.zeros(1, 4))
    assert near[0, 0].int().tolist() == [
        [1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1],
    ]  # fmt: skip
    costs = two_sided_mask(replace(SMALL, position="alibi"), x, numbers)
    assert costs.shape == (1, 4, 4, 4)
    slope = 2.0**-2  # of the first of four heads
    assert costs[0, 0, 0].tolist() == [0, -slope, -torch.inf, -3 * slope]


def test_experts_ask_for_balance():
    model = stirred(Encoder(VARIANTS["experts"])).train()
    model(random_ids(2, 9))
    assert model.extra_loss() > 0


def test_it_cannot_write_and_says_so():
    model = Encoder(SMALL)
    with pytest.raises(MinilmError, match="cannot write"):
        model.make_cache()
    with pytest.raises(MinilmError, match="context is 32"):
        model(random_ids(1, 33))
    with pytest.raises(MinilmError, match="one number"):
        model(random_ids(1, 9), documents=torch.zeros(1, 8))
