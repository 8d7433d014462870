"""The one record of the course: a text that knows where it is from.

A `Document` is a plain dictionary, so that every tool can read it, one JSON object per line. A
collection of them is a folder of three files: `documents.jsonl`, `manifest.json` (what is in it,
per source) and `manifest.csv` (a line per document, without the text, to open as a table).
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from minilm.errors import MinilmError
from minilm.files import atomic_writer, read_json, sha256_of, write_json

DOCUMENTS, MANIFEST, TABLE = "documents.jsonl", "manifest.json", "manifest.csv"
COLUMNS = ["id", "source", "licence", "date", "origin", "bytes", "sha256", "label"]
COLUMNS += ["title", "language", "opt_out"]


class Document(TypedDict):
    """A text and where it is from."""

    id: str  # unique in a collection, such as "sotu/1790-Washington-1"
    text: str
    source: str  # the collection it belongs to, such as "sotu"
    licence: str
    date: str  # ISO 8601, or "" when unknown
    origin: str  # where exactly: a file or an address
    sha256: str  # of the text in UTF-8
    label: NotRequired[int]  # reviews only: 0 negative, 1 positive
    title: NotRequired[str]
    language: NotRequired[str]  # as the page or the file says, such as "en"
    opt_out: NotRequired[str]  # why its owner does not want it used for training


def make_document(
    text: str,
    *,
    id: str,
    source: str,
    licence: str,
    date: str = "",
    origin: str = "",
    label: int | None = None,
    title: str = "",
    language: str = "",
    opt_out: str = "",
) -> Document:
    """Make a document of a text; its checksum is computed here, and what is not known is left out.

    Raises MinilmError when the text cannot be written as UTF-8 (half a surrogate pair).
    """
    try:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise MinilmError(f"The text of {id} is not valid Unicode: {error}.") from error
    document = Document(
        id=id,
        text=text,
        source=source,
        licence=licence,
        date=date,
        origin=origin,
        sha256=sha256,
    )
    if label is not None:
        document["label"] = label
    if title:
        document["title"] = title
    if language:
        document["language"] = language
    if opt_out:
        document["opt_out"] = opt_out
    return document


def iso_day(claim: str) -> str:
    """Return the day of an ISO 8601 date or time, such as "2024-05-03"; "" if it is none."""
    try:
        return date.fromisoformat(claim.strip()[:10]).isoformat()
    except ValueError:
        return ""


def write_collection(documents: Iterable[Document], folder: Path) -> dict[str, Any]:
    """Write documents and their manifest into a folder; each file appears whole or not at all.

    The manifest comes last: a folder without one, or with an old one, is unfinished. Returns the
    manifest. Raises MinilmError when there are no documents, or two have the same id.
    """
    folder = Path(folder)
    sources: dict[str, dict[str, Any]] = {}
    ids: set[str] = set()
    with (
        atomic_writer(folder / DOCUMENTS) as lines,
        atomic_writer(folder / TABLE, "w") as table,
    ):
        rows = csv.DictWriter(table, COLUMNS, extrasaction="ignore", lineterminator="\n")
        rows.writeheader()
        for document in documents:
            if document["id"] in ids:
                raise MinilmError(f"Two documents have the id {document['id']}: ids must differ.")
            ids.add(document["id"])
            lines.write(json.dumps(document, ensure_ascii=False).encode() + b"\n")
            rows.writerow({**document, "bytes": _count(document, sources)})
        if not ids:
            raise MinilmError("The collection is empty: no source gave a document.")
    manifest = {
        "documents": len(ids),
        "bytes": sum(summary["bytes"] for summary in sources.values()),
        "sources": sources,
        "sha256": sha256_of(folder / DOCUMENTS),
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def _count(document: Document, sources: dict[str, dict[str, Any]]) -> int:
    """Add a document to the summary of its source; return its size in bytes."""
    new = {"documents": 0, "bytes": 0, "licence": "", "first_date": "", "last_date": ""}
    summary = sources.setdefault(document["source"], new)
    n_bytes = len(document["text"].encode())
    summary["documents"] += 1
    summary["bytes"] += n_bytes
    if document["licence"] not in summary["licence"].split("; "):
        summary["licence"] = "; ".join(filter(None, [summary["licence"], document["licence"]]))
    if document["date"]:
        summary["first_date"] = min(summary["first_date"] or "9999", document["date"])
        summary["last_date"] = max(summary["last_date"], document["date"])
    return n_bytes


def read_collection(folder: Path) -> Iterator[Document]:
    """Read the documents of a folder, one by one; the checksum is compared before the first.

    Raises MinilmError that names the file, and the line if it is one, when something is missing or
    damaged.
    """
    path = Path(folder) / DOCUMENTS
    manifest = read_json(Path(folder) / MANIFEST)
    if not path.is_file():
        raise MinilmError(f"{path} is missing. Run `minilm collect` again.")
    if not isinstance(manifest, dict) or manifest.get("sha256") != sha256_of(path):
        raise MinilmError(
            f"{path} is not the file that {MANIFEST} describes: it is cut off or was changed."
            " Run `minilm collect` again."
        )
    return _read_lines(path)


def _read_lines(path: Path) -> Iterator[Document]:
    required = Document.__required_keys__
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                document = json.loads(line)
                missing = required - document.keys()
            except (ValueError, AttributeError) as error:
                raise MinilmError(f"{path}, line {number} is not a document: {error}.") from error
            if missing:
                raise MinilmError(f"{path}, line {number} lacks {', '.join(sorted(missing))}.")
            yield document
