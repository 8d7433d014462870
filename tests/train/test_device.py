"""Devices are chosen from those that are there, and only if they compute what they should."""

import pytest
import torch
import torch.nn.functional as F

from minilm.errors import MinilmError
from minilm.train import device as under_test
from minilm.train.device import check_device, choose_device, self_test
from minilm.train.peak import matmul_peak

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def forgotten():
    """Each test asks anew: a device is tested once in a process."""
    check_device.cache_clear()
    yield
    check_device.cache_clear()


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type in ("cpu", "cuda", "mps")


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(MinilmError, match="no device 'gpu'"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(MinilmError, match="This machine has no cuda"):
            choose_device("cuda")


def test_the_test_leaves_a_wide_margin_and_no_trace():
    state = torch.get_rng_state()
    wrong_by = self_test(CPU)
    assert wrong_by.keys() == {"matrix product", "attention", "cross-entropy"}
    assert max(wrong_by.values()) < under_test.TOLERANCE / 100
    assert torch.get_rng_state().equal(state)


def broken(function, harm):
    """The function with wrong answers in float32, as a bad driver gives them."""

    def compute(*inputs, **named):
        result = function(*inputs, **named)
        return harm(result) if result.dtype == torch.float32 else result

    return compute


@pytest.mark.parametrize(
    ("name", "owner", "function"),
    [
        ("matrix product", torch.Tensor, "__matmul__"),
        ("attention", F, "scaled_dot_product_attention"),
        ("cross-entropy", F, "cross_entropy"),
    ],
)
@pytest.mark.parametrize(
    "harm", [lambda y: y * 1.01, lambda y: y * float("nan"), lambda y: y.detach() + 0 * y],
    ids=["a hundredth too large", "not a number", "no gradient"],
)  # fmt: skip
def test_a_device_that_computes_wrongly_is_refused(monkeypatch, name, owner, function, harm):
    monkeypatch.setattr(owner, function, broken(getattr(owner, function), harm))
    with pytest.raises(MinilmError, match=f"its {name} is off by .* or use another machine"):
        choose_device("cpu")


def test_the_peak_is_measured_once(monkeypatch):
    matmul_peak.cache_clear()
    peak = matmul_peak(CPU, torch.float32)
    assert 1e9 < peak < 1e14
    assert matmul_peak(CPU, torch.float32) == peak
    assert matmul_peak(CPU, torch.bfloat16) is None  # may take minutes to measure
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100 80GB HBM3")
    assert matmul_peak(torch.device("cuda"), torch.bfloat16) == 989e12
    matmul_peak.cache_clear()
