"""In which number format to compute: the weights stay float32, the products may be shorter."""

import contextlib
import math
from collections.abc import Iterable

import torch
from torch import Tensor

from minilm.errors import MinilmError

FORMATS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_format(name: str, device: torch.device) -> torch.dtype:
    """Return the named format; "auto" is bfloat16 on GPUs that compute in it, else float32.

    A CPU without native support emulates bfloat16 about a hundred times slower than float32, so
    there it has to be asked for. Raises MinilmError for another name.
    """
    if name == "auto":
        short = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if short else torch.float32
    if name not in FORMATS:
        names = ", ".join(f'"{known}"' for known in FORMATS)
        raise MinilmError(f'precision is {name!r}; write "auto" or one of {names} instead.')
    return FORMATS[name]


def autocast(
    device: torch.device, format_: torch.dtype = torch.float32
) -> contextlib.AbstractContextManager[None]:
    """Return the context in which matrix products are computed in the format, the rest in float32.

    Source: Micikevicius et al. 2018, "Mixed Precision Training".
    """
    if format_ == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(device.type, format_)


class LossScaler:
    """Enlarge the loss, so that small gradients do not vanish in float16, and shrink them after.

    float16 knows nothing between 0 and 6e-8, and nothing above 65,504. The loss is multiplied by
    `scale`, as large as fits: when a gradient overflows, the step is left out and the scale halved;
    after `patience` steps without, it is doubled. Other formats reach as far as float32 does: for
    them the scale stays 1 and nothing is multiplied.

    Source: Micikevicius et al. 2018, section 3.2; the numbers are those of torch.amp.GradScaler.
    """

    def __init__(
        self, format_: torch.dtype = torch.float16, scale: float = 2.0**16, patience: int = 2000
    ) -> None:
        self.enabled = format_ == torch.float16
        self.scale, self.patience, self.good_steps = scale if self.enabled else 1.0, patience, 0

    def enlarge(self, loss: Tensor) -> Tensor:
        """Return the loss to call `backward` on."""
        return loss * self.scale if self.enabled else loss

    @torch.no_grad()
    def shrink(self, weights: Iterable[Tensor]) -> None:
        """Divide the gradients by the scale, in place."""
        if self.enabled:
            for weight in weights:
                if weight.grad is not None:
                    weight.grad.mul_(1 / self.scale)

    def overflowed(self, norm: float) -> bool:
        """Learn from the length of the gradient; return whether to leave the step out.

        At a scale of 1 there is nothing left to halve: then the trouble is not the format's.
        """
        if not self.enabled:
            return False
        if not math.isfinite(norm) and self.scale > 1:
            self.scale, self.good_steps = self.scale / 2, 0
            return True
        self.good_steps += 1
        if self.good_steps == self.patience:
            self.scale, self.good_steps = self.scale * 2, 0
        return False

    def state(self) -> dict[str, float]:
        """Return what a checkpoint has to remember."""
        return {"scale": self.scale, "good_steps": self.good_steps}

    def restore(self, state: dict[str, float]) -> None:
        """Continue from a checkpoint's state."""
        self.scale, self.good_steps = state["scale"], int(state["good_steps"])
