"""What flows through the network moves equally far at every width, and the head is table 8's."""

import pytest
import torch
import torch.nn.functional as F

from minilm.errors import MinilmError
from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.adamw import AdamW
from minilm.train.muon import Muon
from minilm.train.optimizers import make_optimizers, move
from minilm.train.transfer import coordinate_check, start_for_width, width_optimizers

WIDTHS = (32, 128, 256)


def model_of(width, tie_embeddings=False):
    torch.manual_seed(0)
    config = TransformerConfig(
        50, context_length=16, n_layers=2, n_heads=width // 16, d_model=width,
        tie_embeddings=tie_embeddings,
    )  # fmt: skip
    return Transformer(config)


def batches(n_steps=4):
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(50, (n_steps, 4, 17), generator=generator)
    return [(rows[:, :-1], rows[:, 1:]) for rows in ids]


def movement(way):
    """How far each part has moved after four steps: part -> one number a width."""
    moved = {}
    for width in WIDTHS:
        model = model_of(width)
        if way in ("standard", "muon alone"):
            muon = 0.02 if way == "muon alone" else 0.0
            optimizers = make_optimizers(
                model, learning_rate=4e-3, muon_learning_rate=muon, weight_decay=0.0
            )
        else:
            start_for_width(model, 32)
            optimizers = width_optimizers(
                model, base_width=32, learning_rate=4e-3,
                muon_learning_rate=0.02 if way == "muon" else 0.0,
            )  # fmt: skip
        for part, curve in coordinate_check(model, optimizers, batches()).items():
            moved.setdefault(part, []).append(curve[-1])
    return moved


@pytest.mark.parametrize("way", ["mup", "muon"])
def test_no_part_moves_farther_when_the_model_is_wider(way):
    for part, (narrow, *wide) in movement(way).items():
        assert max(wide) < 1.6 * narrow, part


def test_under_one_learning_rate_wide_models_move_too_far():
    moved = movement("standard")
    assert moved["embedding"][-1] < 1.2 * moved["embedding"][0]  # these sum over nothing
    for part in moved.keys() - {"embedding"}:
        assert moved[part][-1] > 3 * moved[part][0], part


def test_muon_alone_moves_its_matrices_equally_and_the_head_too_far():
    moved = movement("muon alone")
    for part in moved.keys() - {"logits"}:
        assert max(moved[part][1:]) < 1.6 * moved[part][0], part
    assert moved["logits"][-1] > 3 * moved["logits"][0]


@pytest.mark.parametrize("width", [32, 128, 512])
def test_muons_step_has_one_spectral_norm_and_adamws_grows(width):
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(width, 4, generator=generator) @ torch.randn(4, width)
    weight = torch.zeros(width, width, requires_grad=True)
    weight.grad = gradient
    Muon([weight], lr=0.02).step()
    assert 0.02 * 0.65 < torch.linalg.matrix_norm(weight.detach(), ord=2) < 0.02 * 1.25
    weight = torch.zeros(width, width, requires_grad=True)
    weight.grad = gradient
    AdamW([weight], lr=0.02).step()
    assert torch.linalg.matrix_norm(weight.detach(), ord=2) > 0.02 * width * 0.3


def test_at_the_base_width_it_is_the_usual_model():
    usual, scaled = model_of(32), model_of(32)
    start_for_width(scaled, 32)
    settings = {"learning_rate": 4e-3, "weight_decay": 0.1}
    for muon in (0.0, 0.02):
        one = make_optimizers(usual, muon_learning_rate=muon, **settings)
        other = width_optimizers(scaled, base_width=32, muon_learning_rate=muon, **settings)
        assert coordinate_check(usual, one, batches()) == coordinate_check(scaled, other, batches())


def test_it_is_table_8_whose_head_has_a_multiplier():
    """The head of Yang et al. 2022, table 8: its scale and rate stay, its output is divided."""
    ours, theirs = model_of(128), model_of(128)
    start_for_width(ours, 32)
    optimizers = width_optimizers(ours, base_width=32, learning_rate=4e-3)
    head = theirs.head.weight
    vectors = [w for w in theirs.parameters() if w.ndim == 1] + [theirs.embedding.weight]
    matrices = [w for w in theirs.blocks.parameters() if w.ndim == 2]
    groups = [{"params": [*vectors, head], "lr": 4e-3}, {"params": matrices, "lr": 4e-3 / 4}]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.95), eps=1e-12)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["eps"] = 1e-12  # below every gradient, as the lemma asks
    for inputs, targets in batches(6):
        losses = []
        for model, multiplier in ((ours, 1.0), (theirs, 32 / 128)):
            loss = F.cross_entropy((model(inputs) * multiplier).flatten(0, 1), targets.flatten())
            loss.backward()
            losses.append(loss.item())
        assert losses[0] == pytest.approx(losses[1], abs=2e-4)
        move(optimizers)
        adam.step()
        adam.zero_grad()
    assert torch.allclose(ours.head.weight, head / 4, atol=2e-4)


def test_rate_times_decay_stays():
    optimizers = width_optimizers(
        model_of(128), base_width=32, learning_rate=4e-3, muon_learning_rate=0.02, weight_decay=0.1
    )
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    assert [group["lr"] for group in groups] == [4e-3, 1e-3, 0.02]
    assert [group["peak"] for group in groups] == [4e-3, 1e-3, 0.02]
    assert [group["weight_decay"] for group in groups] == pytest.approx([0.1, 0.4, 0.1])


def test_tied_embeddings_are_refused():
    model = model_of(32, tie_embeddings=True)
    with pytest.raises(MinilmError, match="tie_embeddings = false"):
        start_for_width(model, 32)
    with pytest.raises(MinilmError, match="tie_embeddings = false"):
        width_optimizers(model, base_width=32, learning_rate=1e-3)
