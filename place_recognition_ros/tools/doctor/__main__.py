"""Check what is wrong: with this machine, and with the running node where there is a ROS master.

Usage: place-recognition doctor, or python3 -m place_recognition_ros.tools.doctor

Each line says what was found, ERROR first; a line with a problem is followed by what fixes it. The exit
status is 1 if there is an ERROR. Start it with the same ROS_MASTER_URI as the node; it changes nothing.
./run tx2-check checks what the node needs to run with TensorRT.
"""

import argparse
import signal
import sys
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from place_recognition_ros.tools.doctor import live
from place_recognition_ros.tools.doctor import model_checks as models
from place_recognition_ros.tools.doctor import python_checks as python
from place_recognition_ros.tools.doctor import system_checks as system
from place_recognition_ros.tools.doctor.machine import FAIL, OK, WARN, Line, Machine, read_board, this_machine
from place_recognition_ros.tools.terminal import use_utf8

ORDER = (FAIL, WARN, OK)


class Check(NamedTuple):
    """One line of the report."""

    name: str
    run: Callable[[Machine], Optional[Line]]  # None: does not apply to this machine
    needed: bool


TENSORRT_CHECKS = (  # what the node needs to run with TensorRT; made for a Jetson TX2, works on any machine
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
    Check("onnxruntime", python.check_reference, False),
    Check("models", models.check_models, True),
    Check("memory", system.check_memory, False),
    Check("swap", system.check_swap, False),
    Check("disk", system.check_disk, True),
    Check("power mode", system.check_power, False),
    Check("clocks", system.check_clocks, False),
)

CPU_CHECKS = (
    Check("Python", python.check_python, True),
    Check("numpy", python.check_numpy, True),
    Check("SciPy", python.check_scipy, True),
    Check("faiss", python.check_faiss, True),
    Check("OpenCV", python.check_opencv, True),
    Check("onnxruntime", python.check_onnxruntime, True),
    Check("rospy", python.check_rospy, True),
    Check("cv_bridge", python.check_cv_bridge, True),
    Check("tf2_ros", python.check_tf2, False),
    Check("models", models.check_models, True),
    Check("memory", system.check_node_memory, False),
)
ROS = ("rospy", "cv_bridge", "tf2_ros")
"""Checks of what the node needs, and the tools do not."""


def examine(machine: Machine, checks: Sequence[Check] = TENSORRT_CHECKS) -> Iterator[Tuple[str, Line]]:
    """Name and finding of each check of the machine; a check that raises is a finding too."""
    for check in checks:
        try:
            line = check.run(machine)
        except Exception as error:  # a broken machine can raise anything
            line = Line(FAIL if check.needed else WARN, f"could not be checked: {error!r}")
        if line is not None:
            yield check.name, line


def examine_all(machine: Machine, seconds: float) -> Iterator[Tuple[str, Line]]:
    """The running node, where there is a ROS master, and the machine."""
    uri = live.master_uri(machine)
    has_master = live.is_master(uri)
    if has_master:
        yield from live.check_live(machine, seconds)
    else:
        yield "ROS master", live.no_master(uri)
    checks = TENSORRT_CHECKS if read_board(machine).is_jetson else CPU_CHECKS
    for name, line in examine(machine, checks):
        if line.mark == FAIL and name in ROS and not has_master:
            line = line._replace(mark=WARN, found=f"{line.found}; the node needs it, the tools do not")
        yield name, line


def main(arguments: Optional[List[str]] = None, machine: Optional[Machine] = None) -> int:
    use_utf8()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="how long to listen to the topics (%(default)s)"
    )
    parser.add_argument(
        "--tensorrt", action="store_true", help="only what the node needs to run with TensorRT"
    )
    options = parser.parse_args(arguments)
    machine = machine or this_machine()
    lines = examine(machine)
    if not options.tensorrt:
        found = examine_all(machine, options.seconds)
        lines = iter(sorted(found, key=lambda named: ORDER.index(named[1].mark)))
    marks = []
    for name, line in lines:
        marks.append(line.mark)
        print(f"{line.mark:<5} {name:<14} {line.found}")
        if line.fix:
            print(f"      {'':<14} → {line.fix}")
    failed, warned = marks.count(FAIL), marks.count(WARN)
    print(f"\n{failed} to fix, {warned} to improve, {len(marks) - failed - warned} in order")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # no traceback when piped to `head`
    sys.exit(main())
