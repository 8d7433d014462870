"""The map of the transformer says what it is asked to say."""

import pytest

from minilm.model.transformer import TransformerConfig
from minilm.teach.figures.model_map import PARTS, draw_map, model_map


def words(fig):
    return " ".join(text.get_text() for text in fig.axes[0].texts)


def test_with_a_config_it_carries_the_models_sizes():
    text = words(draw_map(TransformerConfig(4096, n_layers=6, d_model=96)))
    assert "4,096 × 96" in text
    assert "block, 6 times" in text
    assert "V × D" in words(draw_map())


def test_a_tied_head_is_drawn_as_one_matrix_and_an_untied_one_is_not():
    assert "one matrix" in words(draw_map(TransformerConfig(50)))
    assert "one matrix" not in words(draw_map(TransformerConfig(50, tie_embeddings=False)))


@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_be_lit(part):
    def looks(fig):
        patches = [patch.get_facecolor() for patch in fig.axes[0].patches]
        lines = [line.get_color() for line in fig.axes[0].lines]
        notes = [text.get_bbox_patch() is not None for text in fig.axes[0].texts]
        return patches, lines, notes

    assert looks(draw_map(highlight=[part])) != looks(draw_map())


def test_a_part_that_is_not_on_the_map_is_refused():
    with pytest.raises(ValueError, match="the map has no router"):
        model_map(highlight=["router"])
