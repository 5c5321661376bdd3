"""Ctrl-C and SIGTERM end a training after the current step."""

import os
import signal
import threading

_NOTICE = b"\nstopping after this step; press Ctrl-C again to stop at once without saving\n"


class Interruption:
    """Context in which Ctrl-C and SIGTERM set :attr:`requested`; a second Ctrl-C raises KeyboardInterrupt."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.requested = False
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # Python allows signal handlers only there
            self._before = {number: signal.signal(number, self._handle) for number in self._SIGNALS}
        return self

    def __exit__(self, *reason):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number, frame):
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = True
        os.write(2, _NOTICE)  # print is not reentrant
