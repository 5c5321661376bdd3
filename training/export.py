"""Starts the command of the package beside this file: ``python3 training/export.py …``."""

from script import run_as_module  # type: ignore[import-not-found]  # beside this file

run_as_module(__file__)
