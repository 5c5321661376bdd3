"""What a check reports."""

from typing import NamedTuple

ERROR, WARN, OK = "ERROR", "WARN", "OK"


class Finding(NamedTuple):
    """One line of the report."""

    level: str  # ERROR: nothing useful is done; WARN: works, could be better; OK
    name: str  # of what was checked
    found: str
    fix: str = ""  # the command that fixes it
