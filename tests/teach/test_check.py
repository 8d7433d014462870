"""An exercise answers rightly, and in one line."""

import pytest

from minilm.teach.check import Outcome, exercise


@exercise
def double(attempt):
    """Twice a number."""
    yield attempt(2) == 4, f"double(2) should be 4, not {attempt(2)}"
    yield attempt(-1) == -2, f"double(-1) should be -2, not {attempt(-1)}"


def stub(x):
    raise NotImplementedError


def forgets_to_return(x):
    2 * x


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (stub, "[ ] double: not attempted yet\n"),
        (lambda x: 2 * x, "[x] double: 2 checks passed\n"),
        (abs, "[!] double: double(2) should be 4, not 2\n"),
        (lambda x: x * x, "[!] double: double(-1) should be -2, not 1\n"),
        (
            lambda x: x + "2",
            "[!] double: your code raised TypeError: unsupported operand type(s) for +: 'int' and"
            " 'str'\n",
        ),
        (lambda x: [][x], "[!] double: your code raised IndexError: list index out of range\n"),
        (lambda x: {}[""], "[!] double: your code raised KeyError: ''\n"),
    ],
)
def test_it_prints_one_line_and_returns_none(attempt, line, capsys):
    assert double(attempt) is None
    assert capsys.readouterr().out == line


def test_the_outcome_counts_what_held():
    assert double.run(lambda x: x * x) == Outcome("failed", 1, "double(-1) should be -2, not 1")
    assert double.run(lambda x: 2 * x) == Outcome("passed", 2, "2 checks passed")
    assert double.run(stub).status == "not attempted"


def test_a_missing_return_gets_a_hint():
    @exercise
    def length(attempt):
        yield len(attempt(2)) == 1, "too long"

    assert "`return` is missing" in length.run(forgets_to_return).message
    assert length.run(lambda x: [x]).message == "1 check passed"


def test_several_attempts_belong_together():
    @exercise
    def round_trip(encode, decode):
        yield decode(encode("é")) == "é", "lost a letter"

    assert round_trip.run(str.encode, bytes.decode).status == "passed"


def test_a_check_that_checks_nothing_is_an_error():
    @exercise
    def nothing(attempt):
        yield from ()

    with pytest.raises(RuntimeError, match="nothing"):
        nothing.run(abs)
    with pytest.raises(TypeError, match="yield"):
        exercise(lambda attempt: True)


def test_interrupting_is_not_a_wrong_answer():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        double(interrupted)


def test_the_docstring_is_the_checks():
    assert double.__doc__ == "Twice a number."
    assert double.name == "double"
