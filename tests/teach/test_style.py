"""Figures can be read: by color-blind readers, on dark pages, by screen readers."""

import io
import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib import image
from matplotlib.colors import to_rgb

from minilm.teach import style

# How the three kinds of color blindness see linear RGB (Machado, Oliveira and Fernandes 2009, a
# severity of 1.0).
SIGHTS = {
    "typical": np.eye(3),
    "protanopia": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "deuteranopia": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.969]],
    "tritanopia": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9309, 0.1476], [0.0047, 0.6914, 0.3039]],
}
# RGB -> cone responses -> lightness and two color axes (Ottosson 2020, Oklab).
CONES = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
OKLAB = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
TOGETHER = [
    ("query", "key", "value", "residual"),
    ("embedding", "attention", "feedforward", "residual"),
    ("train", "valid", "test"),
    ("transformer", "lstm", "ngram", "baseline"),
    ("encoder", "encoder-decoder", "transformer", "baseline"),
    ("bpe", "wordpiece", "unigram", "baseline"),
    ("sgd", "momentum", "adamw", "lion", "muon"),
    ("positive", "negative"),
]


def seen(color, sight):
    """Return where a color lies in Oklab for these eyes."""
    linear = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color])
    return np.array(OKLAB) @ np.cbrt(CONES @ np.clip(np.array(SIGHTS[sight]) @ linear, 0, 1))


def distance(one, other, sight):
    """Return how different two colors look; below 0.02 they are hard to tell apart."""
    return np.linalg.norm(seen(to_rgb(one), sight) - seen(to_rgb(other), sight))


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("meanings", TOGETHER, ids=lambda names: names[0])
def test_colors_that_meet_in_a_picture_stay_apart(meanings, sight):
    for one, other in itertools.combinations(meanings, 2):
        apart = distance(style.COLORS[one], style.COLORS[other], sight)
        assert apart > 0.08, f"{one} and {other} look alike: {apart:.3f}"


def test_the_measure_knows_a_bad_pair():
    assert distance("#d62728", "#2ca02c", "typical") > 0.3
    assert distance("#d62728", "#2ca02c", "deuteranopia") < 0.08


def test_colors_have_one_meaning_each_and_contrast_with_the_card():
    assert len(set(style.COLORS.values())) == len(style.COLORS)
    for meaning, color in style.COLORS.items():
        assert distance(color, style.CARD, "typical") > 0.2, meaning


def sample():
    fig, ax = style.figure(4, 2, title="Is it there?")
    ax.plot([1, 2], [3, 4], color=style.COLORS["train"])
    return fig


def test_the_card_is_opaque_and_bright():
    pixels = image.imread(io.BytesIO(style.to_png(sample())))
    assert pixels.shape == (2 * 144, 4 * 144, 4)
    assert pixels[..., 3].min() == 1.0
    assert pixels[0, 0, :3].min() > 0.95


def test_equal_figures_give_equal_files():
    assert style.to_png(sample()) == style.to_png(sample())
    assert style.to_svg(sample()) == style.to_svg(sample())


def test_svg_is_an_element_for_a_page_of_ours():
    svg = style.to_svg(sample(), alt='Loss < 3 & "falling"')
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'Loss < 3 & "falling"'
    assert "<image" not in svg
    assert "metadata" not in svg


def test_show_displays_once_with_words(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: shown.append((a, k)))
    assert style.show(sample()) is None
    [((data,), options)] = shown
    assert data["text/plain"] == "Is it there?"
    assert options["metadata"]["image/png"] == {"width": 384, "height": 192, "alt": "Is it there?"}


def test_a_heatmap_leaves_masked_cells_empty():
    fig, ax = style.figure()
    style.heatmap(ax, [[1.0, -np.inf], [0.25, 0.75]], rows=["a", "b"], columns=["a", "b"])
    assert [text.get_text() for text in ax.texts] == ["1.00", "0.25", "0.75"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert style.to_png(fig)
