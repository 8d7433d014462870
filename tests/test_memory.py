"""The peak of memory belongs to the stage that is measured."""

import mmap
from pathlib import Path

import pytest

from minilm.memory import forget_peak, peak_memory


def test_the_peak_of_memory_is_forgotten() -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system cannot forget a peak")
    block = mmap.mmap(-1, 200_000_000)  # which surely goes back to the system; a list may not
    for place in range(0, len(block), mmap.PAGESIZE):
        block[place] = 1
    before = peak_memory()
    block.close()
    forget_peak()
    after = peak_memory()
    assert before is not None
    assert after is not None
    assert before - after > 150_000_000
