"""Being asked to stop: finish the step, write the checkpoint, and go."""

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

from minilm.train.progress import say, speaks


class StopRequest:
    """Turn SIGTERM and Ctrl-C into a question that the loop asks after each step.

    Schedulers send SIGTERM some time before they kill (Slurm half a minute, spot machines about as
    long): enough for a step, its evaluation and a checkpoint. The first signal is remembered; a
    second one acts at once, as if nobody had listened. A signal that the process was started to
    ignore stays ignored, and outside the main thread Python hears none.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.before: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self.before[number] = signal.signal(number, self.remember)
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.restore()

    def remember(self, number: int, frame: FrameType | None) -> None:
        """Note the signal; from now on it means what it meant before.

        Under torchrun it often comes twice, from the scheduler and from torchrun, which was told
        by the same scheduler and will kill by itself what does not end in time.
        """
        self.number = number
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            self.restore()
        if speaks():
            print(f"\n{signal.Signals(number).name}: finishing this step", file=sys.stderr)

    def restore(self) -> None:
        """Give the signals back to those who listened before."""
        while self.before:
            signal.signal(*self.before.popitem())

    def leave(self, number: int, what: str) -> None:
        """Say what was kept, and end the process as the signal of that number would have ended it.

        Ctrl-C raises KeyboardInterrupt, for notebooks and for callers that tidy up; SIGTERM exits
        with 128 + 15, as shells count.
        """
        say(what)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)
