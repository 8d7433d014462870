"""The road as a machine: run the stages in order, skip what is done, continue what was stopped.

A stage is a function that fills one folder. What it depends on (its part of the recipe and the
stages before it) is hashed into a stamp; the stamp is written when the folder is complete. So a
rerun skips a stage whose stamp still holds, a changed recipe reruns just what depends on it, and
a killed run finds its half-filled folder as it was left.
"""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minilm import __version__
from minilm.errors import MinilmError
from minilm.files import atomic_writer, read_json, write_json
from minilm.memory import forget_peak, peak_memory
from minilm.recipe import Recipe, to_toml
from minilm.removal import finish
from minilm.removed import Removed
from minilm.run_folder import (
    EARLIER,
    RECIPE,
    STAMP,
    STARTED,
    discard,
    is_done,
    open_run,
    sizes_of,
)

Folders = Mapping[str, Path]


@dataclass(frozen=True)
class Stage:
    """One step of the road: `body(settings, folder, folders)` fills `folder`.

    The body gets its own part of the recipe and the folders of the stages that it needs, and
    nothing else: so it cannot depend on something that its stamp does not know. `reads` names the
    places of documents that it learns from or shows ("collect", "train", "valid", "test"): its
    stamp changes when a document is removed from one of them. The folders of collect and prepare
    need no such mark: they change with the removal itself (`minilm.removal`).
    """

    name: str
    what: str
    body: Callable[[Any, Path, Folders], None]
    settings: Callable[[Recipe], Any]
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


def build(recipe: Recipe, out: Path, stages: tuple[Stage, ...], goal: str = "") -> None:
    """Run the stages that `goal` needs, all by default, into the run folder `out`.

    `goal` is a stage's name or the first part of it: `train` means `train/transformer` and
    `train/lstm`. Prints one line per stage that is skipped, two per stage that runs.

    Raises MinilmError when `out` holds something else, when another process builds there, and
    whatever a stage raises; finished stages stay finished.
    """
    wanted = _needed(stages, goal)
    with open_run(out):
        with atomic_writer(out / RECIPE, "w") as file:
            file.write(f"# What this run was made of, by minilm {__version__}.\n\n")
            file.write(to_toml(recipe.tables))
        print(f"minilm {__version__} · recipe {recipe.name} · {out}", flush=True)
        finish(out)
        removed = Removed.read(out)
        stamps: dict[str, str] = {}
        for stage in stages:
            stamps[stage.name] = removed.stamp(stamp_of(stage, recipe, stamps), stage.reads)
            if stage.name in wanted:
                number = f"[{wanted.index(stage.name) + 1}/{len(wanted)}]"
                _run_stage(stage, recipe, out, stamps[stage.name], number)


def _needed(stages: tuple[Stage, ...], goal: str) -> list[str]:
    """Return the names of the stages that make the goal and of those before them, in order."""
    wanted: set[str] = set()
    for stage in reversed(stages):
        if not goal or stage.name in wanted or stage.name.split("/")[0] == goal:
            wanted |= {stage.name, *stage.needs}
    return [stage.name for stage in stages if stage.name in wanted]


def stamp_of(stage: Stage, recipe: Recipe, stamps: Mapping[str, str]) -> str:
    """Hash everything that the stage's folder depends on: SHA-256, in hexadecimal."""
    inputs = {
        "minilm": __version__,
        "stage": stage.name,
        "settings": stage.settings(recipe),
        "needs": {name: stamps[name] for name in stage.needs},
    }
    text = json.dumps(inputs, default=dataclasses.asdict, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _run_stage(stage: Stage, recipe: Recipe, out: Path, stamp: str, number: str) -> None:
    folder, earlier = out / stage.name, out / EARLIER / stage.name
    if is_done(earlier, stamp):
        discard(folder, out)
        earlier.rename(folder)
    if is_done(folder, stamp):
        print(f"{number} {stage.name}: unchanged, kept", flush=True)
        return
    resumed = _start(folder, earlier, out, stamp)
    print(f"{number} {stage.name}: {stage.what}{' (continued)' if resumed else ''}", flush=True)
    forget_peak()
    start = time.perf_counter()
    stage.body(stage.settings(recipe), folder, {name: out / name for name in stage.needs})
    seconds, memory = round(time.perf_counter() - start, 2), peak_memory()
    record = {"seconds": seconds, "peak_memory_bytes": memory, "resumed": resumed}
    write_json(folder / STAMP, {"stamp": stamp, **record, "files": sizes_of(folder)})
    discard(earlier, out)
    used = f", peak memory {memory / 1e6:,.0f} MB" if memory else ""
    print(f"{' ' * len(number)} done in {seconds:.1f} s{used}", flush=True)


def _start(folder: Path, earlier: Path, out: Path, stamp: str) -> bool:
    """Make the folder ready for the stage's body; return whether it continues earlier work.

    What an interrupted body left under the same stamp stays, to be continued. What was completed
    under another stamp is set aside until the new is complete, so that a recipe that fails costs
    nothing: going back to the old one finds everything.
    """
    started = folder / STARTED
    if (folder / STAMP).is_file():
        discard(earlier, out)
        earlier.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(earlier)
    elif started.is_file():
        if read_json(started)["stamp"] == stamp:
            return True
        discard(folder, out)
    elif folder.exists() and any(folder.iterdir()):
        raise MinilmError(
            f"{folder} holds files that minilm did not put there. Move them, or choose another"
            " --out, and run the same command again."
        )
    write_json(started, {"stamp": stamp})
    return False
