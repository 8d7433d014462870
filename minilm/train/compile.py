"""torch.compile, if this machine can: the same numbers from fewer, larger kernels."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from minilm.train.adamw import AdamW
from minilm.train.progress import say
from minilm.train.rule import Rule


class Compiled(nn.Module):
    """A model to call in training, compiled; or the model as it is, where that cannot be done.

    Compiling happens at the first call, and that is where it fails: without a C++ compiler, or for
    an operation that the compiler does not know. Then one line says so, and the model itself is
    called from there on. Save and evaluate the model, which knows nothing of this.
    """

    def __init__(self, model: nn.Module) -> None:
        from minilm.train.products import options  # not above: it loads the compiler

        super().__init__()
        self.model = model
        self.compiled: Any = torch.compile(model, dynamic=False, options=options(model))
        self.has_worked = False

    def forward(self, *inputs: Any, **named: Any) -> Any:
        if self.has_worked:
            return self.compiled(*inputs, **named)
        try:
            outputs = self.compiled(*inputs, **named)
        except Exception as error:
            # If the fault is the model's own, this call raises it again, with a readable trace.
            outputs = self.model(*inputs, **named)
            say_why("", error)
            self.compiled = self.model
        self.has_worked = True
        return outputs


def compile_updates(optimizers: Iterable[torch.optim.Optimizer]) -> None:
    """Compile the step of every AdamW; the other rules take their rates as numbers, and stay."""
    for optimizer in optimizers:
        if isinstance(optimizer, AdamW):
            CompiledUpdate(optimizer)


class CompiledUpdate:
    """An optimiser's `update`, compiled: one pass over the memory where it makes a dozen.

    What changes from step to step, the rate and the count, goes in as tensors: numbers are built
    into what is compiled, and every step would be compiled anew. The first step of a run, which
    makes what is remembered, is the plain one. A machine that cannot compile goes on with that.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule, self.plain = rule, rule.update
        # Or each element would compute the powers of the step's number for itself.
        apart: dict[str, Any] = {"realize_opcount_threshold": 1}
        self.compiled: Any = torch.compile(type(rule).update, dynamic=False, options=apart)
        rule.split = lambda weights: [weights] if weights else []  # type: ignore[method-assign]
        rule.update = self  # type: ignore[method-assign]

    def __call__(self, weights: list[Tensor], grads: list[Tensor], group: dict[str, Any]) -> None:
        names = self.rule.state[weights[0]]
        if self.compiled is None or not names:
            return self.plain(weights, grads, group)
        memory = Memory({name: self.rule.remembered(name, weights) for name in names})
        settings = {name: value for name, value in group.items() if name not in ("params", "peak")}
        for name in ("lr", "step"):
            settings[name] = torch.tensor(group[name], dtype=torch.float64)
        try:
            self.compiled(memory, weights, grads, settings)
        except Exception as error:  # before anything has moved
            say_why("the optimiser's step is ", error)
            self.compiled = None
            self.plain(weights, grads, group)
        return None


class Memory:
    """Stands for an optimiser in a compiled update: what it remembers, by name, in lists."""

    def __init__(self, lists: dict[str, list[Tensor]]) -> None:
        self.lists = lists

    def remembered(self, name: str, weights: list[Tensor]) -> list[Tensor]:
        return self.lists[name]


def say_why(what: str, error: Exception) -> None:
    """Tell in one line what is not compiled, and why."""
    reason = next(iter(str(error).splitlines()), "")
    say(f"{what}not compiled ({type(error).__name__}: {reason[:90]})")
