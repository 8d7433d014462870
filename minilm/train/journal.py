"""The log of a run: a table that any program reads, and two guests if they are there."""

import csv
import errno
import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from minilm.errors import MinilmError
from minilm.files import atomic_writer

Row = dict[str, Any]


class Guest(Protocol):
    """Another program's log."""

    def begin(self, n_rows: int) -> None:
        """Expect the row after the first n."""

    def write(self, row: Row) -> None:
        """Take a row."""

    def close(self) -> None:
        """Finish."""


class Journal:
    """Write each row of the history to log.csv as it comes, and to what else `log` names.

    "tensorboard" writes event files into the folder of that name, "wandb" a run of Weights &
    Biases, which stays on this machine unless WANDB_MODE is "online". One that is not installed
    costs a line, not the run. Without a folder nothing is written.

    A run that was stopped may have logged rows that its checkpoint does not know: `begin` makes the
    log agree with the history, so that no row is lost and none is there twice.

    Raises MinilmError for another name, and when the disk is full.
    """

    def __init__(
        self, folder: Path | None, log: Iterable[str] = (), config: dict[str, Any] | None = None
    ) -> None:
        self.path = folder / "log.csv" if folder else None
        self.columns: list[str] = []
        self.guests = [*invited(log, folder, config or {})] if folder else []

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        for guest in self.guests:
            guest.close()

    def begin(self, history: list[Row]) -> None:
        """Let the log hold these rows and no others."""
        for guest in self.guests:
            guest.begin(len(history))
        self.write_table(history)

    def write(self, history: list[Row]) -> None:
        """Add the last row of the history."""
        row = history[-1]
        for guest in self.guests:
            guest.write(row)
        if not row.keys() <= set(self.columns):
            self.write_table(history)  # a column that no row had before
        elif self.path:
            try:
                with self.path.open("a", encoding="utf-8", newline="") as file:
                    csv.DictWriter(file, self.columns, lineterminator="\n").writerow(row)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise MinilmError(
                    f"The disk is full: {self.path} does not hold step {row['step']}. The last"
                    " checkpoint is kept. Free some space and run the same command again."
                ) from error

    def write_table(self, history: list[Row]) -> None:
        """Write the whole table, atomically."""
        self.columns = list(dict.fromkeys(name for row in history for name in row))
        if self.path:
            with atomic_writer(self.path, "w") as file:
                if history:
                    table = csv.DictWriter(file, self.columns, lineterminator="\n")
                    table.writeheader()
                    table.writerows(history)


class TensorBoard:
    """Curves for `tensorboard --logdir FOLDER`; a sample is a text."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.open: Any = partial(SummaryWriter, folder / "tensorboard")
        self.writer: Any = None

    def begin(self, n_rows: int) -> None:
        """Hide what an earlier process wrote of later steps."""
        self.close()
        self.writer = self.open(purge_step=n_rows + 1 if n_rows else None)

    def write(self, row: Row) -> None:
        """Add a point to every curve."""
        for name, value in row.items():
            if isinstance(value, str):
                self.writer.add_text(name, value, row["step"])
            elif value is not None and name != "step":
                self.writer.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Write what is still in memory."""
        if self.writer:
            self.writer.close()


class WeightsAndBiases:
    """A run of Weights & Biases, which a stopped run continues under the same name."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        import wandb

        self.run = wandb.init(
            project="minilm",
            dir=folder,
            id=hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12],
            resume="allow",
            mode=os.environ.get("WANDB_MODE", "offline"),
            config=config,
        )

    def begin(self, n_rows: int) -> None:
        """Nothing to do: wandb keeps what it was told first of each step."""

    def write(self, row: Row) -> None:
        """Hand the row on."""
        self.run.log({name: value for name, value in row.items() if name != "step"}, row["step"])

    def close(self) -> None:
        """Let it finish its files."""
        self.run.finish()


GUESTS: dict[str, Callable[[Path, dict[str, Any]], Guest]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
}


def invited(log: Iterable[str], folder: Path, config: dict[str, Any]) -> Iterable[Guest]:
    """Yield the guests that are installed; say of the others how to install them."""
    for name in log:
        if name not in GUESTS:
            raise MinilmError(f'log names {name!r}; write "tensorboard" or "wandb" instead.')
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield GUESTS[name](folder, config)
        except ImportError as error:
            print(f"{error}: log.csv alone (pip install {name})", file=sys.stderr)
