"""Checks of the node itself: whether it runs, what it reports, and who listens to it."""

import os
from typing import Iterator, List

from diagnostic_msgs.msg import DiagnosticStatus
from rosgraph_msgs.msg import Log

from place_recognition_ros.ros.doctor.finding import ERROR, OK, WARN, Finding
from place_recognition_ros.ros.doctor.graph import Graph, launch
from place_recognition_ros.ros.doctor.listener import Observation

OUTPUTS = ("loop_candidates", "retractions", "queries", "kidnap_state")
"""Topics of the node that others listen to, and that nobody else has."""

ENOUGH = 3.0  # seconds in which a report comes, which is sent once per second
MOST = 3  # lines of the log that are shown
_LEVELS = {DiagnosticStatus.OK: OK, DiagnosticStatus.WARN: WARN}


def no_node(graph: Graph) -> Finding:
    """The finding where the master knows of no node."""
    return Finding(ERROR, "node", "no place recognition node runs on this ROS master", launch(graph))


def check_node(seen: Observation) -> Iterator[Finding]:
    """Whether the node runs."""
    node = seen.node
    if not node.registered:
        found = f"{node.name} does not run, and its parameters are set: it has ended, or ends at each start"
        level = WARN if any(each.registered for each in seen.graph.nodes) else ERROR
        forget = f"; if it is not wanted: rosparam delete {node.name}"
        yield Finding(level, "node", found, launch(seen.graph, node.name) + (forget if level == WARN else ""))
    elif not node.responds:
        found = (
            f"{node.name} is registered and does not respond: it was killed, or its machine is not reached"
        )
        yield Finding(ERROR, "node", found, "rosnode cleanup")
    else:
        names = ("model", "engine", "keyframes in the map", "memory [MB]")
        values = ", ".join(f"{name} {seen.value(name)}" for name in names if seen.value(name))
        yield Finding(OK, "node", f"{node.name}: {values or 'runs'}")


def check_log(seen: Observation) -> Iterator[Finding]:
    """What the node logged as an error."""
    levels = {}
    for message in seen.log:
        levels[message.msg] = ERROR if message.level >= Log.FATAL else WARN
    for text, level in list(levels.items())[-MOST:]:
        yield Finding(level, "log", f"{seen.node.name}: {text}", "see docs/troubleshooting.md")


def check_diagnostics(seen: Observation) -> Iterator[Finding]:
    """What the node reports: the newest status of each part."""
    newest = {report.name: report for report in seen.reports}
    for name, report in newest.items():
        level = _LEVELS.get(report.level, ERROR)
        part = name.split(":")[-1].strip()
        fix = "" if level == OK else "see docs/troubleshooting.md"
        yield Finding(level, "/diagnostics", f"{part}: {report.message}", fix)
    if seen.node.responds and not newest and seen.seconds >= ENOUGH:
        found = f"no report of {seen.node.name} within {seen.seconds:.0f} s, which sends one each second"
        yield Finding(
            ERROR, "/diagnostics", found, f"rosnode kill {seen.node.name}   (the launch file starts it again)"
        )


def check_listeners(seen: Observation) -> Iterator[Finding]:
    """Whether others listen to topics of another namespace than the node's."""
    graph, node = seen.graph, seen.node.name
    ours = {topic: os.path.basename(topic) for topic, nodes in graph.publishers.items() if node in nodes}
    for topic, name in sorted(ours.items()):
        if name not in OUTPUTS:
            continue
        for other, listeners in sorted(graph.subscribers.items()):
            if os.path.basename(other) == name and other != topic and not graph.publishers.get(other):
                yield _elsewhere(other, listeners, node, topic)


def _elsewhere(topic: str, listeners: List[str], node: str, published: str) -> Finding:
    who = ", ".join(listeners)
    found = f"{who} listens to {topic}, where nothing is published: {node} publishes {published}"
    return Finding(ERROR, "namespace", found, f"start {who} with {topic}:={published}")
