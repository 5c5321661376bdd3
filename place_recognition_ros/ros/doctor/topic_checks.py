"""Checks of the topics that the node subscribes to: by whom, of which type, at what rate, in order."""

import os
from typing import Iterator, List, Optional

import numpy as np

from place_recognition_ros.ros.doctor.finding import ERROR, OK, WARN, Finding
from place_recognition_ros.ros.doctor.graph import COMPRESSED, IMAGE, launch
from place_recognition_ros.ros.doctor.listener import Observation, Recording

CLOCK_OFFSET = 1.0  # seconds between the stamps and ROS time
OPTIONAL = ("camera_info", "depth", "odom")


def check_clock(seen: Observation) -> Iterator[Finding]:
    """Whether ROS time advances."""
    publishers = seen.graph.publishers.get("/clock", [])
    if not seen.graph.use_sim_time:
        if publishers:
            found = (
                f"{', '.join(publishers)} publishes /clock, and use_sim_time is not set: nodes use wall time"
            )
            yield Finding(
                WARN, "clock", found, "rosparam set use_sim_time true   (then start the nodes again)"
            )
        return
    play = "rosbag play --clock FILE.bag   (or: rosparam set use_sim_time false, and start the nodes again)"
    if not seen.clock:
        found = "use_sim_time is set and nothing is published on /clock: ROS time does not advance"
        yield Finding(ERROR, "clock", found, play)
    elif len(set(seen.clock)) == 1:
        found = f"/clock does not advance: it was {seen.clock[-1] / 1e9:.3f} s for {seen.seconds:.0f} s"
        yield Finding(ERROR, "clock", found, f"{play}; a paused player continues with the space bar")
    else:
        rate = (seen.clock[-1] - seen.clock[0]) / 1e9 / seen.seconds
        yield Finding(OK, "clock", f"simulated, {rate:.1f} times as fast as wall time")


def check_image_topic(seen: Observation) -> Iterator[Finding]:
    """Whether images come."""
    graph, inputs = seen.graph, seen.node.inputs
    wanted = [topic for topic in (inputs.image, inputs.compressed) if topic]
    if not wanted:
        return  # the node is not ready, which it reports
    published = [topic for topic in wanted if graph.publishers.get(topic)]
    if not published:
        yield Finding(ERROR, "images", _nothing_on(seen, wanted), launch(graph, seen.node.name))
        return
    for topic in published:
        yield from _check_images_on(seen, topic)
    if len([topic for topic in published if seen.recording(topic).stamps]) > 1:
        found = f"images are published on {' and on '.join(published)}: the node uses both"
        yield Finding(WARN, "images", found, launch(graph, seen.node.name))


def _nothing_on(seen: Observation, topics: List[str]) -> str:
    found = f"nothing is published on {' or '.join(topics)}"
    images = seen.graph.published(IMAGE, COMPRESSED)
    same = [each for each in images if os.path.basename(each) in map(os.path.basename, topics)]
    if same:
        return f"{found}, but on {', '.join(same)}: another namespace than that of {seen.node.name}"
    if images:
        return f"{found}; there are images on {', '.join(images)}"
    return f"{found}, and no images on any other topic: the camera does not run"


def _check_images_on(seen: Observation, topic: str) -> Iterator[Finding]:
    expected, kind = seen.node.subscribed[topic], seen.graph.types.get(topic, "")
    who = ", ".join(seen.graph.publishers[topic])
    if kind != expected:
        found = f"{topic} is a {kind}, and the node expects a {expected}"
        argument = {IMAGE: "image", COMPRESSED: "compressed"}.get(kind)
        more = [] if argument is None else [f"{argument}:={topic}"]
        yield Finding(ERROR, "images", found, launch(seen.graph, seen.node.name, *more))
        return
    recording = seen.recording(topic)
    if not recording.stamps:
        found = f"{topic}: no image from {who} within {seen.seconds:.0f} s"
        yield Finding(
            ERROR, "images", found, f"rostopic hz {topic}   (does the camera run? is its machine reached?)"
        )
        return
    forms = ", ".join(recording.forms)
    yield Finding(OK, "images", f"{topic}: {rate(recording, seen)}, {forms}, by {who}")
    yield from check_stamps(seen, topic)


def rate(recording: Recording, seen: Observation) -> str:
    """Messages per second."""
    return f"{len(recording.stamps) / seen.seconds:.1f} Hz"


def check_stamps(seen: Observation, topic: str) -> Iterator[Finding]:
    """Whether the stamps of the images are set, rise, and are those of ROS time."""
    stamps = np.array(seen.recording(topic).stamps, np.int64)
    who = seen.graph.publishers.get(topic, [])
    two = (
        f"rostopic info {topic}   (two publishers?)"
        if len(who) != 1
        else f"restart {who[0]}, and see its clock"
    )
    steps = np.diff(stamps)
    if not stamps.all():
        found = f"{topic}: {np.count_nonzero(stamps == 0)} of {len(stamps)} images have no stamp: not used"
        yield Finding(ERROR, "stamps", found, f"set header.stamp in {', '.join(who)}")
    elif len(steps) > 1 and not steps.any():
        found = f"{topic}: all images have the stamp {stamps[0] / 1e9:.3f}: their clock does not advance"
        yield Finding(ERROR, "stamps", found, two)
    elif (steps <= 0).any():
        late = np.count_nonzero(steps <= 0)
        found = f"{topic}: {late} of {len(steps)} stamps are not newer than the one before"
        yield Finding(ERROR if np.mean(steps <= 0) > 0.2 else WARN, "stamps", found, two)
    else:
        yield from _check_offset(seen, topic, int(stamps[-1]))


def _check_offset(seen: Observation, topic: str, stamp: int) -> Iterator[Finding]:
    offset = (stamp - seen.now) / 1e9
    if not seen.now or abs(offset) <= CLOCK_OFFSET:
        yield Finding(
            OK, "stamps", f"{topic}: in order" + (f", {offset:+.2f} s from ROS time" if seen.now else "")
        )
        return
    fix = (
        "of a bag: rosbag play --clock, with use_sim_time true; of another machine: chronyc makestep, on both"
    )
    found = f"{topic}: in order, {offset:+.1f} s from ROS time: tf and other nodes may not fit to the images"
    yield Finding(WARN, "stamps", found, fix)


def check_optional_topics(seen: Observation) -> Iterator[Finding]:
    """Whether the optional inputs are published where the node expects them."""
    for name in OPTIONAL:
        topic = getattr(seen.node.inputs, name)
        if not topic:
            continue
        finding = _check_optional(seen, name, topic)
        if finding is not None:
            yield finding


def _check_optional(seen: Observation, name: str, topic: str) -> Optional[Finding]:
    graph, expected = seen.graph, seen.node.subscribed[topic]
    if not graph.publishers.get(topic):
        others = [each for each in graph.published(expected) if name in os.path.basename(each)]
        if not others:
            return Finding(OK, name, f"not used: nothing is published on {topic}")
        found = f"nothing is published on {topic}, but on {', '.join(others)}"
        return Finding(WARN, name, found, launch(graph, seen.node.name, f"{name}:={others[0]}"))
    if graph.types.get(topic) != expected:
        found = f"{topic} is a {graph.types.get(topic)}, and the node expects a {expected}"
        return Finding(ERROR, name, found, f"rostopic info {topic}")
    recording = seen.recording(topic)
    if not recording.stamps and name != "camera_info":  # which may be published once
        return Finding(WARN, name, f"{topic}: no message within {seen.seconds:.0f} s", f"rostopic hz {topic}")
    return Finding(OK, name, f"{topic}: {rate(recording, seen)}")
