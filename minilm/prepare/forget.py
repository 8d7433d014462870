"""Forgetting: take documents out of shards, as if they had never been written.

What lies on disk is never half changed. The shards that held a removed document are written anew
under new names, then one replaced index makes them the folder's content, then the old files go. A
process killed before that step leaves everything as it was, after it everything as it should be;
the next call deletes what was left lying.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minilm.files import atomic_writer
from minilm.prepare.shard_index import describe, sweep, write_index, write_shard
from minilm.prepare.shards import TokenShards


def remove_documents(folder: Path | str, ids: Iterable[str]) -> int:
    """Remove the documents with these names from a folder of shards; return how many there were.

    Names that the folder does not hold are no error: the result is what was asked for. The sizes
    in the index shrink with the text. Only shards that held a removed document are rewritten.

    Raises MinilmError when the folder is damaged, or too old to know its documents.
    """
    folder = Path(folder)
    shards = TokenShards.open(folder)
    names, starts = shards.documents
    unwanted = set(ids)
    kept = np.array([name not in unwanted for name in names], dtype=bool)  # (N,)
    if kept.all():
        sweep(folder, shards.index)
        return 0
    index, lengths = shards.index, shards.document_lengths
    generation = index["generation"] + 1
    entries: list[dict[str, Any]] = []
    begin = 0
    for entry in index["shards"]:
        end = begin + entry["n_tokens"]
        stays = tokens_that_stay(starts, lengths, kept, begin, end)
        if stays.all():
            entries.append(entry)
        elif stays.any():
            number = entry["file"].split(".")[0].split("-")[0]
            ids = shards.read(begin, end)[stays].astype(index["dtype"])
            entries.append(write_shard(folder / f"{number}-{generation}.bin", ids))
        begin = end
    changed = {
        "generation": generation,
        "n_tokens": int(lengths[kept].sum()),
        "n_documents": int(kept.sum()),
        "shards": entries,
        "documents": write_documents(shards, kept, generation),
    }
    if index["n_bytes"] is not None:
        changed["n_bytes"] = index["n_bytes"] - int(shards.document_bytes[~kept].sum())
    write_index(folder, index | changed)
    return int((~kept).sum())


def tokens_that_stay(
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    kept: npt.NDArray[np.bool_],
    begin: int,
    end: int,
) -> npt.NDArray[np.bool_]:
    """Say of each token of a shard whether its document is kept: (end - begin,)."""
    first = max(int(np.searchsorted(starts, begin, side="right")) - 1, 0)
    last = int(np.searchsorted(starts, end, side="left"))
    here = slice(first, last)  # the documents that have tokens between begin and end
    inside = np.minimum(starts[here] + lengths[here], end) - np.maximum(starts[here], begin)
    return np.repeat(kept[here], np.maximum(inside, 0))


def write_documents(
    shards: TokenShards, kept: npt.NDArray[np.bool_], generation: int
) -> list[dict[str, Any]]:
    """Write the names and places of the kept documents; return their entries in the index."""
    names, _ = shards.documents
    paths = [shards.folder / f"documents-{generation}.{end}" for end in ("bin", "txt")]
    records = np.array(shards.records[kept])
    lengths = shards.document_lengths[kept]
    records["start"] = np.cumsum(lengths) - lengths
    with atomic_writer(paths[1]) as file:
        for row, number in enumerate(np.flatnonzero(kept).tolist()):
            file.write(names[number].encode("utf-8", "surrogatepass") + b"\n")
            records["id_end"][row] = file.tell()
    with atomic_writer(paths[0]) as file:
        file.write(records.tobytes())
    return [describe(path) for path in paths]
