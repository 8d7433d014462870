"""Removal on request: a text leaves the collection, the shards, the labels and the cards of a run.

The request concerns a text, so its copies go with it: documents whose text is the same once spaces
and HTML are evened out. Otherwise the next `prepare` would put the twin where the first had stood.
Nearly equal texts may be somebody else's; they are named, not removed.

What is to be done is written down before anything is touched, every step can be done twice, and
each file changes at once or not at all. So a process killed anywhere loses nothing: the next
`minilm remove` or `minilm build` of the run finishes what was begun. Trained weights are not
touched: nothing takes a text out of them but training again, which the stamps ask for.
"""

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from minilm.collect.documents import read_collection
from minilm.collect.erase import erase_pages
from minilm.collect.representativeness import CENSUS, write_counted
from minilm.errors import MinilmError
from minilm.files import atomic_writer, read_json, write_json
from minilm.prepare.clean import CARD
from minilm.prepare.datasheet import DATASHEET, write_datasheet
from minilm.prepare.forget import remove_documents
from minilm.prepare.parts import LABELLED
from minilm.prepare.split import PARTS
from minilm.removal_plan import Sizes, changed_card, find, labelled_among, prepared_sizes
from minilm.removed import Removal, Removed, checksum, text_checksum
from minilm.run_folder import EARLIER, RECIPE, STAMP, STARTED, discard, open_run, sizes_of

FRESH = ".removing"
HALF_WRITTEN = re.compile(r"\..+\.[0-9a-f]{8}")


@dataclass(frozen=True)
class Report:
    """What a removal did: ids of the documents and their copies, where they were, what is near."""

    ids: tuple[str, ...]
    copies: tuple[str, ...]
    places: dict[str, int]  # "collect", "train", "valid", "test" -> documents
    near: tuple[tuple[str, float], ...]
    origins: tuple[str, ...]


def remove(run: Path, ids: Iterable[str], today: str = "") -> Report:
    """Remove documents by id from a run whose lock you hold (`run_folder.open_run`).

    Ids that were removed before are no error. Raises MinilmError, and changes nothing, when the
    collection has no document of an id, when none would be left, or when there is no collection.
    """
    finish(run)
    if not (run / "collect" / STAMP).is_file():
        raise MinilmError(f"Nothing is collected in {run}, so nothing can be removed from it.")
    removed = Removed.read(run)
    wanted = {id for id in ids if not removed.date_of(id)}
    if not wanted:
        return Report((), (), {}, (), ())
    found, near = find(run / "collect", wanted)
    held: dict[str, Sizes] = {
        part: prepared_sizes(run, part, {one["id"] for one in found}) for part in PARTS
    }
    places = {one["id"]: ["collect", *(p for p in PARTS if one["id"] in held[p])] for one in found}
    today = today or date.today().isoformat()
    removed.removals += [
        Removal(today, checksum(one["id"]), text_checksum(one["text"]), tuple(places[one["id"]]))
        for one in found
    ]
    card = changed_card(run, found, held, removed.by_date())
    everywhere = sorted({place for one in places.values() for place in one})
    origins = sorted({one["origin"] for one in found})
    removed.pending = {
        "ids": sorted(places),
        "origins": origins,
        "places": everywhere,
        "card": card,
    }
    removed.write(run)
    finish(run)
    counts = {part: len(sizes) for part, sizes in held.items() if sizes}
    return Report(
        ids=tuple(sorted(wanted)),
        copies=tuple(sorted(set(places) - wanted)),
        places={"collect": len(found), **counts},
        near=tuple(near),
        origins=tuple(origins),
    )


def finish(run: Path) -> None:
    """Do, or finish, the removal that the run's list has as pending; every step can be repeated."""
    removed = Removed.read(run)
    if removed.pending is None:
        return
    ids, card = set(removed.pending["ids"]), removed.pending["card"]
    _forget_copies(run, removed.pending["places"])
    _change_collection(run, ids, removed.pending["origins"])
    _change_prepared(run, ids, card)
    sweep(run.glob(".*"))
    removed.pending = None
    removed.write(run)


