"""The list of what was removed from a run: checksums and dates, never the texts.

It keeps a text from coming back: `minilm collect` leaves out what is on it, by id or by text. And
the stamps know it: what was trained on a removed text is made of something that is no longer there.
Source of the duty it serves: Regulation (EU) 2016/679, articles 17 and 19 (erasure, and telling
those who hold copies).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minilm.collect.documents import Document
from minilm.errors import MinilmError
from minilm.files import read_json, write_json
from minilm.prepare.normalize import normalize, strip_html

LIST = "removed.json"


@dataclass(frozen=True)
class Removal:
    """One removed document; `places` are those that held it: "collect", "train", "valid", "test".

    Short ids and texts can be found from a checksum by trying: the list is not for publication.
    """

    date: str
    id: str  # SHA-256 of the document's id
    text: str  # SHA-256 of the text, see `text_checksum`
    places: tuple[str, ...]


@dataclass
class Removed:
    """All removals of a run, and the one under way if a process was stopped in the middle."""

    removals: list[Removal] = field(default_factory=list)
    pending: dict[str, Any] | None = None

    @classmethod
    def read(cls, run: Path) -> "Removed":
        """Read the list of a run; it is empty where nothing was ever removed."""
        path = Path(run) / LIST
        if not path.is_file():
            return cls()
        try:
            content = read_json(path)
            removals = [
                Removal(**row | {"places": tuple(row["places"])}) for row in content["removals"]
            ]
            return cls(removals, content["pending"])
        except (KeyError, TypeError, AttributeError) as error:
            raise MinilmError(
                f"{path} is damaged ({error!r}). It keeps removed texts from coming back: restore"
                " it from a copy, or delete it and remove them again."
            ) from error

    def write(self, run: Path) -> None:
        """Write the list into the run's folder, atomically."""
        removals = [asdict(removal) for removal in self.removals]
        write_json(Path(run) / LIST, {"removals": removals, "pending": self.pending})

    def date_of(self, document_id: str) -> str:
        """When a document of this id was removed, or "" if it was not."""
        wanted = checksum(document_id)
        return next((one.date for one in self.removals if one.id == wanted), "")

    def without(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield the documents that are not on the list, neither by id nor by text."""
        if not self.removals:
            yield from documents
            return
        ids = {removal.id for removal in self.removals}
        texts = {removal.text for removal in self.removals}
        for document in documents:
            if checksum(document["id"]) not in ids and text_checksum(document["text"]) not in texts:
                yield document

    def stamp(self, stamp: str, places: Sequence[str]) -> str:
        """The stamp of something that read these places: another one after each removal there."""
        for removal in self.removals:
            if not set(places).isdisjoint(removal.places):
                stamp = checksum(stamp + removal.id)
        return stamp

    def by_date(self) -> list[dict[str, Any]]:
        """How many documents were removed on each day: the only thing that cards say."""
        counts = Counter(removal.date for removal in self.removals)
        return [{"date": date, "documents": n} for date, n in sorted(counts.items())]


def checksum(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def text_checksum(text: str) -> str:
    """The checksum of a text's words: spaces, line breaks and HTML make no other text."""
    return checksum(" ".join(normalize(strip_html(text)).split()))
