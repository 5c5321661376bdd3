"""A camera and a diagnostics reader for the tests of the node."""

import sqlite3
import struct
import threading

import cv2
import rospy
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from benchmarks.scenes import Place
from place_recognition_ros.msg import LoopCandidates

NODE = "/place_recognition"
FRAME = "camera_optical"

# The synthetic places are more similar to each other than real places.
PARAMETERS = {"min_similarity": 0.7}

# Images of twelve places, and of the first three of them from nearby positions. THERE + BACK contains loops.
THERE = [Place(number).image() for number in range(12)]
BACK = [Place(number).image(right=0.2, forward=0.2) for number in range(3)]


def to_image(image, stamp, encoding="bgr8", frame_id=FRAME):
    """Image message of a (H, W, 3) uint8 BGR image; ``stamp``: seconds or rospy.Time."""
    pixels = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if encoding == "mono8" else image
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding)
    message.header.stamp, message.header.frame_id = to_time(stamp), frame_id
    message.step = pixels.nbytes // pixels.shape[0]
    message.data = pixels.tobytes()
    return message


def to_compressed(image, stamp, extension="jpg"):
    """CompressedImage message of a (H, W, 3) uint8 BGR image; ``stamp``: seconds or rospy.Time."""
    message = CompressedImage(format={"jpg": "jpeg"}.get(extension, extension))
    message.header.stamp, message.header.frame_id = to_time(stamp), FRAME
    message.data = cv2.imencode("." + extension, image)[1].tobytes()
    return message


def to_camera_info(intrinsics, width, height, stamp=0, **fields):
    """CameraInfo message; ``intrinsics``: K by rows; ``fields``: of the message, D for example."""
    message = CameraInfo(width=width, height=height, distortion_model="plumb_bob", K=intrinsics, D=[0.0] * 5)
    message.header.stamp, message.header.frame_id = to_time(stamp), FRAME
    return changed(message, **fields)


def to_depth(depth, stamp, **fields):
    """Depth image message of an array (H, W) float32 or uint16; ``fields``: of the message."""
    encoding = {"float32": "32FC1", "uint16": "16UC1"}[str(depth.dtype)]
    message = Image(height=depth.shape[0], width=depth.shape[1], encoding=encoding)
    message.header.stamp, message.header.frame_id = to_time(stamp), FRAME
    message.step, message.data = depth.strides[0], depth.tobytes()
    return changed(message, **fields)


def changed(message, **fields):
    """The message, after setting these fields."""
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def to_time(stamp):
    """rospy.Time of a stamp in seconds; a rospy.Time is returned unchanged."""
    return stamp if isinstance(stamp, rospy.Time) else rospy.Time.from_sec(stamp)


class Camera:
    """Publishes images to the node, stamped one second apart, and waits for the result of each.

    Args:
        ros: the Client.
        start: seconds; the first image is stamped one second later.
    """

    def __init__(self, ros, start=1000.0):
        self.now = start
        self.queries = ros.subscribe(NODE + "/queries", LoopCandidates)
        self._publishers = {
            Image: ros.publisher("keyframe", Image),
            CompressedImage: ros.publisher("keyframe/compressed", CompressedImage),
        }

    def publish_and_wait(self, image, to_message=to_image, **options):
        """Publish an image and return its LoopCandidates; ``options``: of ``to_message``."""
        self.now += 1.0
        message = to_message(image, self.now, **options)
        self.publish(message)
        return self.result(message.header.stamp)

    def publish_sequence(self, images):
        """Publish images one after the other and return the LoopCandidates of each."""
        return [self.publish_and_wait(image) for image in images]

    def publish(self, message):
        """Publish a message unchanged, without waiting for the result."""
        self._publishers[type(message)].publish(message)

    def result(self, stamp, timeout=10):
        """Wait for the LoopCandidates of the image with this stamp."""
        stamp = to_time(stamp)
        return self.queries.wait_for(lambda result: result.header.stamp == stamp, timeout)


class Stream:
    """Calls ``publish()`` in a thread again and again, inside a ``with``.

    Args:
        publish: publishes the next image.
        period: seconds between two of them.
    """

    def __init__(self, publish, period):
        self._publish, self._period = publish, period
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(self._period):
            self._publish()


class Diagnostics:
    """The node's reports on /diagnostics."""

    def __init__(self, ros):
        self._reports = ros.subscribe("/diagnostics", DiagnosticArray)

    def wait(self, expected, timeout=10):
        """Wait for a report that contains all these values; reports received earlier count, too.

        Args:
            expected: name → value.

        Returns:
            (level, message, name → value) of the first such report.
        """
        required = {key: str(value) for key, value in expected.items()}
        report = self._reports.wait_for(lambda each: required.items() <= values(each).items(), timeout)
        return report.status[0].level, report.status[0].message, values(report)

    def wait_message(self, text, level, timeout=10):
        """Wait for a report of this level whose message contains a text."""
        self._reports.wait_for(
            lambda each: text in each.status[0].message and each.status[0].level == level, timeout
        )

    def next(self):
        """name → value of a report that covers everything before this call."""
        count = len(self._reports.messages) + 2
        return values(self._reports.wait(count)[-1])

    def next_message(self):
        """Message of a report that covers everything before this call."""
        count = len(self._reports.messages) + 2
        return self._reports.wait(count)[-1].status[0].message


def values(report):
    """name → value of a report."""
    return {pair.key: pair.value for status in report.status for pair in status.values}


def stored(path):
    """(id, session, stamp in nanoseconds, pose as 7 numbers or None) of each keyframe in a map file."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT id, session, stamp, pose FROM keyframes ORDER BY id").fetchall()
    connection.close()
    return [(*row, pose and struct.unpack("<7d", pose)) for *row, pose in rows]
