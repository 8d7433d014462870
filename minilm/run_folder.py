"""A run's folder: who may write there, what a complete stage looks like, how one is thrown away."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from minilm.errors import MinilmError
from minilm.files import read_json

RECIPE, LOCK, STARTED, STAMP = "recipe.toml", ".lock", "started.json", "stamp.json"
EARLIER, TRASH = ".earlier", ".trash"


@contextlib.contextmanager
def open_run(out: Path) -> Iterator[None]:
    """Make `out` a run folder, or find that it is one, and keep other processes out of it.

    The lock is the system's: it is released when this process ends, however it ends. Raises
    MinilmError when the folder cannot be made, holds something else, or is in use.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        strangers = {path.name for path in out.iterdir()} - {LOCK}
        if strangers and not (out / RECIPE).is_file():
            raise MinilmError(
                f"{out} is not empty and not a run of minilm (it has no {RECIPE}), so nothing is"
                " written there. Choose another folder with --out."
            )
        lock = open(out / LOCK, "a+b")  # noqa: SIM115 (the with below closes it)
    except OSError as error:
        raise MinilmError(f"{out} cannot be used as a run folder: {error.strerror}.") from error
    with lock:
        try:
            _lock(lock)
        except OSError:
            raise MinilmError(
                f"Another minilm is building in {out}. Wait for it to end, or choose another --out."
            ) from None
        yield


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_done(folder: Path, stamp: str) -> bool:
    """Whether the folder was completed under this stamp and still holds what was written then."""
    if not (folder / STAMP).is_file():
        return False
    record = read_json(folder / STAMP)
    return bool(record.get("stamp") == stamp and record.get("files") == sizes_of(folder))


def sizes_of(folder: Path) -> dict[str, int]:
    """Return the size of every file that the stage wrote, to notice one that is gone or cut."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
    return {name: size for name, size in sizes.items() if name not in (STAMP, STARTED)}


def discard(folder: Path, out: Path) -> None:
    """Delete a folder of the run: first it is gone from its place, then from the disk."""
    shutil.rmtree(out / TRASH, ignore_errors=True)  # of a process that was killed here
    if folder.exists():
        folder.rename(out / TRASH)
        shutil.rmtree(out / TRASH)
