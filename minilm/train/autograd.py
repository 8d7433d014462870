"""Backpropagation on single numbers: every number remembers what it was made from, and how.

A `Value` holds a number. Arithmetic on values gives values that keep, for each number they were
made from, the slope of the step between: by how much the result moves when that number does. From
the last value, `backward` walks to the first ones and multiplies the slopes along every path.
"""

import math
from collections.abc import Iterator


class Value:
    """A number that knows where it came from.

    `data` is the number, `grad` the slope of the value that `backward` was called on, along this
    one. `sources` are the values it was made from, each with the slope of this step.
    """

    def __init__(
        self, data: float, sources: tuple[tuple["Value", float], ...] = (), name: str = ""
    ) -> None:
        self.data, self.grad, self.sources, self.name = float(data), 0.0, sources, name

    def __add__(self, other: "Value | float") -> "Value":
        other = as_value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)), "+")

    def __mul__(self, other: "Value | float") -> "Value":
        other = as_value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)), "×")

    def __pow__(self, power: float) -> "Value":
        slope = power * self.data ** (power - 1) if power else 0.0
        return Value(self.data**power, ((self, slope),), f"^{power:g}")

    def exp(self) -> "Value":
        result = math.exp(self.data)
        return Value(result, ((self, result),), "exp")

    def log(self) -> "Value":
        return Value(math.log(self.data), ((self, 1 / self.data),), "log")

    def tanh(self) -> "Value":
        result = math.tanh(self.data)
        return Value(result, ((self, 1 - result**2),), "tanh")

    def relu(self) -> "Value":
        return Value(max(0.0, self.data), ((self, float(self.data > 0)),), "relu")

    def __neg__(self) -> "Value":
        return self * -1

    def __sub__(self, other: "Value | float") -> "Value":
        return self + -as_value(other)

    def __truediv__(self, other: "Value | float") -> "Value":
        return self * as_value(other) ** -1

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: float) -> "Value":
        return -self + other

    def __rtruediv__(self, other: float) -> "Value":
        return self**-1 * other

    def __lt__(self, other: "Value | float") -> bool:
        return self.data < as_value(other).data

    def __gt__(self, other: "Value | float") -> bool:
        return self.data > as_value(other).data

    def __repr__(self) -> str:
        return f"Value({self.data:.4g}, grad={self.grad:.4g})"

    def backward(self) -> None:
        """Add to the `grad` of every value below this one the slope of this one along it.

        Gradients add up: over the paths from a value to this one, and over calls.
        """
        slopes = {id(self): 1.0}
        for value in backwards(self):
            value.grad += slopes[id(value)]
            for source, slope in value.sources:
                slopes[id(source)] = slopes.get(id(source), 0.0) + slopes[id(value)] * slope


def as_value(number: Value | float) -> Value:
    """Return the value itself, or a number as a value."""
    return number if isinstance(number, Value) else Value(number)


def backwards(last: Value) -> Iterator[Value]:
    """Return `last` and all that it was made from, each after everything that it was used in.

    A value may pass its slope on only when all of it has arrived: hence the order (topological).
    """
    order: list[Value] = []
    seen: set[int] = set()
    waiting = [(last, False)]
    while waiting:
        value, is_done = waiting.pop()
        if is_done:
            order.append(value)
        elif id(value) not in seen:
            seen.add(id(value))
            waiting.append((value, True))
            waiting += [(source, False) for source, _ in value.sources]
    return reversed(order)
