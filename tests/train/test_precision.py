"""Short formats: chosen where the hardware has them, scaled like torch scales, never lost."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from minilm.errors import MinilmError
from minilm.train.precision import LossScaler, autocast, choose_format

CPU = torch.device("cpu")


def test_a_cpu_computes_in_float32_unless_asked():
    assert choose_format("auto", CPU) == torch.float32
    assert choose_format("bfloat16", CPU) == torch.bfloat16
    with pytest.raises(MinilmError, match="precision is 'half'"):
        choose_format("half", CPU)


def test_a_gpu_computes_in_bfloat16_if_it_can(monkeypatch):
    for can, wanted in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, can=can, **__: can)
        assert choose_format("auto", torch.device("cuda")) == wanted


@pytest.mark.parametrize("format_", [torch.float32, torch.bfloat16, torch.float16])
def test_products_have_the_format(format_):
    with autocast(CPU, format_):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == format_


def test_other_formats_are_not_scaled():
    scaler = LossScaler(torch.bfloat16)
    loss = torch.tensor(1.5)
    assert scaler.enlarge(loss) is loss
    assert not scaler.overflowed(float("inf"))
    assert scaler.state() == {"scale": 1.0, "good_steps": 0}


def steps(n, scale_and_step):
    """Train a layer in float16 on inputs that are too large now and then."""
    torch.manual_seed(0)
    layer = nn.Linear(8, 8)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(1)
    scales = []
    for step in range(n):
        inputs = torch.randn(4, 8, generator=generator) * (20_000 if step % 11 == 7 else 1)
        with autocast(CPU, torch.float16):
            loss = layer(inputs).float().square().mean()
        scales.append(scale_and_step(loss, layer, optimizer))
        optimizer.zero_grad()
    return layer.weight.detach(), scales


def test_it_scales_like_torch():
    ours = LossScaler(torch.float16, scale=2.0**40, patience=5)
    theirs = torch.amp.GradScaler("cpu", init_scale=2.0**40, growth_interval=5)

    def our_step(loss, layer, optimizer):
        ours.enlarge(loss).backward()
        ours.shrink(layer.parameters())
        norm = torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0).item()
        if not ours.overflowed(norm):
            optimizer.step()
        return ours.scale

    def their_step(loss, layer, optimizer):
        theirs.scale(loss).backward()
        theirs.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        theirs.step(optimizer)
        theirs.update()
        return theirs.get_scale()

    (our_weight, our_scales), (their_weight, their_scales) = (
        steps(80, our_step),
        steps(80, their_step),
    )
    assert our_scales == their_scales
    assert our_weight.equal(their_weight)
    changes = {later / earlier for earlier, later in pairwise(our_scales)}
    assert changes == {0.5, 1.0, 2.0}


def test_a_checkpoint_remembers_the_scale():
    scaler, other = LossScaler(), LossScaler()
    scaler.overflowed(float("inf"))
    scaler.overflowed(1.0)
    other.restore(scaler.state())
    assert (other.scale, other.good_steps) == (2.0**15, 1)


def test_at_a_scale_of_one_the_gradient_itself_is_bad():
    scaler = LossScaler(scale=2.0)
    assert [scaler.overflowed(float("nan")) for _ in range(2)] == [True, False]
