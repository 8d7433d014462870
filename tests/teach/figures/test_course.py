"""The course map shows every chapter inside its house, and where you are."""

import pytest
from matplotlib.patches import FancyBboxPatch

from minilm.teach.course import CHAPTERS, chapter
from minilm.teach.figures import course


def words(fig):
    return [text.get_text() for text in fig.axes[0].texts]


def test_every_chapter_has_a_window_within_the_walls():
    fig = course.draw_house(chapter(33))
    windows = [patch for patch in fig.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert len(windows) == len(CHAPTERS) - 1
    for window in windows:
        assert window.get_x() > course.LEFT
        assert window.get_x() + window.get_width() < course.RIGHT
    assert {text.split("  ")[0] for text in words(fig)} >= {one.label for one in CHAPTERS}


@pytest.mark.parametrize("one", CHAPTERS, ids=lambda one: one.label)
def test_there_is_one_place_where_you_are(one):
    fig = course.draw_house(one)
    assert words(fig).count("▼ you are here") == 1
    bold = [text.get_text() for text in fig.axes[0].texts if text.get_weight() == "bold"]
    assert any(text.startswith(one.label) for text in bold)


def test_the_map_is_described_in_words(monkeypatch):
    said = []
    monkeypatch.setattr(course, "show", lambda fig, alt: said.append(alt))
    course.course_map(42)
    course.course_map(0)
    assert said[0].endswith("chapter 42, The training loop, on the floor of training.")
    assert said[1].endswith("chapter 00, The whole road, on the floor of the whole road.")
