"""Tables of texts, as other tools write them: JSON lines and Parquet, one row in hand at a time.

A row is a plain dictionary. Its text and the facts whose names we know become a document; a row
that already is a whole document, written by `write_collection`, stays the same to the last byte.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from minilm.collect.documents import Document, iso_day, make_document
from minilm.errors import MinilmError

FACTS = {  # our field: what others call it
    "licence": ("licence", "license"),
    "date": ("date", "timestamp", "created"),
    "origin": ("origin", "url"),
    "title": ("title",),
    "language": ("language", "lang"),
    "opt_out": ("opt_out",),
}
KNOWN = {*Document.__annotations__, *(name for names in FACTS.values() for name in names)}
ROWS_AT_ONCE = 256


def row_document(
    row: Mapping[str, Any], *, id: str, source: str, licence: str, origin: str, field: str = "text"
) -> Document:
    """Make a document of a row whose text stands in `field`.

    The row's own licence, date, address, title and language come along; `licence` and `origin`
    hold where it has none. Raises MinilmError that names the origin when there is no text.
    """
    text = row.get(field)
    if not isinstance(text, str):
        raise MinilmError(f"{origin} has no text in {field!r}; its fields are {sorted(row)}.")
    facts = {ours: _first(row, names) for ours, names in FACTS.items()}
    return make_document(
        text,
        id=id,
        source=source,
        licence=facts["licence"] or licence,
        date=iso_day(facts["date"]),
        origin=facts["origin"] or origin,
        title=facts["title"],
        language=facts["language"],
        opt_out=facts["opt_out"],
    )


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for value in map(row.get, names):
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, str) and value.strip():
            return value.encode("utf-8", "replace").decode()
    return ""


def as_row(document: Document) -> dict[str, Any]:
    """Return a document as a row of a table: all fields, None where it does not know.

    Tables take their columns from their first row, and forget without a word what it lacks.
    """
    return dict.fromkeys(Document.__annotations__) | document


def as_document(row: Mapping[str, Any]) -> Document:
    """Return a row that holds all fields of a document as that document.

    A table has a value for every column, so what a document does not know comes back from it as
    None; it is left out. Raises MinilmError when the text is not the one of the checksum.
    """
    known = {key: row[key] for key in Document.__annotations__ if row.get(key) is not None}
    text = known.get("text")
    data = text.encode("utf-8", "replace") if isinstance(text, str) else b""
    if sha256(data).hexdigest() != known.get("sha256"):
        raise MinilmError(
            f"The text of {row.get('id')} is not the one that its checksum describes."
        )
    return cast(Document, known)


def is_document(row: Mapping[str, Any]) -> bool:
    """Whether a row holds all that a document needs."""
    texts = (row.get(key) for key in Document.__required_keys__)
    return all(isinstance(text, str) for text in texts) and isinstance(row.get("label"), int | None)


def jsonl_documents(
    path: Path, licence: str = "stated by you", field: str = "text"
) -> Iterator[Document]:
    """Read a file of JSON lines, compressed (.gz) or not, one line in memory at a time.

    Raises MinilmError that names the file and the line.
    """
    for number, line in _lines(path):
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise MinilmError(f"{where} is not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise MinilmError(f"{where} is not an object with a field {field!r}.")
        yield _document(row, path, number, licence, where, field)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty, with their numbers."""
    number = 0
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else open(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        raise MinilmError(f"{path} cannot be read after line {number}: {error}.") from error


def parquet_documents(
    path: Path, licence: str = "stated by you", field: str = "text"
) -> Iterator[Document]:
    """Read a Parquet file, some rows at a time, and of its columns only those that are needed.

    Raises MinilmError that names the file and the row.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    number = 0
    try:
        with ParquetFile(path, pre_buffer=False, buffer_size=2**20) as table:
            names = table.schema_arrow.names
            columns = [name for name in names if name in KNOWN | {field}]
            if field not in names:
                raise MinilmError(f"{path} has no column {field!r}; its columns are {names}.")
            for batch in table.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield _document(row, path, number, licence, f"{path}, row {number}", field)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise MinilmError(f"{path} cannot be read after row {number}: {reason}.") from error


def _document(
    row: dict[str, Any], path: Path, number: int, licence: str, where: str, field: str
) -> Document:
    if field == "text" and is_document(row):
        try:
            return as_document(row)
        except MinilmError as error:
            raise MinilmError(f"{where}: {error}") from error
    id = f"files/{path.as_posix()}#{number}"
    return row_document(row, id=id, source="files", licence=licence, origin=where, field=field)
