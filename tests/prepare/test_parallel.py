"""Results come in order, errors and interrupts come through, and nobody stays behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest

from minilm.errors import MinilmError
from minilm.prepare.parallel import AHEAD, Workers, in_batches

sys.path.append(str(Path(__file__).parent))  # processes inherit it
from parallel_work import die, heavy_modules, refuse_seven, work_slowly_on_even


@pytest.mark.parametrize("n", [1, 2, 3])
def test_results_are_in_order(n: int) -> None:
    with Workers(n) as workers:
        results = list(workers.map(work_slowly_on_even, range(12)))
    assert [number for number, _ in results] == list(range(12))
    pids = {pid for _, pid in results}
    assert (os.getpid() in pids) == (n == 1)


def test_a_single_batch_needs_no_processes() -> None:
    with Workers(2) as workers:
        assert list(workers.map(work_slowly_on_even, [4])) == [(4, os.getpid())]
        assert list(workers.map(work_slowly_on_even, [])) == []


@pytest.mark.parametrize("n", [1, 2])
def test_an_error_comes_through_and_no_more_is_read_than_a_few(n: int) -> None:
    read = []

    def numbers():
        for number in range(1000):
            read.append(number)
            yield number

    with pytest.raises(MinilmError, match="seven"), Workers(n) as workers:
        list(workers.map(refuse_seven, numbers()))
    assert max(read) <= 7 + AHEAD * n + 2


def test_a_worker_that_dies_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(MinilmError, match="workers = 1"), Workers(2) as workers:
        list(workers.map(die, range(3)))
    with pytest.raises(MinilmError, match="workers is 0"):
        Workers(0)


def test_workers_do_not_import_what_they_do_not_need() -> None:
    with Workers(2) as workers:
        assert list(workers.map(heavy_modules, range(2))) == [[], []]


def test_work_of_the_script_itself_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(refuse_seven, "__module__", "__main__")
    with (
        pytest.raises(MinilmError, match="Workers cannot find refuse_seven"),
        Workers(2) as workers,
    ):
        list(workers.map(partial(refuse_seven), range(3)))
    with Workers(1) as workers:
        assert list(workers.map(refuse_seven, range(3))) == [0, 1, 2]


def test_a_script_needs_no_guard_and_is_not_imported_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.append({str(Path(__file__).parent)!r})\n"
        "from parallel_work import heavy_modules\n"
        "from minilm.prepare.parallel import Workers\n"
        "import scipy\n"
        "print('top')\n"
        "with Workers(2) as workers:\n"
        "    print(list(workers.map(heavy_modules, range(3))), sys.modules['__main__'].__file__)\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert run.stdout == f"top\n[[], [], []] {script}\n"


SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
sys.path.insert(0, {folder!r})
from parallel_work import work_slowly_on_even
from minilm.prepare.parallel import Workers

if __name__ == "__main__":
    def numbers():
        for number in range(10**6):
            if number == 40:
                print("ready", flush=True)
            yield number
    with Workers(2) as workers:
        for _ in workers.map(work_slowly_on_even, numbers()):
            pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_run(tmp_path: Path, sign: signal.Signals) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT.format(folder=str(Path(__file__).parent))))
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        if sign == signal.SIGINT:
            os.killpg(process.pid, sign)  # what Ctrl-C in a terminal does: all get it
        else:
            process.kill()  # this one alone
        errors = process.stderr.read()  # ends when the last process that holds it has ended
        process.wait(timeout=10)
    if sign == signal.SIGINT:
        assert errors.count("Traceback") == 1, errors
        assert "KeyboardInterrupt" in errors
    for _ in range(50):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is still there")


def test_batches() -> None:
    assert list(in_batches("abc", len, 2)) == [["a", "b"], ["c"]]
    assert list(in_batches(["long text", "a", "b"], len, 3)) == [["long text"], ["a", "b"]]
    assert list(in_batches([], len)) == []
