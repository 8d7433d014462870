"""AdamW and Muon against torch's own, step by step, and the split between them."""

import pytest
import torch

from minilm.model.recurrent import LSTM, LSTMConfig
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.adamw import AdamW
from minilm.train.muon import Muon, orthogonalize
from minilm.train.optimizers import make_optimizers
from minilm.tune.classify import Classifier


def twins(*shapes):
    """Two equal lists of weights."""
    torch.manual_seed(0)
    ours = [torch.randn(shape, requires_grad=True) for shape in shapes]
    return ours, [weight.detach().clone().requires_grad_() for weight in ours]


def descend(weights, optimizer, steps):
    """Minimise a curved function of all weights, changing its shape every step."""
    for step in range(steps):
        optimizer.zero_grad()
        sum(((w - step / 10).sin() * w.square()).sum() for w in weights).backward()
        optimizer.step()


def test_adamw_equals_torchs():
    ours, theirs = twins((5, 7), (4,), (3, 3, 3))
    settings = {"lr": 0.02, "betas": (0.9, 0.98), "eps": 1e-6}
    groups = [
        {"params": [theirs[0], theirs[2]], "weight_decay": 0.3},
        {"params": [theirs[1]], "weight_decay": 0.0},  # vectors are not decayed
    ]
    descend(ours, AdamW(ours, weight_decay=0.3, **settings), 40)
    descend(theirs, torch.optim.AdamW(groups, **settings), 40)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-5)


def test_adamw_leaves_alone_what_has_no_gradient():
    used, unused = torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True)
    descend([used], AdamW([used, unused]), 1)
    assert unused.tolist() == [[1, 1], [1, 1]]
    assert used.tolist() != [[1, 1], [1, 1]]


@pytest.mark.parametrize("shape", [(32, 32), (20, 60), (60, 20)])
def test_orthogonalize_keeps_directions_and_levels_strengths(shape):
    torch.manual_seed(0)
    left, _, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    strengths = torch.logspace(0, -1.5, min(shape))
    result = orthogonalize(left @ torch.diag(strengths) @ right)
    levelled = left.T @ result @ right.T
    assert levelled.diagonal().min() > 0.6
    assert levelled.diagonal().max() < 1.3
    torch.testing.assert_close(
        levelled - torch.diag(levelled.diagonal()), torch.zeros_like(levelled), atol=1e-4, rtol=0
    )


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch.optim.Muon came with torch 2.9")
def test_muon_equals_torchs():
    ours, theirs = twins((6, 9), (12, 5))
    settings = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}
    descend(ours, Muon(ours, **settings), 10)
    descend(theirs, torch.optim.Muon(theirs, adjust_lr_fn="original", **settings), 10)
    for mine, other in zip(ours, theirs, strict=True):  # torch's orthogonalises in bfloat16
        torch.testing.assert_close(mine, other, atol=0.02, rtol=0)


def test_muon_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match="matrices only"):
        Muon([torch.zeros(3)])


@pytest.mark.parametrize("in_classifier", [False, True])
@pytest.mark.parametrize(
    "backbone",
    [
        Transformer(TransformerConfig(vocab_size=20, d_model=16, tie_embeddings=False)),
        LSTM(LSTMConfig(vocab_size=20, d_model=16)),
    ],
)
def test_matrices_inside_go_to_muon_and_the_rest_to_adamw(backbone, in_classifier):
    model = Classifier(backbone) if in_classifier else backbone
    adamw, muon = make_optimizers(
        model, learning_rate=1e-3, muon_learning_rate=0.02, weight_decay=0.1
    )
    names = {id(weight): name for name, weight in model.named_parameters()}
    moved = {kind: [names.pop(id(w)) for g in kind.param_groups for w in g["params"]]
             for kind in (adamw, muon)}  # fmt: skip
    assert not names  # every weight has one optimiser
    assert not [name for name in moved[muon] if "embedding" in name or "head" in name]
    assert len(moved[muon]) >= 4
    alone = make_optimizers(model, learning_rate=1e-3, muon_learning_rate=0, weight_decay=0.1)
    assert [type(optimizer) for optimizer in alone] == [AdamW]
