"""Output of the tools."""

import io
import sys


def use_utf8() -> None:
    """Print UTF-8 where the locale is ASCII (LANG=C, for example over ssh): ``print`` would raise."""
    if sys.stdout.encoding.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968"):
        sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogateescape", line_buffering=True)
