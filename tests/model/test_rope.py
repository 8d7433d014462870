"""Rotation against its definition, and the property that it exists for."""

import math

import torch

from minilm.model.rope import Rotary, turn_by_parts


def test_each_pair_turns_by_its_own_speed():
    rotary = Rotary(d_head=4, context_length=8, base=100.0)
    turned = rotary(torch.tensor([1.0, 0.0, 0.0, 2.0]).expand(1, 8, 1, 4))
    for t in range(8):
        fast, slow = t * 1.0, t * 100.0 ** (-2 / 4)
        expected = [math.cos(fast), math.sin(fast), -2 * math.sin(slow), 2 * math.cos(slow)]
        torch.testing.assert_close(turned[0, t, 0], torch.tensor(expected))


def test_scores_depend_on_distance_alone_and_lengths_stay():
    torch.manual_seed(0)
    rotary = Rotary(d_head=16, context_length=50)
    query, key = torch.randn(16), torch.randn(16)
    queries, keys = (rotary(v.expand(1, 50, 1, 16))[0, :, 0] for v in (query, key))
    scores = queries @ keys.T  # (T, T)
    for distance in (0, 1, 17):
        diagonal = scores.diagonal(-distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4, rtol=0)
    assert scores.diagonal(-1)[0] != scores.diagonal(-2)[0]
    torch.testing.assert_close(queries.norm(dim=-1), query.norm().expand(50))


def test_start_continues_where_another_call_stopped():
    rotary = Rotary(d_head=8, context_length=10)
    x = torch.randn(2, 10, 3, 8)
    torch.testing.assert_close(rotary(x)[:, 6:], rotary(x[:, 6:], start=6))


def test_real_numbers_turn_as_complex_ones_do():
    rotary = Rotary(d_head=8, context_length=10)
    x = torch.randn(2, 6, 3, 8)
    torch.testing.assert_close(turn_by_parts(x, rotary.turns[3:9]), rotary(x, start=3))


def test_the_compiler_gets_real_numbers(monkeypatch):
    rotary = Rotary(d_head=8, context_length=10)
    x = torch.randn(2, 6, 3, 8)
    wanted = rotary(x, start=2)
    monkeypatch.setattr("torch.compiler.is_compiling", lambda: True)
    monkeypatch.setattr("torch.view_as_complex", None)
    torch.testing.assert_close(rotary(x, start=2), wanted)
