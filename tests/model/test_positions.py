"""Each kind of position against its formula, and where documents share a row."""

import math

import pytest
import torch

from minilm.errors import MinilmError
from minilm.model.config import TransformerConfig
from minilm.model.positions import (
    LearnedPositions,
    SinusoidalPositions,
    alibi,
    alibi_slopes,
    embed,
    make_positions,
    make_rotary,
)


def test_sinusoids_follow_the_papers_formula():
    positions, x = SinusoidalPositions(context_length=40, d_model=6), torch.randn(1, 3, 6)
    added = positions(x, torch.tensor([0, 1, 39])) - x * math.sqrt(6)
    for row, place in zip(added[0], [0, 1, 39], strict=True):
        expected = [
            f(place / 10_000 ** (2 * i / 6)) for i in range(3) for f in (math.sin, math.cos)
        ]
        torch.testing.assert_close(row, torch.tensor(expected), atol=1e-5, rtol=1e-4)
    assert list(positions.parameters()) == []
    assert SinusoidalPositions(4, d_model=5)(torch.zeros(1, 4, 5), torch.arange(4)).shape[-1] == 5


def test_a_step_is_the_same_turn_everywhere():
    table = SinusoidalPositions(context_length=200, d_model=16).table
    products = table @ table.T  # what a position says about another depends on the distance
    for distance in (1, 5, 60):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-3, rtol=0)


def test_slopes_are_the_published_ones():
    assert alibi_slopes(1).tolist() == [2**-8]
    assert alibi_slopes(8).tolist() == [2.0**-i for i in range(1, 9)]
    expected = [2.0**-i for i in range(1, 9)] + [2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5]
    torch.testing.assert_close(alibi_slopes(12), torch.tensor(expected))


def test_alibi_counts_distances_both_ways():
    costs = alibi(n_heads=2, n_queries=2, n_keys=4)
    assert costs.shape == (2, 2, 4)
    assert costs[0].tolist() == [[-2 / 16, -1 / 16, 0, -1 / 16], [-3 / 16, -2 / 16, -1 / 16, 0]]
    torch.testing.assert_close(costs[1], costs[0] / 16)


def test_learned_positions_are_rows_of_a_table():
    positions = LearnedPositions(10, 4)
    x = torch.randn(2, 3, 4)
    torch.testing.assert_close(positions(x, torch.arange(5, 8)), x + positions.weight[5:8])


@pytest.mark.parametrize("kind", ["learned", "sinusoidal"])
def test_places_count_from_the_start_and_anew_in_each_document(kind):
    config = TransformerConfig(9, context_length=8, d_model=4, n_heads=2, position=kind)
    embedding, positions = torch.nn.Embedding(9, 4), make_positions(config)
    ids = torch.tensor([[1, 2, 3, 4, 5]])
    whole = embed(ids, embedding, positions)
    torch.testing.assert_close(embed(ids[:, 3:], embedding, positions, start=3), whole[:, 3:])
    packed = embed(ids, embedding, positions, documents=torch.tensor([[7, 7, 7, -1, -1]]))
    torch.testing.assert_close(packed[:, :3], whole[:, :3])
    torch.testing.assert_close(packed[:, 3:], embed(ids[:, 3:], embedding, positions))


@pytest.mark.parametrize("kind", ["rope", "alibi", "none"])
def test_other_positions_leave_the_embedding_alone(kind):
    config = TransformerConfig(9, d_model=8, n_heads=2, position=kind)
    assert make_positions(config) is None
    assert (make_rotary(config) is not None) == (kind == "rope")


def test_mistakes_get_clear_errors():
    with pytest.raises(MinilmError, match='"rope", "alibi", "none", "learned", "sinusoidal"'):
        make_positions(TransformerConfig(9, position="absolute"))
    with pytest.raises(MinilmError, match="7 coordinates are no pairs"):
        make_rotary(TransformerConfig(9, d_head=7))
