"""Delay Ctrl-C until the present step is complete, so that weights are never half updated."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class PatientInterrupt:
    """Context in which Ctrl-C is recorded, and :meth:`check` raises the ``KeyboardInterrupt``.

    A second Ctrl-C raises at once. Outside of the main thread, or when a program has its own handler, nothing is
    changed.
    """

    def __init__(self) -> None:
        self._asked = False
        self._installed = False

    def __enter__(self) -> PatientInterrupt:
        usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if usual and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False
        if error is None:
            self.check()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` if Ctrl-C was pressed.

        Raises
        ------
        KeyboardInterrupt
            If it was.
        """
        if self._asked:
            raise KeyboardInterrupt
