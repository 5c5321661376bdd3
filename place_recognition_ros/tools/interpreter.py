"""Which Python has what the tools need, where a system has several.

``./run setup`` installs the requirements into ``.venv``, and ``python3`` is another Python. As the launch
files do for the node, a tool that is started with it continues with that of the virtual environment.
"""

import importlib.util
import os
import sys
from typing import Dict, List, Optional

NEEDED = ("numpy", "scipy", "cv2", "faiss", "yaml")
"""Modules without which no tool works. ONNX Runtime is not one of them: on a robot TensorRT replaces it."""
VARIABLE = "PLACE_RECOGNITION_PYTHON"  # a sourced workspace sets it
_GUARD = "PLACE_RECOGNITION_HANDED_OVER"
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def better(environment: Dict[str, str]) -> Optional[str]:
    """The interpreter that the launch files would use, if this one lacks modules; None: stay with this one.

    Args:
        environment: variables of the process.
    """
    if _GUARD in environment or all(importlib.util.find_spec(name) for name in NEEDED):
        return None
    for python in (environment.get(VARIABLE, ""), os.path.join(_ROOT, ".venv", "bin", "python3")):
        if os.access(python, os.X_OK) and os.path.abspath(python) != os.path.abspath(sys.executable):
            return python
    return None


def hand_over(command: List[str]) -> None:
    """Continue this command with an interpreter that has the modules; return if there is no better one.

    Args:
        command: of this process, with its interpreter.
    """
    python = better(dict(os.environ))
    if python is not None:
        sys.stderr.write(f"with {python}\n")
        sys.stderr.flush()
        os.execve(python, [python, *command[1:]], {**os.environ, _GUARD: "1"})  # noqa: S606


def command_line() -> List[str]:
    """The command of this process. ``sys.argv`` does not have the options of Python."""
    with open("/proc/self/cmdline", "rb") as file:
        return [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
