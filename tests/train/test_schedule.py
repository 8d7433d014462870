"""The schedule against its drawing: up, flat, down."""

import pytest

from minilm.errors import MinilmError
from minilm.train.schedule import warmup_decay


def test_it_rises_stays_and_falls_to_zero():
    factors = [warmup_decay(step, steps=10, warmup=3, decay=4) for step in range(11)]
    assert factors == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0])


def test_without_warmup_or_decay_it_is_flat():
    assert {warmup_decay(step, steps=5, warmup=0, decay=0) for step in range(5)} == {1.0}


def test_too_long_phases_are_refused():
    with pytest.raises(MinilmError, match="Make one of them shorter"):
        warmup_decay(0, steps=10, warmup=6, decay=5)
