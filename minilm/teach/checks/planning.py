"""The checks of chapter 46."""

import math
from collections.abc import Callable, Mapping

from minilm.teach.check import Checks, exercise


@exercise
def days(attempt: Callable[[float, float, int, float, float], float]) -> Checks:
    """How long a run takes: (params, tokens, gpus, peak, utilization) -> days."""
    found = attempt(1e9, 20e9, 1, 1e15, 1.0)
    expected = 6 * 1e9 * 20e9 / 1e15 / 86_400
    yield (
        math.isclose(found, expected, rel_tol=1e-3),
        f"1e9 parameters, 20e9 tokens, one device of 1e15 FLOP/s: {expected:.3f} days, not"
        f" {found:.3f}",
    )
    yield (
        math.isclose(attempt(1e9, 20e9, 8, 1e15, 1.0), expected / 8, rel_tol=1e-3),
        "eight devices need an eighth of the time of one",
    )
    yield (
        math.isclose(attempt(1e9, 20e9, 1, 1e15, 0.25), expected * 4, rel_tol=1e-3),
        "at a quarter of the peak a run takes four times as long",
    )


@exercise
def state_bytes(attempt: Callable[[float, int, str], float]) -> Checks:
    """Weights, gradients and optimizer of one device: (params, gpus, stage) -> bytes."""
    published = {"none": 120e9, "optimizer": 31.4e9, "gradients": 16.6e9, "weights": 1.9e9}
    for stage, expected in published.items():
        found = attempt(7.5e9, 64, stage)
        yield (
            math.isclose(found, expected, rel_tol=0.02),
            f"7.5e9 parameters on 64 devices, {stage!r}: {expected / 1e9:.1f} GB in the paper,"
            f" {found / 1e9:.1f} GB from yours",
        )
    found = attempt(1e9, 1, "weights")
    yield found == 16e9, f"one device has nobody to share with: 16 GB, not {found / 1e9:.1f}"


@exercise
def share_of_peak(attempt: Callable[[float, float, float, float], float]) -> Checks:
    """What a report implies: (params, tokens, device hours, peak) -> share of the peak."""
    found = attempt(1e9, 1e12, 1000.0, 3e15)
    expected = 6 * 1e9 * 1e12 / (1000 * 3600 * 3e15)
    yield (
        math.isclose(found, expected, rel_tol=1e-3),
        f"1e9 parameters, 1e12 tokens in 1,000 hours at 3e15 FLOP/s: {expected:.3f}, not"
        f" {found:.3f}",
    )
    yield (
        math.isclose(attempt(1e9, 1e12, 2000.0, 3e15), expected / 2, rel_tol=1e-3),
        "twice the hours for the same work are half the share",
    )


@exercise
def affordable(attempt: Callable[[float, Mapping[str, float]], float]) -> Checks:
    """The largest model at 20 tokens a parameter: (dollars, device) -> parameters."""
    device = {"peak": 1e15, "utilization": 0.4, "price": 2.0}

    def cost(params: float) -> float:
        seconds = 6 * params * 20 * params / (device["peak"] * device["utilization"])
        return seconds / 3600 * device["price"]

    for dollars in (100.0, 10_000.0):
        found = attempt(dollars, device)
        yield (
            math.isclose(cost(found), dollars, rel_tol=1e-2),
            f"with {dollars:,.0f} dollars yours buys {found:.3g} parameters, which cost"
            f" {cost(found):,.0f}",
        )
    ratio = attempt(400.0, device) / attempt(100.0, device)
    yield (
        math.isclose(ratio, 2, rel_tol=1e-2),
        f"four times the money buys twice the model, not {ratio:.2f} times",
    )
    dear = attempt(100.0, device | {"price": 8.0}) / attempt(100.0, device)
    yield math.isclose(dear, 0.5, rel_tol=1e-2), "at four times the price, half the model"
