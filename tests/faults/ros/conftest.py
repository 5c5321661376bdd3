"""The fixtures of tests/ros, for the faults of a running node."""

from tests.ros.conftest import (  # noqa: F401
    _ros_node,
    ros,
    ros_master,
    roslaunch,
    start_node,
    start_process,
)
