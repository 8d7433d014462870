"""Work for the processes of test_parallel.py, which have to find it by its name."""

import os
import sys
import time

from minilm.errors import MinilmError


def work_slowly_on_even(number: int) -> tuple[int, int]:
    time.sleep(0.02 * (number % 2 == 0))
    return number, os.getpid()


def refuse_seven(number: int) -> int:
    if number == 7:
        raise MinilmError("seven is too many")
    return number


def die(number: int) -> None:
    os._exit(1)


def heavy_modules(number: int) -> list[str]:
    import minilm.prepare.corpus  # noqa: F401 (what a worker of the stage imports)

    return [name for name in ("torch", "matplotlib", "scipy", "sklearn") if name in sys.modules]
