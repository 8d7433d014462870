"""The plan of the course is in order, and speaks of things that exist."""

from pathlib import Path

import pytest

from minilm.teach.course import CHAPTERS, FLOORS, chapter

ROOT = Path(__file__).parents[2]
WRITTEN = [one for one in CHAPTERS if not one.planned]


def test_chapters_are_in_order_and_on_a_floor():
    numbers = [one.number for one in CHAPTERS]
    assert numbers == sorted(set(numbers))
    assert {one.floor for one in CHAPTERS} <= {0, *(floor.number for floor in FLOORS)}


def test_a_chapter_is_found_by_its_number():
    assert chapter(32).notebook == "notebooks/32_attention.ipynb"
    assert chapter(0).label == "00"
    with pytest.raises(KeyError, match="no chapter 99"):
        chapter(99)


@pytest.mark.parametrize("one", WRITTEN, ids=lambda one: one.label)
def test_a_written_chapter_has_all_that_its_reader_wants_to_know(one):
    assert one.question.endswith("?")
    assert 10 <= one.minutes <= 60
    path = ROOT.joinpath(*one.module.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.folder)
def test_a_floor_is_a_folder(floor):
    assert (ROOT / "minilm" / floor.folder / "__init__.py").is_file()
