"""Output of the tools."""

import codecs
import io
import sys


def use_utf8() -> None:
    """Print UTF-8 where the locale is ASCII (LANG=C, for example over ssh): ``print`` would raise."""
    if codecs.lookup(sys.stdout.encoding).name == "ascii":
        sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogateescape", line_buffering=True)
