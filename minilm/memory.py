"""How much memory a piece of work needed at its worst moment."""

import contextlib
import re
import sys
from pathlib import Path


def forget_peak() -> None:
    """Begin a new measurement: the peak falls to what is in use now (on Linux; elsewhere it stays).

    Source: proc(5), /proc/pid/clear_refs, the value 5.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int | None:
    """Return the most memory, in bytes, that this process held since `forget_peak`.

    Where the system cannot forget (macOS), it is the peak since the process began; None where it
    cannot tell (Windows).
    """
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text()
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            return int(found[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
