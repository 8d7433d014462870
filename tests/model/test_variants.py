"""Every position, attention and feed-forward layer keeps the promises of a decoder."""

import pytest
import torch
import torch.nn.functional as F

from minilm.errors import MinilmError
from minilm.model.attention import attend, causal_mask
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.serve.engine import generate

POSITIONS = ("rope", "learned", "sinusoidal", "alibi", "none")
VARIANTS = {
    f"{position}, {attention}{', window' if window else ''}": {
        "position": position, "attention": attention, "window": window,
    }
    for position in POSITIONS for attention in ("grouped", "latent") for window in (None, 5)
}  # fmt: skip
VARIANTS |= {
    "one key head": {"n_kv_heads": 1, "n_heads": 4, "position": "alibi"},
    "odd heads": {"n_heads": 3, "d_head": 10, "position": "alibi"},
    "GPT-2": {"norm": "layer", "bias": True, "position": "learned", "feedforward": "gelu"},
    "compressed queries": {"attention": "latent", "q_rank": 9, "d_rope": 6, "kv_rank": 11},
    "latent, biases": {"attention": "latent", "bias": True, "position": "alibi"},
    "experts": {"feedforward": "experts", "d_ff": 12},
    "experts, window": {"feedforward": "experts", "n_active_experts": 1, "window": 3, "d_ff": 12},
}  # fmt: skip
every = pytest.mark.parametrize("name", VARIANTS)


def stirred(name: str) -> Transformer:
    """A transformer whose weights all matter: branches of a new one begin at zero."""
    torch.manual_seed(0)
    usual = {"n_layers": 2, "n_heads": 2, "d_model": 24}
    model = Transformer(TransformerConfig(41, context_length=24, **(usual | VARIANTS[name])))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model.eval()


@every
def test_the_future_cannot_be_seen_and_the_past_can(name):
    model, ids = stirred(name), torch.randint(0, 41, (2, 20))
    changed = ids.clone()
    changed[:, 12] = (changed[:, 12] + 1) % 41
    before, after = model(ids), model(changed)
    torch.testing.assert_close(before[:, :12], after[:, :12], atol=1e-6, rtol=0)
    differs = (before - after).abs().amax(dim=-1) > 1e-5  # (B, T)
    reach = 20 if model.config.window is None else 12 + 2 * (model.config.window - 1) + 1
    assert differs[:, 12].all()
    assert differs[:, 13:reach].float().mean() > 0.9
    assert not differs[:, reach:].any()


@every
@pytest.mark.parametrize("pieces", [[1] * 20, [7, 1, 5, 7]])
def test_reading_in_pieces_with_a_cache_equals_reading_at_once(name, pieces):
    model, ids = stirred(name), torch.randint(0, 41, (2, 20))
    cache = model.make_cache(batch_size=2)
    parts = [model(piece, cache) for piece in ids.split(pieces, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), atol=1e-5, rtol=1e-4)
    assert len(cache) == 20


