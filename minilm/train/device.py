"""Where to compute, and in which number format."""

import contextlib

import torch

from minilm.errors import MinilmError


def choose_device(name: str = "auto") -> torch.device:
    """Return the named device, or the best one here: CUDA, then Apple's MPS, then the CPU.

    Raises MinilmError when the named device is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((kind for kind, is_there in there.items() if is_there), "cpu"))
    try:
        device = torch.device(name)
    except RuntimeError:
        raise MinilmError(f'There is no device {name!r}. Use "auto", "cpu" or "cuda".') from None
    if not there.get(device.type, device.type == "cpu"):
        raise MinilmError(f'This machine has no {name} device. Use device = "auto" or "cpu".')
    return device


def autocast(device: torch.device) -> contextlib.AbstractContextManager[None]:
    """Return the context for forward passes: bfloat16 on GPUs that compute in it, else float32.

    A CPU without native support emulates bfloat16 about a hundred times slower than float32.
    """
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", torch.bfloat16)
    return contextlib.nullcontext()
