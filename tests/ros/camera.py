"""What the tests of the node share: a camera, and a look at its diagnostics."""

import sqlite3
import struct

import cv2
import rospy
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CompressedImage, Image

from benchmarks.scenes import Place
from place_recognition_ros.msg import LoopCandidates

NODE = "/place_recognition"
FRAME = "camera_optical"

# The made-up places look more alike than real ones do.
PARAMETERS = {"min_similarity": 0.7}

# A walk past these places and back to the first closes a loop.
THERE = [Place(number).image() for number in range(12)]
BACK = [Place(number).image(right=0.2, forward=0.2) for number in range(3)]


def to_image(picture, stamp, encoding="bgr8", frame_id=FRAME):
    """Image message of a (H, W, 3) uint8 BGR picture; ``stamp``: seconds or rospy.Time."""
    pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if encoding == "mono8" else picture
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding)
    message.header.stamp, message.header.frame_id = to_time(stamp), frame_id
    message.step = pixels.nbytes // pixels.shape[0]
    message.data = pixels.tobytes()
    return message


def to_compressed(picture, stamp, extension="jpg"):
    """CompressedImage message of a (H, W, 3) uint8 BGR picture; ``stamp``: seconds or rospy.Time."""
    message = CompressedImage(format={"jpg": "jpeg"}.get(extension, extension))
    message.header.stamp, message.header.frame_id = to_time(stamp), FRAME
    message.data = cv2.imencode("." + extension, picture)[1].tobytes()
    return message


def changed(message, **fields):
    """The message with other values in these fields."""
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def to_time(stamp):
    return stamp if isinstance(stamp, rospy.Time) else rospy.Time.from_sec(stamp)


class Camera:
    """Shows pictures to the node, one a second by their stamps, and waits for what it says of each.

    Args:
        ros: the Client.
        start: seconds; stamp of the first picture.
        node: name of the node.
    """

    def __init__(self, ros, start=1000.0, node=NODE):
        self.now = start
        self.queries = ros.subscribe(node + "/queries", LoopCandidates)
        self._publishers = {
            Image: ros.publisher("keyframe", Image),
            CompressedImage: ros.publisher("keyframe/compressed", CompressedImage),
        }

    def show(self, picture, make=to_image, **how):
        """The node's answer to a picture."""
        self.now += 1.0
        message = make(picture, self.now, **how)
        self.send(message)
        return self.answer(message.header.stamp)

    def walk(self, pictures, make=to_image, **how):
        """The node's answers to pictures."""
        return [self.show(picture, make, **how) for picture in pictures]

    def send(self, message):
        """Publish a message as it is, and wait for nothing."""
        self._publishers[type(message)].publish(message)

    def answer(self, stamp, timeout=10):
        """The answer to the picture of this stamp."""
        stamp = to_time(stamp)
        return self.queries.wait_for(lambda answer: answer.header.stamp == stamp, timeout)


class Diagnostics:
    """What the node says of itself on /diagnostics."""

    def __init__(self, ros):
        self._reports = ros.subscribe("/diagnostics", DiagnosticArray)

    def wait(self, expected, timeout=10):
        """The first report, of the past or to come, that says this: name ► value.

        Returns:
            (level, message, name ► value).
        """
        wanted = {key: str(value) for key, value in expected.items()}
        report = self._reports.wait_for(lambda each: wanted.items() <= values(each).items(), timeout)
        return report.status[0].level, report.status[0].message, values(report)

    def wait_message(self, text, level, timeout=10):
        """Wait for a report of this level whose message contains a text."""
        self._reports.wait_for(
            lambda each: text in each.status[0].message and each.status[0].level == level, timeout
        )

    def next(self):
        """name ► value of a report about all that has happened until now."""
        count = len(self._reports.messages) + 2
        return values(self._reports.wait(count)[-1])


def values(report):
    """name ► value of a report."""
    return {pair.key: pair.value for pair in report.status[0].values}


def stored(path):
    """(id, session, stamp in nanoseconds, pose as 7 numbers or None) of each keyframe of a map on disk."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT id, session, stamp, pose FROM keyframes ORDER BY id").fetchall()
    connection.close()
    return [(*row, pose and struct.unpack("<7d", pose)) for *row, pose in rows]
