"""Teach and repeat: a map from one bag; the node starts again and is relocalised by another bag."""

import csv
import os

import cv2
import rosbag

from place_recognition_ros.msg import LoopCandidates
from place_recognition_ros.srv import Relocalize
from tests.conftest import ROOT
from tests.ros.camera import NODE, Diagnostics, to_compressed

DRIVE = os.path.join(ROOT, "demo", "drive")
TAUGHT, REPEATED = range(123), range(123, 155)  # frames of the drive: a street, and its second visit
START = 1000.0  # seconds
NEAR = 10.0  # metres between two views of one place of a street


def frames():
    """(path, stamp in seconds, position in metres) of each frame of the drive while tracking works."""
    with open(os.path.join(DRIVE, "trajectory.csv"), encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["tracking_ok"] == "1"]
    return [
        (
            os.path.join(DRIVE, row["file"]),
            START + float(row["stamp"]),
            [float(row[axis]) for axis in ("x", "y", "z")],
        )
        for row in rows
    ]


def write_bag(path, drive):
    """A bag with these frames as compressed images."""
    with rosbag.Bag(path, "w") as bag:
        for image, stamp, _ in drive:
            message = to_compressed(cv2.imread(image), stamp)
            bag.write("/keyframe/compressed", message, message.header.stamp)
    return path


def test_a_taught_route_is_recognised_within_three_keyframes(ros, start_node, start_process, tmp_path):
    drive = frames()
    place = {round(stamp, 3): position for _, stamp, position in drive}
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path)
    counts = Diagnostics(ros)
    bag = write_bag(str(tmp_path / "teach.bag"), [drive[number] for number in TAUGHT])
    queries = ros.subscribe(NODE + "/queries", LoopCandidates)
    start_process(["rosbag", "play", "--quiet", "--wait-for-subscribers", bag]).wait(60)
    queries.wait(len(TAUGHT) // 3)
    assert int(counts.next()["stored"]) > len(TAUGHT) // 3
    assert node.stop() == 0

    start_node(map_path=path)
    queries = ros.subscribe(NODE + "/queries", LoopCandidates)
    bag = write_bag(str(tmp_path / "repeat.bag"), [drive[number] for number in REPEATED])
    start_process(["rosbag", "play", "--quiet", "--wait-for-subscribers", bag]).wait(60)
    found = queries.wait(len(REPEATED) // 3)
    recognised = [any(each.status == each.STATUS_VERIFIED for each in query.candidates) for query in found]
    assert True in recognised[:3]
    for query in found:
        for each in query.candidates:
            if each.status == each.STATUS_VERIFIED and each.match_session != each.query_session:
                here = place[round(query.header.stamp.to_sec(), 3)]
                there = place[round(each.match_stamp.to_sec(), 3)]
                assert sum((a - b) ** 2 for a, b in zip(here, there)) ** 0.5 < NEAR
    located = ros.call("relocalize", Relocalize)
    assert located.success, located.message
    assert located.candidates[0].match_session == 1
