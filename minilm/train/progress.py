"""What a person sees while a model trains: how far, how well, and how fast for this machine."""

import os
import sys
from types import TracebackType
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from minilm.model.counting import flops_per_token
from minilm.model.transformer import Transformer
from minilm.train.objective import NextToken, Objective
from minilm.train.peak import matmul_peak


class Progress:
    """A bar with the loss, the tokens a second, and the share of the machine's peak that they are.

    `flops` is what a token costs, forward and backward; None hides the share.
    """

    def __init__(
        self,
        steps: int,
        done: int,
        flops: float | None,
        device: torch.device,
        format_: torch.dtype = torch.float32,
    ) -> None:
        hidden: dict[str, Any] = {} if speaks() else {"disable": True}
        self.bar = tqdm(total=steps, initial=done, unit="step", desc="train", **hidden)
        # Measuring takes a fifth of a second, which nobody need wait for who does not look.
        peak = matmul_peak(device, format_) if flops and not self.bar.disable else None
        self.share = flops / peak if flops and peak else None  # of the peak, for a token a second

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.bar.close()

    def show(self, row: dict[str, Any]) -> None:
        """Move to a step's row."""
        speed = row["tokens_per_second"]
        share = f", {speed * self.share:.0%} of peak" if self.share else ""
        text = f"loss {row['train_loss']:.2f}, {speed:,.0f} tokens/s{share}"
        self.bar.set_postfix_str(text, refresh=False)
        self.bar.update(row["step"] - self.bar.n)  # backwards after a roll-back


def token_cost(model: nn.Module, objective: Objective, world_size: int) -> float | None:
    """Return the operations of a device for a token of the batch; None where no formula is known.

    Known are transformers that predict the next token; others ask for some of their tokens only.
    """
    if isinstance(objective, NextToken) and isinstance(model, Transformer):
        return flops_per_token(model.config) / world_size
    return None


def speaks() -> bool:
    """Whether this process speaks: of those that torchrun started, the first one does for all."""
    return os.environ.get("RANK", "0") == "0"


def say(text: str) -> None:
    """Write a line above the bar, if there is one."""
    if speaks():
        tqdm.write(text, file=sys.stderr)
