"""Several documents in one row: nothing may flow from one into the next.

`documents` (B, T) numbers each position; positions of one document have equal numbers. Numbers say
nothing else: padding is a document of its own.

B batch, T position
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from minilm.errors import MinilmError


def document_mask(documents: Tensor) -> Tensor:
    """Say who may look at whom: into the past of one's own document, (B, T) -> (B, 1, T, T).

    True where the query (row) may see the key (column). The same mask serves all heads. Attention
    knows only distances, so a document in the middle of a row is read as if it stood alone.

    Source: Krell et al. 2021, "Efficient Sequence Packing without Cross-contamination".
    """
    same = documents[:, :, None] == documents[:, None, :]  # (B, T, T)
    return same.tril().unsqueeze(1)  # (B, T, T) -> (B, 1, T, T)


def places_within(documents: Tensor) -> Tensor:
    """Count positions within each document: (B, T) -> (B, T), 0 for its first."""
    return document_mask(documents).sum(dim=-1).squeeze(1) - 1  # what is visible, but itself


def continues(documents: Tensor) -> Tensor:
    """Say which positions continue the document of the position before: (B, T), the first never."""
    same = documents[:, 1:] == documents[:, :-1]  # (B, T - 1)
    return F.pad(same, (1, 0))  # (B, T - 1) -> (B, T), with False in front


def check_documents(documents: Tensor | None, ids: Tensor, cache: Any) -> None:
    """Raise MinilmError unless each position has a number, and the row begins here."""
    if documents is None:
        return
    if documents.shape != ids.shape:
        raise MinilmError(
            f"documents has shape {tuple(documents.shape)}, ids {tuple(ids.shape)}: give one number"
            " to each position."
        )
    if cache is not None:
        raise MinilmError(
            "documents and a cache do not go together: what a cache continues is one document."
        )