@every
def test_a_document_in_a_row_is_read_as_if_alone(name):
    model, ids = stirred(name).double(), torch.randint(0, 41, (1, 20))
    packed = model(ids, documents=torch.tensor([[3] * 7 + [1] * 13]))
    alone = torch.cat([model(part) for part in ids.split([7, 13], dim=1)], dim=1)
    torch.testing.assert_close(packed, alone, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(alone)
    wanted = torch.autograd.grad((alone * weights).sum(), list(model.parameters()))
    found = torch.autograd.grad((packed * weights).sum(), list(model.parameters()))
    for got, expected in zip(found, wanted, strict=True):
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(got, expected, atol=1e-4 * scale, rtol=1e-4)


@every
def test_generating_with_a_cache_writes_what_generating_without_writes(name):
    model = stirred(name)
    texts = [list(generate(model, [1, 2, 3], max_new_tokens=30, seed=4, use_cache=use_cache))
             for use_cache in (True, False)]  # fmt: skip
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 5  # and past the end of the context


def test_the_default_is_the_transformer_it_was():
    """Weights in the order in which they were always drawn, and the forward pass by hand."""
    config = TransformerConfig(41, context_length=24, n_layers=2, n_heads=2, d_model=24)
    torch.manual_seed(3)
    model = Transformer(config)
    torch.manual_seed(3)
    torch.nn.Embedding(41, 24)
    for _ in range(2):
        for rows, columns in [(72, 24), (24, 24), (96, 24), (24, 96)]:
            torch.nn.Linear(columns, rows, bias=False)
    torch.nn.Linear(24, 41, bias=False)
    drawn = {"embedding.weight": torch.empty(41, 24).normal_(std=0.02)}
    for i in range(2):
        drawn[f"blocks.{i}.attention.qkv.weight"] = torch.empty(72, 24).normal_(std=24**-0.5)
        drawn[f"blocks.{i}.feedforward.up.weight"] = torch.empty(96, 24).normal_(std=24**-0.5)
    drawn["head.weight"] = drawn["embedding.weight"]
    state = model.state_dict()
    for name, weight in state.items():
        if name not in drawn and not name.endswith("norm.weight"):
            assert not weight.any(), name
        elif name in drawn:
            assert weight.equal(drawn[name]), name

    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    ids = torch.randint(0, 41, (2, 20))
    x = model.embedding(ids)
    for block in model.blocks:
        query, key, value = block.attention.project(block.attention_norm(x), model.rotary)
        heads, _ = attend(query, key, value, causal_mask(20, 20))
        x = x + block.attention.out(heads.transpose(1, 2).flatten(2))
        detectors = F.relu(block.feedforward.up(block.feedforward_norm(x)))
        x = x + block.feedforward.down(detectors**2)
    expected = model.norm(x) @ model.embedding.weight.T
    torch.testing.assert_close(model(ids), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("field", "names"), [
    ("norm", '"rms", "layer"'),
    ("attention", '"grouped", "latent"'),
    ("feedforward", '"relu2", "swiglu", "gelu", "experts"'),
    ("position", '"rope", "alibi", "none", "learned", "sinusoidal"'),
])  # fmt: skip
def test_an_unknown_choice_is_answered_with_those_that_exist(field, names):
    with pytest.raises(MinilmError, match=f"{field} is 'best'; write one of {names} instead"):
        Transformer(TransformerConfig(9, **{field: "best"}))


def test_sizes_that_cannot_be_get_clear_errors():
    with pytest.raises(MinilmError, match="sees nothing"):
        TransformerConfig(9, window=0)
    with pytest.raises(MinilmError, match="a multiple of n_kv_heads 3"):
        Transformer(TransformerConfig(9, n_kv_heads=3, d_head=8))


def test_every_choice_is_born_as_the_identity():
    torch.manual_seed(0)
    old = {"norm": "layer", "bias": True, "position": "learned", "feedforward": "gelu"}
    model = Transformer(TransformerConfig(41, context_length=24, n_layers=2, d_model=24, **old))
    for name, weight in model.named_parameters():
        if name.endswith(("bias", "out.weight", "down.weight")):
            assert not weight.any(), name
    assert 0.018 < model.positions.weight.std() < 0.022
    model = Transformer(TransformerConfig(41, n_layers=1, d_model=24, feedforward="experts"))
    experts = model.blocks[0].feedforward.experts
    assert not any(expert.down.weight.any() for expert in experts)
    assert experts[0].up.weight.shape == (64, 24)  # three matrices, 8/3 of the width


def test_every_norm_has_the_eps_of_the_config():
    for attention in ("grouped", "latent"):
        config = TransformerConfig(9, d_model=32, norm_eps=0.5, attention=attention, q_rank=8)
        norms = [part for part in Transformer(config).modules() if hasattr(part, "eps")]
        assert len(norms) == 4 * config.n_layers + 1
        assert {norm.eps for norm in norms} == {0.5}
