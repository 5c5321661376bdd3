"""Check what a machine lacks to run the node with TensorRT; made for a Jetson TX2, works on any machine.

Usage: ./run tx2-check, or python3 -m place_recognition_ros.tools.doctor

Each line says what was found; a line with a problem is followed by the command that fixes it. The exit status
is 1 if something that the node needs is missing. The check changes nothing.
"""

import argparse
import signal
import sys
from typing import Callable, Iterator, NamedTuple, Optional, Tuple

from place_recognition_ros.tools.doctor import model_checks as models
from place_recognition_ros.tools.doctor import python_checks as python
from place_recognition_ros.tools.doctor import system_checks as system
from place_recognition_ros.tools.doctor.machine import FAIL, WARN, Line, Machine, this_machine
from place_recognition_ros.tools.terminal import use_utf8


class Check(NamedTuple):
    """One line of the report."""

    name: str
    run: Callable[[Machine], Optional[Line]]  # None: does not apply to this machine
    needed: bool


CHECKS = (
    Check("board", system.check_board, True),
    Check("JetPack", system.check_jetpack, False),
    Check("CUDA", system.check_cuda, True),
    Check("Python", python.check_python, True),
    Check("TensorRT", python.check_tensorrt, True),
    Check("PyCUDA", python.check_pycuda, True),
    Check("numpy", python.check_numpy, True),
    Check("SciPy", python.check_scipy, True),
    Check("faiss", python.check_faiss, True),
    Check("OpenCV", python.check_opencv, True),
    Check("rospy", python.check_rospy, True),
    Check("cv_bridge", python.check_cv_bridge, True),
    Check("tf2_ros", python.check_tf2, False),
    Check("onnxruntime", python.check_onnxruntime, False),
    Check("models", models.check_models, True),
    Check("memory", system.check_memory, False),
    Check("swap", system.check_swap, False),
    Check("disk", system.check_disk, True),
    Check("power mode", system.check_power, False),
    Check("clocks", system.check_clocks, False),
)


def examine(machine: Machine) -> Iterator[Tuple[str, Line]]:
    """Name and finding of each check; a check that raises is a finding too."""
    for check in CHECKS:
        try:
            line = check.run(machine)
        except Exception as error:  # a broken machine can raise anything
            line = Line(FAIL if check.needed else WARN, f"could not be checked: {error!r}")
        if line is not None:
            yield check.name, line


def main(machine: Optional[Machine] = None) -> int:
    use_utf8()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    marks = []
    for name, line in examine(machine or this_machine()):
        marks.append(line.mark)
        print(f"{line.mark} {name:<12} {line.found}")
        if line.fix:
            print(f"      {line.fix}")
    failed, warned = marks.count(FAIL), marks.count(WARN)
    print(f"\n{failed} to fix, {warned} to improve, {len(marks) - failed - warned} in order")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # no traceback when piped to `head`
    sys.exit(main())
