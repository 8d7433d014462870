"""The scalar autograd against torch's, on random expressions whose values are used many times."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minilm.train.autograd import Value, backwards

ONE = {
    "exp": lambda x: x.tanh().exp(),
    "log": lambda x: (x * x + 0.5).log(),
    "tanh": lambda x: x.tanh(),
    "relu": lambda x: x.relu(),
    "negative": lambda x: -x,
    "square": lambda x: x**2,
    "root": lambda x: (x * x + 1) ** 0.5,
    "cube": lambda x: x**3.0,
    "floats": lambda x: 2 * (1 - (3 + x)) + 1 / (x * x + 1) + x / 4 - 0.5,
}
TWO = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / (y * y + 1),
}
numbers = st.floats(-3, 3)
steps = st.tuples(st.sampled_from([*ONE, *TWO]), st.integers(0, 10**6), st.integers(0, 10**6))


def run(leaves, program):
    """Do each step on values that are there, chosen by number; keep them small."""
    values = list(leaves)
    for name, first, second in program:
        x, y = values[first % len(values)], values[second % len(values)]
        value = ONE[name](x) if name in ONE else TWO[name](x, y)
        values.append(value.tanh() if value > 5 or value < -5 else value)
    return sum(values[len(leaves) :], sum(leaf * 0 for leaf in leaves))


@given(st.lists(numbers, min_size=1, max_size=4), st.lists(steps, min_size=1, max_size=12))
def test_random_expressions_have_torchs_gradients(data, program):
    ours = [Value(number) for number in data]
    theirs = [torch.tensor(number, dtype=torch.float64, requires_grad=True) for number in data]
    mine, other = run(ours, program), run(theirs, program)
    assert mine.data == pytest.approx(other.item(), rel=1e-9, abs=1e-9)
    mine.backward()
    other.backward()
    for one, leaf in zip(ours, theirs, strict=True):
        assert one.grad == pytest.approx(leaf.grad.item(), rel=1e-7, abs=1e-7)


def test_a_value_that_is_used_twice_gets_both_slopes():
    x = Value(3.0)
    (x * x + x).backward()
    assert x.grad == 7


def test_calls_add_up_and_do_not_multiply():
    x = Value(2.0)
    y = x * x
    z = y * 3
    z.backward()
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24, 6, 2)


def test_every_value_comes_after_all_that_use_it():
    x = Value(2.0)
    y = x * x
    z = (y + x) * y
    order = list(backwards(z))
    assert order[0] is z
    assert order[-1] is x
    assert len(order) == 4
    for value in order:
        assert all(order.index(value) < order.index(source) for source, _ in value.sources)


def test_a_chain_may_be_longer_than_pythons_stack():
    x = value = Value(1.0)
    for _ in range(50_000):
        value = value + 1
    value.backward()
    assert x.grad == 1


def test_slopes_at_the_edges():
    x = Value(0.0)
    (x.relu() + x**0 + x**1).backward()
    assert x.grad == 1  # relu is flat at zero, as torch has it
    assert Value(2.0) > 1
    assert Value(2.0) < Value(3.0)
    assert not Value(2.0) > 2
    assert not Value(2.0) < Value(2.0)
    assert repr(Value(0.5)) == "Value(0.5, grad=0)"
    with pytest.raises(ValueError, match="math domain"):
        Value(-1.0).log()
    with pytest.raises(OverflowError):
        Value(1000.0).exp()
    assert Value(-1000.0).exp().data == 0
    assert Value(math.inf).tanh().data == 1
