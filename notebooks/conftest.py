"""How `pytest --nbval notebooks` runs the chapters: as in Jupyter, and with a watch on their boxes.

Each notebook gets one more test at its end, `box`: the time and memory of the run must agree with
what the chapter's box tells the reader (see `tools/chapter_box.py`).
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from chapter_box import Box, drift, machine_slowness, peak_memory, read_box
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

STARTED = pytest.StashKey[tuple[float, float]]()  # of a notebook: (slowness then, clock then)


def execute_cell_input(self: RunningKernel, source: str, allow_stdin: bool | None = None) -> str:
    """Execute a cell as Jupyter does, so that a `;` at its end hides its value."""
    return self.kc.execute(source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_cell_input


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave stderr out of the comparison: progress bars and warnings are for the reader's eyes."""
    if isinstance(collector, IPyNbFile):
        collector.skip_compare += ("stderr",)


class BoxItem(pytest.Item):
    """The last test of a notebook: what the run took is what the box says."""

    def runtest(self) -> None:
        """Compare while the kernel still lives; its process knows its own peak."""
        box = read_box(self.parent.nb)
        if box is None:
            pytest.skip("this notebook has no box")
        kernel = self.parent.kernel
        if not kernel.is_alive():
            pytest.skip("the kernel died, as an earlier test says")
        slowness, begin = self.parent.stash[STARTED]
        measured = Box(time.perf_counter() - begin, peak_memory(kernel.km.provisioner.pid))
        slowness = (slowness + machine_slowness()) / 2
        self.add_report_section(
            "call", "box", f"{measured.seconds:.1f} s, {measured.megabytes:.0f} MB, {slowness:.2f}"
        )
        if complaints := drift(box, measured, slowness):
            number = self.parent.path.name[:2]
            pytest.fail(
                f"{'; '.join(complaints)}. Renew it: python tools/execute_notebooks.py {number}",
                pytrace=False,
            )

    def reportinfo(self) -> tuple[Any, int, str]:
        """Name the test in pytest's output."""
        return self.path, 0, f"{self.path.name}::box"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the box's test behind the last cell of every notebook of which all cells will run."""
    notebooks = {item.parent: None for item in items if isinstance(item, IPyNbCell)}
    for notebook in notebooks:
        last = max(index for index, item in enumerate(items) if item.parent is notebook)
        items.insert(last + 1, BoxItem.from_parent(notebook, name="box"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Start the clock of a notebook before its kernel starts."""
    if isinstance(item, IPyNbCell) and STARTED not in item.parent.stash:
        item.parent.stash[STARTED] = (machine_slowness(), time.perf_counter())
    return (yield)
