"""AdamW, SGD, Lion and Muon against torch's own and the papers, step by step; who moves what."""

import numpy as np
import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.recurrent import LSTM, LSTMConfig
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.adamw import AdamW
from minilm.train.checkpoint import load_checkpoint, save_checkpoint
from minilm.train.lion import Lion
from minilm.train.muon import Muon, orthogonalize
from minilm.train.optimizers import make_optimizers, move
from minilm.train.sgd import SGD
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


def assert_equal(ours, theirs, **tolerance):
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, **(tolerance or {"atol": 1e-6, "rtol": 1e-5}))


def decaying(weights, weight_decay):
    """Torch's groups for our rule that vectors do not decay."""
    return [
        {"params": [w for w in weights if w.ndim > 1], "weight_decay": weight_decay},
        {"params": [w for w in weights if w.ndim == 1], "weight_decay": 0.0},
    ]


@pytest.mark.parametrize("betas", [(0.9, 0.98), (0.0, 0.5), (0.95, 0.999)])
@pytest.mark.parametrize(("eps", "weight_decay"), [(1e-8, 0.0), (1e-3, 0.3)])
def test_adamw_equals_torchs(betas, eps, weight_decay):
    ours, theirs = twins((5, 7), (4,), (3, 3, 3))
    settings = {"lr": 0.02, "betas": betas, "eps": eps}
    descend(ours, AdamW(ours, weight_decay=weight_decay, **settings), 40)
    descend(theirs, torch.optim.AdamW(decaying(theirs, weight_decay), **settings), 40)
    assert_equal(ours, theirs)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_sgd_equals_torchs(momentum, nesterov, weight_decay):
    ours, theirs = twins((5, 7), (4,), (3, 3, 3))
    settings = {"lr": 0.02, "momentum": momentum, "nesterov": nesterov and momentum > 0}
    coupled = SGD(ours, weight_decay=weight_decay, decoupled=False, **settings)
    descend(ours, coupled, 40)
    descend(theirs, torch.optim.SGD(decaying(theirs, weight_decay), **settings), 40)
    assert_equal(ours, theirs)


def test_sgd_decays_the_weight_itself_unless_told_otherwise():
    (weight,), (other,) = twins((5, 7))
    expected, total = weight.detach().clone(), torch.zeros(5, 7)
    sgd, penalty = (
        SGD([weight], lr=0.1, weight_decay=0.5),
        SGD([other], lr=0.1, weight_decay=0.5, decoupled=False),
    )
    for gradient in torch.randn(10, 5, 7, generator=torch.Generator().manual_seed(1)):
        weight.grad, other.grad = gradient, gradient
        sgd.step()
        penalty.step()
        total = 0.9 * total + gradient
        expected = expected * (1 - 0.1 * 0.5) - 0.1 * total
    torch.testing.assert_close(weight.detach(), expected)
    assert (other - weight).abs().max() > 0.1  # a pull that goes through the sum comes ten times


def lion_of_the_paper(weights, gradients, lr, beta1, beta2, decay):
    """Algorithm 2 of Chen et al. 2023, line by line, in numpy."""
    moment = np.zeros_like(weights)
    for gradient in gradients:
        update = np.sign(beta1 * moment + (1 - beta1) * gradient)
        moment = beta2 * moment + (1 - beta2) * gradient
        weights = weights - lr * (update + decay * weights)
    return weights


def test_lion_equals_the_papers_algorithm():
    (weight,), _ = twins((6, 5))
    with torch.no_grad():
        weight.data = weight.data.double()
    lion = Lion([weight], lr=0.01, betas=(0.9, 0.98), weight_decay=0.4)
    start, gradients = (
        weight.detach().numpy().copy(),
        np.random.default_rng(0).normal(size=(30, 6, 5)),
    )
    for gradient in gradients:
        weight.grad = torch.from_numpy(gradient)
        lion.step()
    expected = lion_of_the_paper(start, gradients, 0.01, 0.9, 0.98, 0.4)
    np.testing.assert_allclose(weight.detach().numpy(), expected, atol=1e-12)


