"""Devices are chosen from those that are there."""

import pytest
import torch

from minilm.errors import MinilmError
from minilm.train.device import choose_device


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type in ("cpu", "cuda", "mps")


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(MinilmError, match="no device 'gpu'"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(MinilmError, match="This machine has no cuda"):
            choose_device("cuda")
