"""Ctrl-C and SIGTERM, so that they do not tear a step apart."""

import os
import signal
import threading

_ASKED = b"\nstopping after this step; Ctrl-C again: at once, without saving\n"


class Interruption:
    """While it is open, Ctrl-C and SIGTERM ask for an end instead of being one; a second Ctrl-C is one."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.asked = False
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # only there can they be caught
            self._before = {number: signal.signal(number, self._ask) for number in self._SIGNALS}
        return self

    def __exit__(self, *reason):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number, frame):
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
        os.write(2, _ASKED)  # a print could have been interrupted in one