def test_lion_does_not_decay_vectors():
    vector = torch.ones(3, requires_grad=True)
    vector.grad = torch.zeros(3)
    Lion([vector], lr=0.1, weight_decay=1.0).step()
    assert vector.tolist() == [1, 1, 1]


def together(kind):
    """The same rule, given all weights at once, as on a GPU."""
    return type("Together", (kind,), {"split": lambda self, weights: [weights]})


@pytest.mark.parametrize("kind", [AdamW, SGD, Lion])
def test_lists_and_single_weights_give_the_same_bits(kind):
    ours, theirs = twins((5, 7), (4,), (3, 3, 3), (64, 64))
    descend(ours, kind(ours, lr=0.01, weight_decay=0.1), 20)
    descend(theirs, together(kind)(theirs, lr=0.01, weight_decay=0.1), 20)
    assert all(mine.equal(other) for mine, other in zip(ours, theirs, strict=True))


def adamw_with_loops(weights, gradients, lr, beta1, beta2, eps, weight_decay):
    """One weight, one operation at a time: what the lists stand for."""
    mean, square = torch.zeros_like(weights), torch.zeros_like(weights)
    for t, gradient in enumerate(gradients, start=1):
        mean.lerp_(gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        scale = (square / (1 - beta2**t)).sqrt_().add_(eps)
        weights.mul_(1 - lr * weight_decay).addcdiv_(mean, scale, value=-lr / (1 - beta1**t))
    return weights


def test_adamw_is_its_own_loop_bit_for_bit():
    torch.manual_seed(0)
    start, gradients = torch.randn(33, 17), torch.randn(25, 33, 17)
    weight = start.clone().requires_grad_()
    adamw = AdamW([weight], lr=0.01, betas=(0.9, 0.95), eps=1e-6, weight_decay=0.1)
    for gradient in gradients:
        weight.grad = gradient
        adamw.step()
    assert weight.equal(adamw_with_loops(start, gradients, 0.01, 0.9, 0.95, 1e-6, 0.1))


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


def orthogonalize_with_a_loop(matrix, steps=5):
    """The polynomial on the matrix itself: one more way to the same numbers."""
    x = matrix / (matrix.norm() + 1e-7)
    for _ in range(steps):
        cube = x @ x.T @ x
        x = 3.4445 * x - 4.7750 * cube + 2.0315 * x @ x.T @ cube
    return x


@pytest.mark.parametrize("shape", [(32, 32), (20, 60), (60, 20)])
@pytest.mark.parametrize("rank", [3, 20])
def test_orthogonalize_is_the_polynomial(shape, rank):
    torch.manual_seed(0)
    gradient = torch.randn(shape[0], rank) @ torch.randn(rank, shape[1])
    expected = orthogonalize_with_a_loop(gradient.double()).float()
    torch.testing.assert_close(orthogonalize(gradient), expected, atol=1e-4, rtol=0)


def test_orthogonalize_takes_several_matrices_one_by_one():
    torch.manual_seed(0)
    matrices = torch.randn(2, 3, 8, 5) * torch.logspace(-3, 3, 6).view(2, 3, 1, 1)
    alone = torch.stack([orthogonalize(matrix) for matrix in matrices.flatten(0, 1)])
    torch.testing.assert_close(orthogonalize(matrices), alone.view_as(matrices), atol=1e-6, rtol=0)
    assert orthogonalize(torch.zeros(4, 4)).eq(0).all()


def test_muon_moves_equal_shapes_together_as_it_moves_each_alone():
    ours, theirs = twins((6, 9), (12, 5), (6, 9), (9, 6), (6, 9))
    alone = type("Alone", (Muon,), {"split": lambda self, weights: [[w] for w in weights]})
    together, one_by_one = Muon(ours, weight_decay=0.1), alone(theirs, weight_decay=0.1)
    assert [len(part) for part in together.split(ours)] == [3, 1, 1]
    assert [len(part) for part in together.split([torch.zeros(1024, 512)] * 5)] == [2, 2, 1]
    descend(ours, together, 20)
    descend(theirs, one_by_one, 20)
    assert_equal(ours, theirs, atol=1e-6, rtol=0)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch.optim.Muon came with torch 2.9")
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_muon_equals_torchs(momentum, weight_decay):
    ours, theirs = twins((6, 9), (12, 5))
    settings = {"lr": 0.05, "momentum": momentum, "weight_decay": weight_decay}
    descend(ours, Muon(ours, **settings), 10)
    descend(theirs, torch.optim.Muon(theirs, adjust_lr_fn="original", **settings), 10)
    assert_equal(ours, theirs, atol=0.02, rtol=0)  # torch's orthogonalises in bfloat16


def test_muon_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match="matrices only"):
        Muon([torch.zeros(3)])