def _forget_copies(run: Path, places: list[str]) -> None:
    """Delete what may quote the texts and is made again: results, older and unfinished stages."""
    names = ["collect", "prepare", "evaluate", "report"]
    unwanted = [run / EARLIER / name for name in names]
    unwanted += [run / name for name in names if not (run / name / STAMP).is_file()]
    if not set(PARTS).isdisjoint(places):
        unwanted += [run / "evaluate", run / "report"]
    for folder in unwanted:
        discard(folder, run)


def _change_collection(run: Path, ids: set[str], origins: list[str]) -> None:
    """Write the collection anew beside the old one, then put it in its place.

    What else lies there comes along: the list of what was left out, and crawled pages, in whose
    archives the removed ones are erased.
    """
    folder, fresh = run / "collect", run / FRESH
    if not (fresh / STAMP).is_file():
        shutil.rmtree(fresh, ignore_errors=True)
        if all(document["id"] not in ids for document in read_collection(folder)):
            return
        write_counted((one for one in read_collection(folder) if one["id"] not in ids), fresh)
        for path in sorted(folder.rglob("*")):
            copy = fresh / path.relative_to(folder)
            if path.is_dir() or copy.exists() or path.name in (STAMP, STARTED):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.name.endswith(".warc.gz"):
                erase_pages(path, copy, origins)
            else:
                shutil.copy2(path, copy)
        write_json(fresh / STAMP, read_json(folder / STAMP) | {"files": sizes_of(fresh)})
    discard(folder, run)
    fresh.rename(folder)


def _change_prepared(run: Path, ids: set[str], card: dict[str, Any] | None) -> None:
    """Take the documents out of shards, labels and cards; without a card, prepare starts anew."""
    folder = run / "prepare"
    if card is None:
        discard(folder, run)
        return
    for part in PARTS:
        remove_documents(folder / part, ids)
        path = folder / part / LABELLED
        if labelled_among(path, ids):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            with atomic_writer(path, "w") as file:
                file.writelines(line for line in lines if json.loads(line)["id"] not in ids)
    if "census" in card:
        card["census"] = read_json(run / "collect" / CENSUS)
    sweep(folder.rglob(".*"))
    write_json(folder / CARD, card)
    write_datasheet(card, folder / DATASHEET)
    write_json(folder / STAMP, read_json(folder / STAMP) | {"files": sizes_of(folder)})


def sweep(paths: Iterable[Path]) -> None:
    """Delete what `atomic_writer` leaves behind when its process is killed."""
    for path in list(paths):
        if HALF_WRITTEN.fullmatch(path.name) and path.is_file():
            path.unlink()


def remove_and_tell(run: Path, ids: Iterable[str], reads: Mapping[str, Sequence[str]]) -> str:
    """Remove by id, as `remove`, under the run's lock; return what to tell the person who asked.

    `reads` says of each stage which places it reads, to name the models that have seen the texts.
    """
    if not (run / RECIPE).is_file():
        raise MinilmError(f"{run} is not a run of minilm (it has no {RECIPE}).")
    with open_run(run):
        report = remove(run, ids)
    if not report.ids:
        return f"Nothing to do: removed from {run} before."
    lines = [f"Removed from {run}: {', '.join(report.ids)}"]
    if report.copies:
        lines.append(f"and the same text under other ids: {', '.join(report.copies)}")
    lines.append("  " + ", ".join(f"{place} {n}" for place, n in report.places.items()))
    if report.near:
        lines.append("Nearly the same, not removed (name them with --id if they should go):")
        lines += [f"  {id} ({share:.0%})" for id, share in report.near]
    stale = [
        name
        for name, places in reads.items()
        if not report.places.keys().isdisjoint(places) and (run / name / STAMP).is_file()
    ]
    models = [name for name in stale if name not in ("evaluate", "report")]
    if models:
        lines.append(
            f"Still know it, because they were made from it: {', '.join(models)}."
            f" `minilm build --out {run}` makes them again, and what depends on them."
        )
    lines.append(f"Where it came from still has it: {'; '.join(report.origins)}")
    return "\n".join(lines)
