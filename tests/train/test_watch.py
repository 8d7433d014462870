"""Bad steps are noticed, and named after the layer in which they began."""

import math

import pytest
import torch
from torch import nn

from minilm.model.transformer import Transformer, TransformerConfig
from minilm.train.watch import gradient_norms, locate, loudest, trouble

CALM = [2.0 + 0.1 * math.sin(step) for step in range(60)]


def test_numbers_that_are_none_are_trouble():
    assert trouble(2.0, 1.0, CALM) is None
    assert "loss is not a number" in trouble(math.nan, 1.0, CALM)
    assert "loss is not a number" in trouble(math.inf, 1.0, [])
    assert "gradient is not a number" in trouble(2.0, math.inf, CALM)


def test_a_loss_jumps_beyond_what_is_usual():
    assert trouble(4.0, 1.0, CALM) == "The loss jumped from 2.00 to 4.00"
    assert trouble(0.1, 1.0, CALM) is None  # downwards is no trouble
    assert trouble(2.4, 1.0, CALM) is None
    assert trouble(4.0, 1.0, CALM[:20]) is None  # too little is known
    assert trouble(4.0, 1.0, [*CALM, 4.0]) is None  # the jump was before
    noisy = [2.0 + math.sin(step) for step in range(60)]
    assert trouble(4.0, 1.0, noisy) is None
    assert trouble(2.3, 1.0, [2.0] * 60) is None  # a constant has no deviation to exceed


def small(**changes):
    torch.manual_seed(0)
    config = TransformerConfig(vocab_size=11, context_length=8, n_layers=3, n_heads=2, d_model=16)
    model = Transformer(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.1)
    return model


IDS = torch.arange(16).view(2, 8) % 11


def losses(model, n=1):
    return [lambda: model(IDS).logsumexp(-1).mean() for _ in range(n)]


class Spoil(torch.autograd.Function):
    """Harmless on the way forward, infinite on the way back."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad / 0


@pytest.mark.parametrize(
    "name", ["blocks.0.attention.qkv", "blocks.1.feedforward.up", "blocks.2.attention_norm", "norm"]
)
def test_the_first_bad_layer_is_named(name):
    model = small()
    part = model.get_submodule(name)
    part.register_forward_hook(lambda module, x, y: y * math.inf)
    assert locate(model, losses(model, 2)).startswith(f"the output of {name} is the first")
    assert all(weight.grad is None for weight in model.parameters())


def test_what_goes_wrong_between_layers_is_found_where_it_enters():
    model = small()
    model.blocks[1].attention.out.register_forward_pre_hook(lambda m, x: (x[0] * math.nan,))
    assert locate(model, losses(model)).startswith("the input of blocks.1.attention.out is")


@pytest.mark.parametrize("name", ["blocks.0.attention.qkv", "blocks.1.feedforward.down"])
def test_the_first_bad_gradient_is_named(name):
    model = small()
    part = model.get_submodule(name)
    part.register_forward_pre_hook(lambda module, x: (Spoil.apply(x[0]),))
    # the gradient of the spoilt input is the first bad one, and what computed it is its parent
    assert "the gradient of the " in locate(model, losses(model))
    parent = name.rpartition(".")[0]
    assert parent.split(".")[1] in locate(model, losses(model))


def test_a_bad_weight_is_named_and_a_good_model_is_good():
    model = small()
    assert locate(model, losses(model)) == "all layers are finite"
    with torch.no_grad():
        model.blocks[2].feedforward.up.weight[3, 3] = math.nan
    assert locate(model, losses(model)).startswith("the weight blocks.2.feedforward.up.weight is")


def test_the_longest_gradient_is_named():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    for number, weight in enumerate(model.parameters()):
        weight.grad = torch.zeros_like(weight)
        weight.grad.view(-1)[0] = number
    assert gradient_norms(model) == {"0.weight": 0, "0.bias": 1, "1.weight": 2, "1.bias": 3}
    assert loudest(model) == "the longest gradient is that of 1.bias, 64% of the squared norm"
