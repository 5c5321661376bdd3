"""Checks a running node for some seconds and prints one JSON object a line; ``tools.doctor`` starts it."""

import json
import sys
from typing import Callable, Iterator, List, Tuple

import rospy

from place_recognition_ros.ros.doctor import (
    decision_checks,
    file_checks,
    image_checks,
    node_checks,
    pose_checks,
    topic_checks,
)
from place_recognition_ros.ros.doctor.finding import WARN, Finding
from place_recognition_ros.ros.doctor.graph import Graph
from place_recognition_ros.ros.doctor.listener import Observation, observe

Check = Callable[[Observation], Iterator[Finding]]

CHECKS: Tuple[Check, ...] = (  # causes before their effects
    topic_checks.check_clock,
    decision_checks.check_parameters,
    file_checks.check_files,
    node_checks.check_node,
    topic_checks.check_image_topic,
    image_checks.check_images,
    decision_checks.check_thresholds,
    node_checks.check_listeners,
    pose_checks.check_odometry,
    topic_checks.check_optional_topics,
    pose_checks.check_camera_info,
    pose_checks.check_depth_images,
    node_checks.check_log,
    node_checks.check_diagnostics,
)


def findings(graph: Graph, observations: List[Observation]) -> Iterator[Finding]:
    """What is wrong with each node, and what is in order; a check that fails is a finding, too."""
    if not observations:
        yield node_checks.no_node(graph)
    for seen in observations:
        for check in CHECKS:
            yield from _findings_of(check, seen)


def _findings_of(check: Check, seen: Observation) -> List[Finding]:
    try:
        return list(check(seen))
    except Exception as error:  # what is published can be anything
        return [Finding(WARN, check.__name__, f"could not be checked: {error!r}")]


def main() -> int:
    """Check, and print; the argument is the number of seconds."""
    rospy.init_node("place_recognition_doctor", anonymous=True, disable_signals=True)
    for finding in findings(*observe(float(sys.argv[1]))):
        sys.stdout.write(json.dumps(finding) + "\n")
    rospy.signal_shutdown("the end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
