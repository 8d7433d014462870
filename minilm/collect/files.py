"""Your own files: texts, pages, tables and archives that a pattern finds become documents.

What a file is, its suffix says. Each kind has its reader, in `rows`, `pages` or `wikitext`; all of
them hold one document in memory at a time, however large the file is.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path

from minilm.collect.documents import Document, make_document
from minilm.collect.pages import html_documents, warc_documents
from minilm.collect.rows import jsonl_documents, parquet_documents
from minilm.collect.wikitext import wiki_documents
from minilm.errors import MinilmError

YOURS = "stated by you"


def file_documents(pattern: str, licence: str = "") -> Iterator[Document]:
    """Read the files that match a glob pattern (`**` reaches into folders), in order of name.

    Without a licence of your own each reader states what it knows. What gave no document is
    counted, and the counts are said in one line on the standard error.

    Raises MinilmError when nothing matches or nothing has text, and when a file is damaged: it
    names the file, and the byte, line, row or record.
    """
    paths = matching_files(pattern)
    if not paths:
        raise MinilmError(
            f"No file that matches {pattern!r} ends in {', '.join(READERS)}."
            " Check the path; quote the pattern so that the shell leaves it alone."
        )
    left_out: Counter[str] = Counter()
    n_documents = 0
    for path in paths:
        for document in READERS[suffix_of(path)](path, licence, left_out):
            n_documents += 1
            yield document
    reasons = ", ".join(f"{n} {reason}" for reason, n in left_out.most_common())
    if not n_documents:
        raise MinilmError(f"The files that match {pattern!r} hold no text: {reasons or 'empty'}.")
    if reasons:
        print(f"files:{pattern}: {n_documents} documents; left out: {reasons}", file=sys.stderr)


def matching_files(pattern: str) -> list[Path]:
    """Find the files of a pattern, or of a folder and all folders inside, that we can read."""
    inside = f"{pattern}/**" if Path(pattern).is_dir() else pattern
    return [Path(path) for path in sorted(glob(inside, recursive=True)) if suffix_of(path)]


def suffix_of(path: Path | str) -> str:
    """Return the one of the known suffixes that the name ends in, or ""."""
    return next((suffix for suffix in READERS if str(path).lower().endswith(suffix)), "")


def text_documents(path: Path, licence: str = YOURS) -> Iterator[Document]:
    """Read a text file: one document. Raises MinilmError when it is not UTF-8."""
    yield make_document(
        read_utf8(path),
        id=f"files/{path.as_posix()}",
        source="files",
        licence=licence,
        origin=str(path.resolve()),
    )


def read_utf8(path: Path) -> str:
    """Read a text file as UTF-8, without a guess at any other encoding."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise MinilmError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise MinilmError(
            f"{path} is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}."
            " Save it again as UTF-8 in your editor, or convert it with iconv."
        ) from error


Reader = Callable[[Path, str, Counter[str]], Iterator[Document]]


def _rows(read: Callable[[Path, str], Iterator[Document]]) -> Reader:
    return lambda path, licence, left_out: read(path, licence or YOURS)


READERS: dict[str, Reader] = {
    ".txt": _rows(text_documents),
    ".md": _rows(text_documents),
    ".jsonl": _rows(jsonl_documents),
    ".jsonl.gz": _rows(jsonl_documents),
    ".parquet": _rows(parquet_documents),
    ".html": html_documents,
    ".htm": html_documents,
    ".warc": warc_documents,
    ".warc.gz": warc_documents,
    ".xml": wiki_documents,
    ".xml.gz": wiki_documents,
    ".xml.bz2": wiki_documents,
}
