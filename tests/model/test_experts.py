"""Experts against Mixtral's block and Switch's balance, and the work that is really saved."""

import pytest
import torch
import torch.nn.functional as F
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import (
    MixtralSparseMoeBlock,
    load_balancing_loss_func,
)

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig
from minilm.model.experts import Experts, balance_loss
from minilm.model.transformer import Transformer

SIZES = {"d_model": 16, "d_ff": 24, "n_heads": 2, "feedforward": "experts"}


def experts(n_experts=6, n_active=2):
    torch.manual_seed(0)
    config = TransformerConfig(9, n_experts=n_experts, n_active_experts=n_active, **SIZES)
    layer = Experts(config)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return layer


def mixtral_tensors(layer, of):
    """Our weights, or their gradients, in the layout of Mixtral's block."""
    gates = [torch.cat([of(e.gate.weight), of(e.up.weight)]) for e in layer.experts]
    return {
        "gate.weight": of(layer.router.weight),
        "experts.gate_up_proj": torch.stack(gates),
        "experts.down_proj": torch.stack([of(e.down.weight) for e in layer.experts]),
    }


@pytest.mark.parametrize("n_active", [1, 2, 6])
def test_values_and_gradients_equal_mixtrals(n_active):
    layer = experts(n_active=n_active)
    block = MixtralSparseMoeBlock(
        MixtralConfig(hidden_size=16, intermediate_size=24, num_local_experts=6,
                      num_experts_per_tok=n_active)
    )  # fmt: skip
    block.load_state_dict(mixtral_tensors(layer, lambda weight: weight.detach()))
    x = torch.randn(2, 7, 16)
    found, wanted = layer(x), block(x)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    found.sin().sum().backward()
    wanted.sin().sum().backward()
    gradients = mixtral_tensors(layer, lambda weight: weight.grad)
    for name, weight in block.named_parameters():
        torch.testing.assert_close(gradients[name], weight.grad, atol=1e-4, rtol=1e-4, msg=name)


def test_the_balance_equals_mixtrals_and_has_its_least_at_even_work():
    logits = torch.randn(50, 6)
    probabilities = logits.softmax(dim=-1)
    chosen = probabilities.topk(2, dim=-1).indices
    wanted = load_balancing_loss_func((logits,), 6, 2)
    torch.testing.assert_close(balance_loss(probabilities, chosen), wanted)
    even = torch.full((6, 6), 1 / 6)
    assert balance_loss(even, torch.arange(6)[:, None]).item() == pytest.approx(1)
    one = F.one_hot(torch.zeros(6, dtype=torch.int64), 6).float()
    assert balance_loss(one, torch.zeros(6, 1, dtype=torch.int64)).item() == pytest.approx(6)


def test_each_expert_reads_its_own_positions_only(monkeypatch):
    layer, x, read = experts(), torch.randn(3, 5, 16), []
    for expert in layer.experts:
        expert.register_forward_hook(lambda _, inputs, output: read.append(inputs[0]))
    layer(x)
    chosen = layer.route(x.flatten(0, 1))[1]
    assert sum(len(rows) for rows in read) == 15 * 2
    for number, rows in enumerate(read):
        wanted = x.flatten(0, 1)[(chosen == number).any(dim=1)]
        assert sorted(rows.tolist()) == sorted(wanted.tolist())


def test_an_idle_expert_has_a_gradient_of_zero_not_none():
    layer = experts()
    with torch.no_grad():  # expert 0 always loses: devices that share gradients wait for all
        layer.router.weight[0] = 0
        layer.router.weight[1] = 10
    layer(torch.rand(2, 3, 16)).sum().backward()
    assert layer.experts[0].up.weight.grad.abs().max() == 0
    assert layer.experts[1].up.weight.grad.abs().max() > 0


def test_the_model_reads_the_balance_of_the_last_training_call():
    torch.manual_seed(0)
    model = Transformer(TransformerConfig(9, n_layers=2, balance=0.5, **SIZES))
    ids = torch.randint(9, (2, 6))
    assert model.extra_loss() == 0
    assert Transformer(TransformerConfig(9)).extra_loss() == 0
    model.eval()(ids)
    assert model.extra_loss() == 0
    model.train()(ids)
    parts = [block.feedforward.balance_loss for block in model.blocks]
    assert model.extra_loss().item() == pytest.approx(0.5 * sum(part.item() for part in parts))
    model.extra_loss().backward()
    assert model.blocks[1].feedforward.router.weight.grad.abs().max() > 0


def test_the_balance_spreads_work_that_would_pile_up():
    """From a router that prefers one expert, descending the balance alone evens the work out."""
    torch.manual_seed(0)
    layer, x = experts(n_active=1), torch.randn(400, 16) + 1
    with torch.no_grad():
        layer.router.weight[0] += 0.5

    def busiest():
        return layer.route(x)[1].flatten().bincount(minlength=6).max().item() / 400

    before = busiest()
    optimizer = torch.optim.Adam(layer.router.parameters(), lr=0.02)
    for _ in range(100):
        layer(x)
        optimizer.zero_grad()
        layer.balance_loss.backward()
        optimizer.step()
    assert before > 0.8
    assert busiest() < 0.3


def test_more_active_experts_than_there_are_is_refused():
    with pytest.raises(MinilmError, match="3 of 2 experts"):
        experts(n_experts=2, n_active=3)
