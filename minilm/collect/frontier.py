"""The frontier: every address that a crawl has met, what became of it, and what is next.

It is an SQLite file, so a crawl that is killed knows after its restart what it had done. A page's
outcome, the place of its records and the links that were found on it enter in one transaction,
after the records are on disk: all of it has happened, or nothing.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from minilm.collect.addresses import host_of, pattern_of
from minilm.collect.warc import Place
from minilm.errors import MinilmError

FILE = "frontier.sqlite"
TABLES = """
CREATE TABLE IF NOT EXISTS pages (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    pattern TEXT NOT NULL,
    depth INTEGER NOT NULL,      -- links followed from where the crawl began
    redirects INTEGER NOT NULL,  -- redirects followed since the last link
    tries INTEGER NOT NULL DEFAULT 0,  -- requests made
    outcome TEXT NOT NULL DEFAULT 'queued',
    reason TEXT NOT NULL DEFAULT '',
    bytes INTEGER NOT NULL DEFAULT 0,
    digest TEXT NOT NULL DEFAULT '',
    file TEXT, start INTEGER, end INTEGER  -- where its records stand
);
CREATE INDEX IF NOT EXISTS queue ON pages (host, tries, depth, id) WHERE outcome = 'queued';
CREATE INDEX IF NOT EXISTS starts ON pages (host) WHERE depth = 0;
CREATE INDEX IF NOT EXISTS patterns ON pages (pattern);
CREATE INDEX IF NOT EXISTS digests ON pages (digest) WHERE digest != '';
CREATE TABLE IF NOT EXISTS sites (origin TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS site_files (
    origin TEXT NOT NULL, path TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (origin, path)
);
"""


@dataclass(frozen=True)
class Found:
    """An address to fetch: how many links, and then redirects, led to it."""

    address: str
    depth: int
    redirects: int = 0
    tries: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of an address: kept, redirect, duplicate, opted out, forbidden, dropped."""

    name: str
    reason: str = ""
    n_bytes: int = 0
    digest: str = ""
    place: Place | None = None
    asked: bool = True  # whether a request was made


class Frontier:
    """The file of a crawl in `folder`, opened for one process at a time.

    Raises MinilmError when another process crawls into the folder, or the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / FILE
        try:
            self._base = sqlite3.connect(self._file, timeout=0)
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(TABLES)
            with self._base:
                self._base.execute("DELETE FROM sites WHERE origin = ''")  # takes the lock
        except sqlite3.OperationalError as error:
            raise MinilmError(f"Another process crawls into {folder}, or: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise MinilmError(f"{self._file} is damaged: {error}. Crawl anew elsewhere.") from error

    @contextmanager
    def _step(self) -> Iterator[None]:
        """All that is written inside happens, or nothing; a full disk loses nothing."""
        try:
            with self._base:
                yield
        except sqlite3.OperationalError as error:
            raise MinilmError(
                f"{self._file} cannot be written: {error}. What was crawled before is kept: mend"
                " this, and run the same command again."
            ) from error

    def add(self, found: Iterable[Found], per_pattern: int) -> None:
        """Queue addresses that are new, `per_pattern` of one pattern at most."""
        with self._step():
            self._add(found, per_pattern)

    def _add(self, found: Iterable[Found], per_pattern: int) -> None:
        new = (
            "INSERT OR IGNORE INTO pages (address, host, pattern, depth, redirects) "
            "SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM pages WHERE pattern = ?) < ?"
        )
        for f in found:
            pattern = pattern_of(f.address)
            values = (f.address, host_of(f.address), pattern, f.depth, f.redirects)
            self._base.execute(new, (*values, pattern, per_pattern))

    def next(self, host: str) -> Found | None:
        """The next address of a host: those tried least, then the nearest, then the first found."""
        row = self._base.execute(
            "SELECT address, depth, redirects, tries FROM pages"
            " WHERE host = ? AND outcome = 'queued' ORDER BY tries, depth, id LIMIT 1",
            (host,),
        ).fetchone()
        return Found(*row) if row else None

    def finish(
        self, address: str, outcome: Outcome, found: Iterable[Found] = (), per_pattern: int = 0
    ) -> None:
        """Write down in one step what became of a request, and the addresses found by it."""
        place = outcome.place
        with self._step():
            self._base.execute(
                "UPDATE pages SET tries = tries + ?, outcome = ?, reason = ?, bytes = bytes + ?,"
                " digest = ?, file = ?, start = ?, end = ? WHERE address = ?",
                (
                    outcome.asked,
                    outcome.name,
                    outcome.reason,
                    outcome.n_bytes,
                    outcome.digest,
                    *((place.file, place.start, place.end) if place else (None, None, None)),
                    address,
                ),
            )
            self._add(found, per_pattern)

    def hosts(self) -> list[str]:
        """The hosts with queued addresses, in the order in which they were found."""
        rows = self._base.execute(
            "SELECT host FROM pages WHERE outcome = 'queued' GROUP BY host ORDER BY min(id)"
        )
        return [host for (host,) in rows]

    def start_hosts(self) -> set[str]:
        """The hosts where the crawl began, or was sent to from there."""
        rows = self._base.execute("SELECT DISTINCT host FROM pages WHERE depth = 0")
        return {host for (host,) in rows}

    def kept_as(self, digest: str) -> str:
        """The address of a kept page with this digest, or ""."""
        row = self._base.execute(
            "SELECT address FROM pages WHERE digest = ? AND outcome = 'kept'", (digest,)
        ).fetchone()
        return row[0] if row else ""

    def spent(self) -> tuple[int, int]:
        """The requests and the bytes of the whole crawl so far."""
        requests, n_bytes = self._base.execute(
            "SELECT coalesce(sum(tries), 0), coalesce(sum(bytes), 0) FROM pages"
        ).fetchone()
        return requests, n_bytes

    def outcomes(self) -> dict[str, dict[str, int]]:
        """How many addresses had each outcome, by reason."""
        counts: dict[str, dict[str, int]] = {}
        rows = self._base.execute(
            "SELECT outcome, reason, count(*) FROM pages GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
        )
        for outcome, reason, count in rows:
            counts.setdefault(outcome, {})[reason] = count
        return counts

    def last_place(self) -> Place | None:
        """Where the last complete page stands."""
        row = self._base.execute(
            "SELECT file, start, end FROM pages WHERE file NOT NULL ORDER BY file DESC, end DESC"
        ).fetchone()
        return Place(*row) if row else None

    def site(self, origin: str, since: float) -> dict[str, bytes] | None:
        """A site's files of rules (path -> bytes) if they were read after `since`, or None."""
        if not self._base.execute(
            "SELECT 1 FROM sites WHERE origin = ? AND at > ?", (origin, since)
        ).fetchone():
            return None
        rows = self._base.execute("SELECT path, body FROM site_files WHERE origin = ?", (origin,))
        return dict(rows.fetchall())

    def set_site(self, origin: str, files: dict[str, bytes], at: float) -> None:
        """Keep a site's files of rules, read at the time `at`."""
        with self._step():
            self._base.execute("DELETE FROM site_files WHERE origin = ?", (origin,))
            self._base.execute("REPLACE INTO sites VALUES (?, ?)", (origin, at))
            self._base.executemany(
                "INSERT INTO site_files VALUES (?, ?, ?)",
                [(origin, path, body) for path, body in files.items()],
            )

    def __enter__(self) -> "Frontier":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._base.close()
