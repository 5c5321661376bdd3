"""The doctor: what a machine has and lacks to run the node with TensorRT, a Jetson TX2 first of all.

Usage: ./run tx2-check, or python3 -m place_recognition_ros.tools.tx2_check

Each line says what was found; under what is wrong stands the command that mends it. The exit status is 1 if
something is missing that the node needs. Nothing is changed.
"""

import argparse
import signal
import sys
from typing import Callable, Iterator, NamedTuple, Optional, Tuple

from place_recognition_ros.tools import tx2_checks as system
from place_recognition_ros.tools import tx2_imports as python
from place_recognition_ros.tools.tx2_machine import FAIL, WARN, Line, Machine, this_machine


class Check(NamedTuple):
    """A line of the report."""

    name: str
    look: Callable[[Machine], Optional[Line]]  # None: does not concern this machine
    needed: bool


CHECKS = (
    Check("board", system.check_board, True),
    Check("JetPack", system.check_jetpack, False),
    Check("CUDA", system.check_cuda, True),
    Check("Python", python.check_python, True),
    Check("TensorRT", python.check_tensorrt, True),
    Check("PyCUDA", python.check_pycuda, True),
    Check("numpy", python.check_numpy, True),
    Check("faiss", python.check_faiss, True),
    Check("OpenCV", python.check_opencv, True),
    Check("rospy", python.check_rospy, True),
    Check("cv_bridge", python.check_cv_bridge, False),
    Check("onnxruntime", python.check_onnxruntime, False),
    Check("memory", system.check_memory, False),
    Check("swap", system.check_swap, False),
    Check("disk", system.check_disk, True),
    Check("power mode", system.check_power, False),
    Check("clocks", system.check_clocks, False),
)


def examine(machine: Machine) -> Iterator[Tuple[str, Line]]:
    """Name and finding of each check; one that fails itself is a finding too."""
    for check in CHECKS:
        try:
            line = check.look(machine)
        except Exception as error:  # whatever a broken machine makes of it
            line = Line(FAIL if check.needed else WARN, f"could not be checked: {error!r}")
        if line is not None:
            yield check.name, line


def main(machine: Optional[Machine] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    marks = []
    for name, line in examine(machine or this_machine()):
        marks.append(line.mark)
        _say(f"{line.mark} {name:<12} {line.found}")
        if line.mend:
            _say(f"      {line.mend}")
    failed, warned = marks.count(FAIL), marks.count(WARN)
    _say(
        f"\n{failed} to be mended, {warned} could be better, {len(marks) - failed - warned} as they should be"
    )
    return 1 if failed else 0


def _say(text: str) -> None:
    # Python 3.6 would refuse the marks where LANG is not set, as over ssh.
    sys.stdout.buffer.write(text.encode("utf-8") + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # ends quietly before `head` does
    sys.exit(main())
