"""Training, validation and test part: decided for each document by a hash of its name.

The decision needs no list and no order, so a document stays in its part however the collection
grows. Whole documents are split, never pieces of one: pieces of the same speech in two parts would
let a model recite in the test what it saw in training.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal

from minilm.errors import MinilmError

Part = Literal["train", "valid", "test"]
PARTS: tuple[Part, ...] = ("train", "valid", "test")


def position_of(document_id: str, seed: int = 0) -> float:
    """A number in [0, 1) that is fixed for a document, and as if drawn at random."""
    digest = hashlib.sha256(f"{seed}/{document_id}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def split_of(document_id: str, *, valid: float = 0.05, test: float = 0.05, seed: int = 0) -> Part:
    """The part that a document belongs to; `valid` and `test` are the shares of those parts."""
    position = position_of(document_id, seed)
    if position < test:
        return "test"
    return "valid" if position < test + valid else "train"


def check_shares(valid: float, test: float) -> None:
    """Raise MinilmError when a part would have no share."""
    if valid <= 0 or test <= 0 or valid + test >= 1:
        raise MinilmError(f"Shares of valid={valid} and test={test} leave a part without text.")


def split_documents(
    ids: Iterable[str], *, valid: float = 0.05, test: float = 0.05, seed: int = 0
) -> dict[str, Part]:
    """The part of each document, so that no part is empty.

    Each goes where `split_of` sends it; in a small collection a part may then be empty, and gets
    the training document of the lowest position. Raises MinilmError for fewer than 3 documents.
    """
    check_shares(valid, test)
    parts = {id_: split_of(id_, valid=valid, test=test, seed=seed) for id_ in ids}
    if len(parts) < len(PARTS):
        raise MinilmError(
            f"Only {len(parts)} documents are left: training, validation and test need one each."
            " Add documents, or save a long one as several files (a chapter each)."
        )
    order = sorted(parts, key=lambda id_: position_of(id_, seed))
    for part in PARTS:
        if part not in parts.values():
            crowded = max(PARTS, key=list(parts.values()).count)
            parts[next(id_ for id_ in order if parts[id_] == crowded)] = part
    return parts
