"""Your own text: every .txt and .md file that a pattern finds becomes a document."""

from collections.abc import Iterator
from glob import glob
from pathlib import Path

from minilm.collect.documents import Document, make_document
from minilm.errors import MinilmError

SUFFIXES = (".txt", ".md")


def file_documents(pattern: str, licence: str = "stated by you") -> Iterator[Document]:
    """Read the files that match a glob pattern (`**` reaches into folders), in order of name.

    Raises MinilmError when nothing matches, and when a file is not UTF-8: it names the file and
    the byte where the trouble starts.
    """
    inside = f"{pattern}/**" if Path(pattern).is_dir() else pattern
    paths = sorted(path for path in glob(inside, recursive=True) if path.endswith(SUFFIXES))
    if not paths:
        raise MinilmError(
            f"No {' or '.join(SUFFIXES)} file matches {pattern!r}."
            " Check the path; quote the pattern so that the shell leaves it alone."
        )
    for path in map(Path, paths):
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
