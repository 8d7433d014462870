"""The schedules against their drawings and torch's: up, flat, down."""

import pytest
import torch

from minilm.errors import MinilmError
from minilm.train.schedule import learning_rate_factor, warmup_decay


def test_it_rises_stays_and_falls_to_zero():
    factors = [warmup_decay(step, steps=10, warmup=3, decay=4) for step in range(11)]
    assert factors == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0])


def test_without_warmup_or_decay_it_is_flat():
    assert {warmup_decay(step, steps=5, warmup=0, decay=0) for step in range(5)} == {1.0}


def test_too_long_phases_are_refused():
    with pytest.raises(MinilmError, match="Make one of them shorter"):
        warmup_decay(0, steps=10, warmup=6, decay=5)


def torchs(scheduler, steps):
    """The factors that a scheduler of torch gives to a rate of 1."""
    rates = []
    for _ in range(steps + 1):
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize("warmup", [0, 1, 7])
def test_cosine_and_linear_equal_torchs(shape, warmup):
    steps, lr = 40, torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    kinds = {
        "cosine": lambda: lr.CosineAnnealingLR(optimizer, steps - warmup),
        "linear": lambda: lr.LinearLR(optimizer, 1.0, 0.0, steps - warmup),
    }
    rise = lr.LinearLR(optimizer, 1 / (warmup + 1), 1.0, max(1, warmup))
    both = (
        lr.SequentialLR(optimizer, [rise, kinds[shape]()], [warmup]) if warmup else kinds[shape]()
    )
    factors = [
        learning_rate_factor(step, steps=steps, warmup=warmup, decay=3, shape=shape)
        for step in range(steps + 1)
    ]
    assert factors == pytest.approx(torchs(both, steps), abs=1e-6)
    assert factors[warmup] == 1
    assert factors[-1] == 0


def test_wsd_is_the_default_and_warmup_decay():
    times = {"steps": 20, "warmup": 4, "decay": 9}
    for step in range(21):
        assert learning_rate_factor(step, **times) == warmup_decay(step, **times)


def test_a_run_that_is_all_warmup_only_rises():
    for shape in ("wsd", "cosine", "linear"):
        factors = [
            learning_rate_factor(step, steps=4, warmup=4, decay=0, shape=shape) for step in range(4)
        ]
        assert factors == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_other_shapes_and_too_long_a_warmup_are_refused():
    with pytest.raises(MinilmError, match='write "wsd", "cosine" or "linear"'):
        learning_rate_factor(0, steps=4, warmup=0, decay=0, shape="step")
    with pytest.raises(MinilmError, match="Make one of them shorter"):
        learning_rate_factor(0, steps=4, warmup=5, decay=0, shape="cosine")
