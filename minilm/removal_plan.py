"""What a removal will change: which documents, what the prepared parts hold of them, the card.

Everything is computed before anything is touched, so that each step can be repeated.
"""

import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from minilm.collect.documents import MANIFEST, Document, read_collection
from minilm.errors import MinilmError
from minilm.files import read_json
from minilm.prepare.clean import CARD
from minilm.prepare.deduplicate import jaccard, shingles
from minilm.prepare.parts import LABELLED
from minilm.prepare.shards import TokenShards
from minilm.removed import text_checksum
from minilm.run_folder import STAMP

NEAR = 0.8  # Jaccard similarity of runs of words above which a text is named as nearly the same
Sizes = dict[str, tuple[int, int]]  # id -> tokens and bytes


def find(folder: Path, wanted: set[str]) -> tuple[list[Document], list[tuple[str, float]]]:
    """The wanted documents and their copies, and (id, similarity) of what is nearly the same."""
    asked = [document for document in read_collection(folder) if document["id"] in wanted]
    missing = wanted - {document["id"] for document in asked}
    if missing:
        raise MinilmError(
            f"{folder} has no document {', '.join(sorted(missing))}; nothing was removed."
            " The ids are in its manifest.csv."
        )
    texts = {text_checksum(document["text"]) for document in asked}
    runs = [shingles(document["text"]) for document in asked]
    found, near, n_documents = [], [], 0
    total = read_json(folder / MANIFEST)["documents"]
    for document in tqdm(read_collection(folder), "look for copies", total, unit="doc"):
        n_documents += 1
        if document["id"] in wanted or text_checksum(document["text"]) in texts:
            found.append(document)
        elif (share := nearest(document["text"], runs)) >= NEAR:
            near.append((document["id"], round(share, 2)))
    if len(found) == n_documents:
        raise MinilmError(f"That is all that {folder} holds: delete the run's folder instead.")
    return found, near


def nearest(text: str, runs: list[set[str]]) -> float:
    """The largest similarity of a text to texts given by their runs of words."""
    n = len(text.split())  # more runs than this it cannot have
    likely = [one for one in runs if n >= NEAR * len(one)]
    if not likely:
        return 0.0
    own = shingles(text)
    return max(jaccard(own, one) for one in likely)


def prepared_sizes(run: Path, part: str, ids: set[str]) -> Sizes:
    """(tokens, bytes) of those of the documents that a prepared part holds."""
    if not (run / "prepare" / STAMP).is_file():
        return {}
    shards = TokenShards.open(run / "prepare" / part, verify=False)
    names, _ = shards.documents
    return {
        name: (int(shards.document_lengths[number]), int(shards.document_bytes[number]))
        for number, name in enumerate(names)
        if name in ids
    }


def changed_card(
    run: Path,
    found: list[Document],
    held: dict[str, Sizes],
    removals: list[dict[str, Any]],
) -> dict[str, Any] | None:
    """The data card without the documents; None where nothing is prepared or a part gets empty."""
    if not (run / "prepare" / STAMP).is_file():
        return None
    card: dict[str, Any] = read_json(run / "prepare" / CARD)
    sources = {document["id"]: card["sources"][document["source"]] for document in found}
    for document in found:
        sources[document["id"]]["documents"] -= 1
        sources[document["id"]]["bytes"] -= len(document["text"].encode())
    for name, sizes in held.items():
        part = card["parts"][name]
        part["documents"] -= len(sizes)
        part["labelled"] -= len(labelled_among(run / "prepare" / name / LABELLED, set(sizes)))
        for id, (n_tokens, n_bytes) in sizes.items():
            part["tokens"] -= n_tokens
            part["bytes"] -= n_bytes
            sources[id]["kept"]["documents"] -= 1
            sources[id]["kept"]["bytes"] -= n_bytes
        if not part["documents"]:
            return None
    gone = {document["id"] for document in found}
    for step in card["steps"]:
        for group in step.get("removed", {}).values():
            shown = [one for one in group["examples"] if gone.isdisjoint(one.split(" = "))]
            group["examples"] = shown
    card["removed"] = removals
    return card


def labelled_among(path: Path, ids: set[str]) -> list[str]:
    """Which of the ids have a line in a file of labelled texts."""
    if not ids or not path.is_file():
        return []
    with open(path, encoding="utf-8") as lines:
        return [row["id"] for row in map(json.loads, lines) if row["id"] in ids]
