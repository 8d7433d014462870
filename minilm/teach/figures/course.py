"""The course as a house: six floors, the chapters as windows, and a light where you are."""

import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

from minilm.teach.course import CHAPTERS, FLOORS, Chapter, Floor, chapter
from minilm.teach.style import CARD, COLORS, INK, MUTED, arrow, blank, figure, show

WALL = "#8A8794"
PLASTER = "#F1EEE6"
LIGHT = COLORS["highlight"]
WINDOW, HEIGHT, GAP = 1.18, 0.66, 0.1  # a window, and the wall between two, in the sheet's units
WINDOWS = 7  # of the widest floor
LEFT = 2.35  # the outer walls
RIGHT = LEFT + WINDOWS * WINDOW + (WINDOWS - 1) * GAP + 0.4
STOREY = 0.94
EAVES = STOREY * len(FLOORS)


def course_map(number: int) -> None:
    """Show where chapter `number` stands on the whole road from text to a measured model.

    Written chapters have their titles in their windows, planned ones stay in dotted lines.
    """
    here = chapter(number)
    floor = next((one.title for one in FLOORS if one.number == here.floor), "the whole road")
    words = f"The course as a house of six floors. You are in chapter {here.label}, {here.title}"
    show(draw_house(here), alt=f"{words}, on the floor of {floor}.")


def draw_house(here: Chapter) -> Figure:
    """Draw the house with the light on in one chapter."""
    fig, ax = figure(10.0, 5.3)
    blank(ax, RIGHT + 2.2, EAVES + 1.4)
    ax.set_ylim(bottom=-0.1)
    for floor in FLOORS:
        _draw_floor(ax, floor, here)
    _draw_roof(ax, here)
    ax.plot([1.9, RIGHT + 0.45], [0, 0], color=WALL, lw=2.5)
    return fig


def _draw_floor(ax: Axes, floor: Floor, here: Chapter) -> None:
    """Draw one floor: its name on the left, its windows, what it hands on on the right."""
    bottom = (floor.number - 1) * STOREY
    middle = bottom + STOREY / 2
    lit = floor.number == here.floor
    wall = Rectangle((LEFT, bottom), RIGHT - LEFT, STOREY, fc=PLASTER, ec=WALL, lw=1.2)
    ax.add_patch(wall)
    weight = "bold" if lit else "normal"
    label = f"{floor.title}  {floor.number}"
    ax.text(LEFT - 0.2, middle + 0.13, label, ha="right", va="center", weight=weight)
    folder: Any = {"family": "DejaVu Sans Mono", "fontsize": 8, "color": MUTED}
    ax.text(LEFT - 0.2, middle - 0.19, f"{floor.folder}/", ha="right", va="center", **folder)
    ax.text(RIGHT + 0.45, middle, floor.product, va="center", color=INK if lit else MUTED)
    if floor.number < len(FLOORS):
        x = RIGHT + 0.85
        arrow(ax, (x, middle + 0.2), (x, middle + STOREY - 0.2), color=WALL)
    chapters = [one for one in CHAPTERS if one.floor == floor.number]
    for place, one in enumerate(chapters):
        left = LEFT + 0.2 + place * (WINDOW + GAP)
        _draw_window(ax, one, left, middle, lit=one == here)


def _draw_window(ax: Axes, one: Chapter, left: float, middle: float, *, lit: bool) -> None:
    """Draw a chapter's window: its number, and below it the title, in two lines if it is long."""
    edge, fill = (INK, LIGHT) if lit else (WALL, PLASTER if one.planned else CARD)
    bottom = middle - 0.4
    ax.add_patch(
        FancyBboxPatch(
            (left, bottom),
            WINDOW,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.07",
            fc=fill,
            ec=edge,
            lw=1.6 if lit else 1.0,
            ls=":" if one.planned else "-",
        )
    )
    style: Any = {"ha": "center", "va": "center", "color": MUTED if one.planned else INK}
    weight = "bold" if lit else "normal"
    center = left + WINDOW / 2
    ax.text(center, bottom + 0.53, one.label, fontsize=8.5, weight=weight, **style)
    title = "\n".join(textwrap.wrap(one.title, 16))
    ax.text(center, bottom + 0.23, title, fontsize=6.8, linespacing=1.05, **style)
    if lit:
        _mark(ax, center, middle + 0.34)


def _draw_roof(ax: Axes, here: Chapter) -> None:
    """Draw the roof, from which the whole road can be seen."""
    lit = here.number == 0
    middle = (LEFT + RIGHT) / 2
    corners = [(LEFT - 0.3, EAVES), (RIGHT + 0.3, EAVES), (middle + 1.7, EAVES + 1.05)]
    corners.append((middle - 1.7, EAVES + 1.05))
    ax.add_patch(Polygon(corners, fc=LIGHT if lit else "#DDD8E6", ec=INK if lit else WALL, lw=1.2))
    first = CHAPTERS[0]
    text = f"{first.label}  {first.title}"
    weight = "bold" if lit else "normal"
    ax.text(middle, EAVES + 0.5, text, ha="center", va="center", weight=weight)
    if lit:
        _mark(ax, middle, EAVES + 1.2)


def _mark(ax: Axes, x: float, y: float) -> None:
    """Write "you are here" above a point."""
    ax.text(x, y, "▼ you are here", ha="center", va="center", fontsize=7.5, weight="bold")
