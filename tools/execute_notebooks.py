"""Execute notebooks in place, as a learner would with Run All, and renew their time and memory box.

    python tools/execute_notebooks.py        # all chapters
    python tools/execute_notebooks.py 32 33  # these two

A notebook that fails is left as it was. Nothing that changes from run to run is written (times,
versions), so that a diff shows what changed for the reader.
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
from chapter_box import Box, machine_slowness, peak_memory, write_box
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from minilm.files import atomic_writer

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
CELL_SECONDS = 300  # as in `make test`


def main() -> int:
    """Execute the notebooks named on the command line; return how many failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", metavar="NN", help="chapter numbers (default: all)")
    chapters = tuple(parser.parse_args().chapters)
    paths = [
        path
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
        if not chapters or path.name[:2] in chapters
    ]
    if unknown := set(chapters) - {path.name[:2] for path in paths}:
        parser.error(f"there is no notebook {', '.join(sorted(unknown))} in {NOTEBOOKS}")
    return sum(not execute(path) for path in paths)


def execute(path: Path) -> bool:
    """Execute one notebook and write it back with its outputs and its box; False if it failed."""
    notebook = nbformat.read(path, as_version=4)
    slowness = machine_slowness()
    begin = time.perf_counter()
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, index)
            except CellExecutionError as error:
                print(f"{path.name}, cell {index}:\n{error}", file=sys.stderr)
                return False
        seconds = time.perf_counter() - begin
        megabytes = peak_memory(client.km.provisioner.pid)
    slowness = (slowness + machine_slowness()) / 2
    measured = Box(seconds / slowness, megabytes)
    boxed = write_box(notebook, measured)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    with atomic_writer(path, "w") as file:
        nbformat.write(notebook, file)
    print(f"{path.name}: {measured}; {seconds:.1f} s here, slowness {slowness:.2f}")
    if not boxed:
        print("  there is no such line in it to be renewed: see CONTRIBUTING.md")
    if slowness > 1.5:
        print("  this machine is slow or busy, the seconds are a guess: run again when it is quiet")
    return True


if __name__ == "__main__":
    sys.exit(main())
