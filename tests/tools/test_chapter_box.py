"""The box's line is read and written as it is read by people, and drift is judged fairly."""

import os

import pytest
from chapter_box import Box, drift, machine_slowness, peak_memory, read_box, write_box

LINE = "Runs in about 12 s on 2 CPU cores, peak memory about 600 MB"


def notebook(*sources, kind="markdown"):
    return {"cells": [{"cell_type": kind, "source": source} for source in sources]}


def test_the_line_is_found_in_a_text_cell():
    assert read_box(notebook("# A", f"> {LINE}.\n> More.")) == Box(12, 600)
    assert read_box(notebook(["> Goals\n", f"> {LINE}"])) == Box(12, 600)
    assert read_box(notebook("# A")) is None
    assert read_box(notebook(LINE, kind="code")) is None


def test_only_the_numbers_are_replaced():
    page = notebook("# A", f"> **{LINE}**, no GPU.")
    assert write_box(page, Box(43.2, 1234))
    assert page["cells"][1]["source"] == (
        "> **Runs in about 45 s on 2 CPU cores, peak memory about 1250 MB**, no GPU."
    )
    assert not write_box(notebook("# A"), Box(1, 1))


@pytest.mark.parametrize("box", [Box(0.2, 12), Box(7.4, 333), Box(19.6, 2000), Box(151, 4321)])
def test_what_is_written_can_be_read_and_is_near(box):
    page = notebook(LINE)
    write_box(page, box)
    assert not drift(read_box(page), box)


@pytest.mark.parametrize(
    ("seconds", "megabytes", "slowness", "n_complaints"),
    [
        (40, 1000, 1.0, 0),
        (79, 1999, 1.0, 0),
        (85, 1000, 1.0, 1),
        (15, 1000, 1.0, 1),
        (85, 1000, 2.0, 0),  # a slow machine took long
        (400, 1000, 10.0, 0),  # a very busy one
        (18, 1000, 0.4, 0),  # a fast one was fast
        (40, 2100, 1.0, 1),
        (40, 400, 1.0, 1),
        (200, 4000, 1.0, 2),
    ],
)
def test_a_factor_of_two_is_allowed(seconds, megabytes, slowness, n_complaints):
    assert len(drift(Box(40, 1000), Box(seconds, megabytes), slowness)) == n_complaints


def test_small_differences_do_not_count():
    assert not drift(Box(1, 50), Box(10.5, 199))
    assert len(drift(Box(1, 50), Box(11.5, 201))) == 2


def test_this_process_has_a_peak_and_this_machine_a_speed():
    assert 10 < peak_memory(os.getpid()) < 100_000
    assert 0.05 < machine_slowness() < 500
