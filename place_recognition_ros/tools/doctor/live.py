"""Checks of the running node, by a process of their own: importing ROS may crash, or not be possible."""

import json
import os
import socket
from typing import Iterator, Tuple
from urllib.parse import urlparse

from place_recognition_ros.tools.doctor.machine import FAIL, WARN, Line, Machine

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_START = 60.0  # seconds to import ROS and the models, beside those of listening
# The source tree last: in a workspace, the messages are in the package that comes first.
_CODE = (
    "import sys, runpy; sys.path.append({root!r}); sys.argv = ['doctor', '{seconds}'];"
    "runpy.run_module('place_recognition_ros.ros.doctor', run_name='__main__')"
)


def master_uri(machine: Machine) -> str:
    """Where the ROS master is expected."""
    return machine.environ.get("ROS_MASTER_URI") or "http://localhost:11311"


def is_master(uri: str) -> bool:
    """Whether somebody listens there."""
    try:
        address = urlparse(uri)
        with socket.create_connection((address.hostname or "", address.port or 11311), timeout=2.0):
            return True
    except (OSError, ValueError):
        return False


def check_live(machine: Machine, seconds: float) -> Iterator[Tuple[str, Line]]:
    """Name and finding of each check of the running node.

    Args:
        machine: its interpreter and environment are used.
        seconds: how long to listen.
    """
    code = _CODE.format(root=_ROOT, seconds=seconds)
    ran = machine.run([machine.python, "-c", code], seconds + _START)
    lines = ran.output.splitlines()
    for line in lines:
        if line.startswith('["'):
            level, name, found, fix = json.loads(line)
            yield name, Line(level, found, fix)
    if ran.status != 0:
        reason = lines[-1] if lines else "no output"
        yield (
            "ROS",
            Line(FAIL, f"the running node could not be checked: {reason}", "source .ws/devel/setup.bash"),
        )


def no_master(uri: str) -> Line:
    """The finding where there is no ROS master."""
    start = "roslaunch place_recognition_ros desktop.launch image:=/camera/image_raw"
    return Line(WARN, f"no ROS master at {uri}: only this machine was checked, not a running node", start)
