"""The same weights, stored for writing one token at a time."""

import torch
from torch import nn


@torch.no_grad()
def store_by_columns(model: nn.Module) -> nn.Module:
    """Store each matrix of a model by columns instead of rows, in place; return the model.

    Writing multiplies one row by every matrix, again and again, and waits for memory. On CPUs the
    product x @ W.T runs half as fast again when W.T lies in memory as it is read. Shapes and values
    stay what they are, results agree up to rounding, and a file written from the model is the same.
    For training, which multiplies many rows at once, there is nothing to gain.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data = module.weight.data.t().contiguous().t()
    return model
