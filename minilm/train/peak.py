"""The most that a machine can do: how many multiplications and additions a second.

A training step is nearly all matrix products, so their speed limit is the step's. What share of it
a run reaches is called its model FLOPs utilisation (Chowdhery et al. 2022, "PaLM", appendix B).
"""

import functools
import time

import torch

from minilm.hardware import PEAKS


@functools.cache
def matmul_peak(device: torch.device, dtype: torch.dtype = torch.float32) -> float | None:
    """Return the FLOP/s that matrix products reach at best on a device, in a number format.

    A known GPU's bfloat16 is the maker's figure. All else is measured: square products, the
    fastest of a fifth of a second. None for short formats on a CPU, which may take seconds each.
    """
    if device.type == "cuda" and dtype != torch.float32:
        name = torch.cuda.get_device_name(device)
        for known, peak in PEAKS.items():
            if known in name:
                return peak
    if device.type == "cpu" and dtype != torch.float32:
        return None
    return measured(device, dtype, size=768 if device.type == "cpu" else 4096)


def measured(device: torch.device, dtype: torch.dtype, size: int, seconds: float = 0.2) -> float:
    """Multiply square matrices for some seconds; return the FLOP/s of the fastest product."""
    a = torch.ones(size, size, device=device, dtype=dtype)
    best, stop = float("inf"), time.perf_counter() + seconds
    while (start := time.perf_counter()) < stop:
        a @ a
        _wait(device)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
