"""Every exercise is solved by its solution, and not by attempts that are wrong in a typical way.

A chapter's author writes two files and no test:

- `notebooks/solutions/32_attention.py`: for each exercise a function (or class, or a tuple of
  several attempts that belong together) of the exercise's name;
- `tests/exercises/wrong/32_attention.py`: `WRONG`, a list of (the exercise's name, a wrong attempt,
  words that the answer must contain), at least two for each exercise.
"""

import importlib
import importlib.util
import pkgutil
from pathlib import Path

import pytest

import minilm.teach.checks
from minilm.teach.check import Exercise

ROOT = Path(__file__).parents[2]


def load(folder):
    """Import every Python file of a folder by its path: their names begin with a digit."""
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"{folder.name}_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def exercises():
    """Return the course's exercises as (module, exercise), in order of appearance."""
    names = [info.name for info in pkgutil.iter_modules(minilm.teach.checks.__path__)]
    modules = [importlib.import_module(f"minilm.teach.checks.{name}") for name in names]
    return [
        (module.__name__, value)
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Exercise)
    ]


EXERCISES = exercises()
SOLUTIONS = {
    name: value for m in load(ROOT / "notebooks/solutions") for name, value in vars(m).items()
}
WRONG = [wrong for module in load(Path(__file__).parent / "wrong") for wrong in module.WRONG]
BY_NAME = {exercise.name: exercise for _, exercise in EXERCISES}


def run(exercise, attempt):
    """Run one attempt, or several that belong together."""
    return exercise.run(*attempt) if isinstance(attempt, tuple) else exercise.run(attempt)


def test_names_are_unique():
    assert len(BY_NAME) == len(EXERCISES)


@pytest.mark.parametrize("module", sorted({module for module, _ in EXERCISES}))
def test_a_chapter_has_at_least_three_exercises(module):
    assert sum(home == module for home, _ in EXERCISES) >= 3


@pytest.mark.parametrize("exercise", BY_NAME.values(), ids=list(BY_NAME))
def test_the_solution_passes(exercise):
    outcome = run(exercise, SOLUTIONS[exercise.name])
    assert outcome.status == "passed", outcome.message


@pytest.mark.parametrize("exercise", BY_NAME.values(), ids=list(BY_NAME))
def test_an_empty_stub_is_not_attempted(exercise):
    def stub(*args, **kwargs):
        raise NotImplementedError

    attempt = SOLUTIONS[exercise.name]
    stubs = (stub,) * len(attempt) if isinstance(attempt, tuple) else stub
    assert run(exercise, stubs).status == "not attempted"


@pytest.mark.parametrize(("name", "attempt", "says"), WRONG, ids=[wrong[0] for wrong in WRONG])
def test_a_wrong_attempt_fails_with_the_right_words(name, attempt, says):
    outcome = run(BY_NAME[name], attempt)
    assert outcome.status == "failed"
    assert says in outcome.message


@pytest.mark.parametrize("name", list(BY_NAME))
def test_an_exercise_has_two_wrong_attempts(name):
    assert sum(wrong[0] == name for wrong in WRONG) >= 2
