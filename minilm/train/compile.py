"""torch.compile, if this machine can: the same numbers from fewer, larger kernels."""

from typing import Any

import torch
from torch import nn

from minilm.train.progress import say


class Compiled(nn.Module):
    """A model to call in training, compiled; or the model as it is, where that cannot be done.

    Compiling happens at the first call, and that is where it fails: without a C++ compiler, or for
    an operation that the compiler does not know. Then one line says so, and the model itself is
    called from there on. Save and evaluate the model, which knows nothing of this.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.compiled: Any = torch.compile(model, dynamic=False)
        self.has_worked = False

    def forward(self, *inputs: Any, **named: Any) -> Any:
        if self.has_worked:
            return self.compiled(*inputs, **named)
        try:
            outputs = self.compiled(*inputs, **named)
        except Exception as error:
            # If the fault is the model's own, this call raises it again, with a readable trace.
            outputs = self.model(*inputs, **named)
            reason = next(iter(str(error).splitlines()), "")
            say(f"not compiled ({type(error).__name__}: {reason[:90]})")
            self.compiled = self.model
        self.has_worked = True
        return outputs
