"""Where to compute, and proof that it computes."""

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from minilm.errors import MinilmError

TOLERANCE = 1e-3  # of the largest number in an answer; float32 stays a hundred times below


def choose_device(name: str = "auto") -> torch.device:
    """Return the named device, or the best one here: CUDA, then Apple's MPS, then the CPU.

    Raises MinilmError when the named device is not there, and when it computes wrongly.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((kind for kind, is_there in there.items() if is_there), "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise MinilmError(f'There is no device {name!r}. Use "auto", "cpu" or "cuda".') from None
    if not there.get(device.type, device.type == "cpu"):
        raise MinilmError(f'This machine has no {name} device. Use device = "auto" or "cpu".')
    check_device(device)
    return device


@functools.cache
def check_device(device: torch.device) -> None:
    """Compare what training is made of, forward and backward, with float64 on the CPU; once.

    Raises MinilmError that names what came out wrong.
    """
    for name, wrong_by in self_test(device).items():
        if not wrong_by <= TOLERANCE:  # so that NaN is wrong, too
            elsewhere = 'device = "cpu"' if device.type != "cpu" else "another machine"
            raise MinilmError(
                f"This {device.type} device computes wrongly: its {name} is off by {wrong_by:.1e},"
                f" more than {TOLERANCE:.0e}. Training on it would learn nonsense. Update its"
                f" driver or torch, or use {elsewhere}."
            )


def self_test(device: torch.device) -> dict[str, float]:
    """Return by how much each result of the device is off, relative to its largest number."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 4, 32, 16, generator=generator, dtype=torch.float64) for _ in "qkv")
    matrix = torch.randn(64, 96, generator=generator, dtype=torch.float64)
    targets = torch.randint(96, (64,), generator=generator)
    cases: dict[str, tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = {
        "matrix product": (lambda a, b: a @ b, (matrix, matrix.T)),
        "attention": (
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
            (q, k, v),
        ),
        "cross-entropy": (lambda a: F.cross_entropy(a, targets.to(a.device)), (matrix,)),
    }
    return {
        name: max(
            float((mine - truth).abs().max() / truth.abs().max())
            for mine, truth in zip(
                _answers(compute, inputs, device, torch.float32),
                _answers(compute, inputs, torch.device("cpu"), torch.float64),
                strict=True,
            )
        )
        for name, (compute, inputs) in cases.items()
    }


def _answers(
    compute: Callable[..., Tensor],
    inputs: tuple[Tensor, ...],
    device: torch.device,
    dtype: torch.dtype,
) -> list[Tensor]:
    """Return a result and the gradients of its sum of squares, in float64 on the CPU."""
    leaves = [tensor.detach().to(device, dtype).requires_grad_() for tensor in inputs]
    result = compute(*leaves)
    gradients = torch.autograd.grad(result.square().sum(), leaves)
    return [tensor.detach().cpu().double() for tensor in (result, *gradients)]
