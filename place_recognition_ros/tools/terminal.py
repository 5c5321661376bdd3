"""Output of the tools."""

import codecs
import io
import sys

WIDTH = 40  # characters


def use_utf8() -> None:
    """Print UTF-8 where the locale is ASCII (LANG=C, for example over ssh): ``print`` would raise."""
    if codecs.lookup(sys.stdout.encoding).name == "ascii":
        sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogateescape", line_buffering=True)


class Bar:
    """A progress bar on stderr, where that is a terminal.

    Args:
        name: before the bar.
    """

    def __init__(self, name: str) -> None:
        self._name, self._shown = name, ""

    def show(self, count: int, total: int) -> None:
        """Show that ``count`` of ``total`` are done."""
        text = bar(count, total, self._name)
        if sys.stderr.isatty() and text != self._shown:
            self._shown = text
            print("\r" + text, end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove it from the terminal."""
        if self._shown:
            print("\r" + " " * len(self._shown) + "\r", end="", file=sys.stderr, flush=True)
        self._shown = ""


def bar(count: int, total: int, name: str) -> str:
    """``map.db [#####.....]  50 %``."""
    share = min(1.0, count / total) if total else 1.0
    done = int(WIDTH * share)
    return f"{name} [{'#' * done}{'.' * (WIDTH - done)}] {100 * share:3.0f} %"
