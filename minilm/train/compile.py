"""torch.compile, if this machine can: the same numbers from fewer, larger kernels."""

import sys
from typing import Any

import torch
from torch import nn


class Compiled(nn.Module):
    """A model to call in training, compiled; or the model as it is, where that cannot be done.

    Compiling happens at the first call, and that is where it fails: without a C++ compiler, with
    an operation that the compiler does not know. Then one line says so, and the model itself is
    called from there on. It shares the model's weights; what a checkpoint holds is the model's.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        # In a tuple, because a module that is an attribute would list its weights a second time.
        self.model = (model,)
        self.compiled: Any = torch.compile(model, dynamic=False)
        self.works = False

    def forward(self, *inputs: Any, **named: Any) -> Any:
        if self.works:
            return self.compiled(*inputs, **named)
        try:
            outputs = self.compiled(*inputs, **named)
            self.works = True
            return outputs
        except Exception as error:
            # If the fault is the model's own, this call raises it again, with a readable trace.
            outputs = self.model[0](*inputs, **named)
            first = next(iter(str(error).splitlines()), "")
            print(f"not compiled ({type(error).__name__}: {first[:90]})", file=sys.stderr)
            self.compiled, self.works = self.model[0], True
            return outputs
