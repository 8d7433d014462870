"""Bengio's network against its formula, one position at a time."""

import torch

from minilm.model.mlp import MLP, MLPConfig, back

CONFIG = MLPConfig(vocab_size=31, n_tokens=3, d_token=5, d_model=7)


def by_the_formula(model, context):
    """b + U tanh(d + H x) for one context, a list of ids, the newest last."""
    vectors = [torch.zeros(CONFIG.d_token)] * CONFIG.n_tokens + [
        model.embedding.weight[token] for token in context
    ]
    x = torch.cat(vectors[: -CONFIG.n_tokens - 1 : -1])  # the newest first
    hidden = torch.tanh(model.mix.bias + model.mix.weight @ x)
    return model.head.bias + model.head.weight @ hidden


def stirred():
    torch.manual_seed(0)
    model = MLP(CONFIG)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight))
    return model


def test_every_position_equals_the_formula():
    model = stirred()
    ids = torch.randint(0, 31, (2, 9))
    logits = model(ids)
    assert logits.shape == (2, 9, 31)
    assert model.hidden(ids).shape == (2, 9, 7)
    for row, scores in zip(ids.tolist(), logits, strict=True):
        for t in range(9):
            torch.testing.assert_close(scores[t], by_the_formula(model, row[: t + 1]))


def test_it_sees_its_window_and_nothing_else():
    model = stirred()
    ids = torch.randint(0, 31, (1, 12))
    for place in range(12):
        changed = ids.clone()
        changed[0, place] = (ids[0, place] + 1) % 31
        differs = (model(ids) != model(changed)).any(dim=-1)[0]
        wanted = [place <= t < place + CONFIG.n_tokens for t in range(12)]
        assert differs.tolist() == wanted


def test_reading_in_pieces_equals_reading_at_once():
    model = stirred()
    ids = torch.randint(0, 31, (2, 20))
    cache = model.make_cache(batch_size=2)
    parts = [model(piece, cache) for piece in ids.split([1, 1, 1, 7, 10], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids))
    assert len(cache) == 20
    assert cache.ids.shape == (2, CONFIG.n_tokens - 1)


def test_parameters_by_the_formula():
    v, n, e, d = 31, 3, 5, 7
    assert MLP(CONFIG).n_params() == v * e + (n * e * d + d) + (d * v + v)


def test_stepping_back():
    x = torch.tensor([[1, 2, 3, 4]])
    assert back(x, 0).tolist() == [[1, 2, 3, 4]]
    assert back(x, 3).tolist() == [[0, 0, 0, 1]]
    assert back(x, 9).tolist() == [[0, 0, 0, 0]]
    assert back(torch.ones(2, 3, 4), 1).sum(dim=(0, 2)).tolist() == [0, 8, 8]
