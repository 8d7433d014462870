"""An exercise answers at once: it runs your attempt against properties that must hold.

A check is a generator that receives the attempt and yields pairs, whether a property holds and what
to say if it does not:

    @exercise
    def double(attempt: Callable[[int], int]) -> Checks:
        yield attempt(2) == 4, f"double(2) should be 4, not {attempt(2)}"

    double(my_double)  # prints: [x] double: 1 check passed
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import isgeneratorfunction
from typing import Any, Literal

Checks = Iterator[tuple[bool, str]]
"""What a check yields: (the property holds, the message with a counter-example if not)."""


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    `status` says how it went, `passed` counts the properties that held before the end or the first
    failure, and `message` is the sentence that the learner reads.
    """

    status: Literal["not attempted", "passed", "failed"]
    passed: int
    message: str

    @property
    def mark(self) -> str:
        """The sign in front of the line: `[ ]`, `[x]` or `[!]`."""
        return {"not attempted": "[ ]", "passed": "[x]", "failed": "[!]"}[self.status]


class Exercise:
    """One exercise of the course: call it with your attempt and it prints one line.

    `run` returns the same answer as an `Outcome`, for tests. An exercise about several functions
    that belong together (an encoder and its decoder) takes them all: `round_trip(encode, decode)`.
    """

    def __init__(self, check: Callable[..., Checks]) -> None:
        if not isgeneratorfunction(check):
            raise TypeError(f"the check {check!r} must yield (passed, message) pairs")
        self.check = check
        self.name: str = check.__name__
        self.__doc__ = check.__doc__ or type(self).__doc__

    def __call__(self, *attempts: Any) -> None:
        outcome = self.run(*attempts)
        print(f"{outcome.mark} {self.name}: {outcome.message}")

    def run(self, *attempts: Any) -> Outcome:
        """Try the properties in order and stop at the first one that fails.

        Raises RuntimeError when the check yields nothing: that is a defect of the course, and it
        must not look like a success.
        """
        passed = 0
        try:
            for holds, message in self.check(*attempts):
                if not holds:
                    return Outcome("failed", passed, message)
                passed += 1
        except NotImplementedError:
            return Outcome("not attempted", passed, "not attempted yet")
        except Exception as error:
            return Outcome("failed", passed, _explain(error))
        if passed == 0:
            raise RuntimeError(f"the check of {self.name} yields nothing, so it checks nothing")
        return Outcome("passed", passed, f"{passed} check{'s' if passed > 1 else ''} passed")


def exercise(check: Callable[..., Checks]) -> Exercise:
    """Make an exercise out of a generator of properties; it keeps the generator's name."""
    return Exercise(check)


def _explain(error: Exception) -> str:
    """Name the error in one line, and the most frequent reason for it."""
    message = f"your code raised {type(error).__name__}: {error}".rstrip(": ")
    if "NoneType" in message:
        message += " (None often means that a `return` is missing)"
    return message
