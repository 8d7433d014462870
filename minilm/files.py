"""Files that are either whole or not there: atomic writes, JSON, checksums."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from minilm.errors import MinilmError


@contextlib.contextmanager
def atomic_writer(path: Path | str, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a file that appears at `path` only when it is complete.

    The bytes go to a temporary file in the same folder, reach the disk, and replace `path` in one
    step, so a killed process leaves the old file or the new one, never half of either. Text modes
    are UTF-8 and keep line feeds as they are.

    Raises MinilmError when the disk is full; the old file at `path` is then untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    try:
        with open(name, mode.replace("w", "x"), **text) as file:  # type: ignore[call-overload]
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException as error:
        name.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise MinilmError(
                f"The disk is full: {path} was not written, and what was there before is unchanged."
                " Free some space and run the same command again; finished work is kept."
            ) from error
        raise


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    with atomic_writer(path, "w") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.write("\n")


def read_json(path: Path | str) -> Any:
    """Read a JSON file; raise MinilmError that names the file when it is missing or damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MinilmError(f"{path} is missing. Run the command that writes it first.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MinilmError(f"{path} is damaged ({error}). Delete it and make it again.") from error


def sha256_of(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