@pytest.mark.parametrize("in_classifier", [False, True])
@pytest.mark.parametrize(
    "backbone",
    [
        Transformer(TransformerConfig(vocab_size=20, d_model=16, tie_embeddings=False)),
        Transformer(
            TransformerConfig(
                vocab_size=20, d_model=16, position="learned", feedforward="experts", n_experts=4
            )
        ),
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
    tables = ("embedding", "head", "positions", "router")
    assert not [name for name in moved[muon] if name.split(".")[-2] in tables]
    assert len(moved[muon]) >= 4
    alone = make_optimizers(model, learning_rate=1e-3, muon_learning_rate=0, weight_decay=0.1)
    assert [type(optimizer) for optimizer in alone] == [AdamW]


@pytest.mark.parametrize(("name", "kind"), [("adamw", AdamW), ("lion", Lion), ("sgd", SGD)])
def test_the_named_optimizer_moves_what_muon_does_not(name, kind):
    model = LSTM(LSTMConfig(vocab_size=20, d_model=16))
    settings = {"learning_rate": 1e-3, "weight_decay": 0.1, "optimizer": name}
    first, second = make_optimizers(model, muon_learning_rate=0.02, **settings)
    assert (type(first), type(second)) == (kind, Muon)
    (alone,) = make_optimizers(model, muon_learning_rate=0, **settings)
    assert type(alone) is kind
    assert len(alone.param_groups[0]["params"]) == len(list(model.parameters()))
    assert [one.param_groups[0]["peak"] for one in (first, second, alone)] == [1e-3, 0.02, 1e-3]
    with pytest.raises(MinilmError, match='write one of "adamw", "lion", "sgd"'):
        make_optimizers(model, muon_learning_rate=0, **{**settings, "optimizer": "adam"})


@pytest.mark.parametrize("name", ["adamw", "lion", "sgd"])
def test_state_comes_back_from_a_checkpoint_bit_for_bit(name, tmp_path):
    ids = torch.randint(20, (4, 9), generator=torch.Generator().manual_seed(0))

    def set_up():
        torch.manual_seed(0)
        model = Transformer(
            TransformerConfig(vocab_size=20, context_length=8, n_layers=1, d_model=16)
        )
        return model, make_optimizers(model, learning_rate=3e-3, muon_learning_rate=0.02,
                                      weight_decay=0.1, optimizer=name)  # fmt: skip

    def train(model, optimizers, steps):
        for step in steps:
            logits = model(ids[:, :-1])
            torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).backward()
            move(optimizers, 1 - step / 20)

    model, optimizers = set_up()
    train(model, optimizers, range(6))
    save_checkpoint(tmp_path / "c", model, optimizers, {"step": 6})
    train(model, optimizers, range(6, 12))
    again, its_optimizers = set_up()
    assert load_checkpoint(tmp_path / "c", again, its_optimizers) == {"step": 6}
    train(again, its_optimizers, range(6, 12))
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert one.equal(other)
