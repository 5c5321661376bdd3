"""How fast tools.replay makes a report, and how fast the report opens.

``python3 -m benchmarks.replay [--minutes M] [--hz HZ]``

A ROS 1 bag of the drive of the demo at 2 m/s, lap after lap, as a camera of 640×480 that publishes compressed
images, with odometry at 50 Hz. Needs requirements/replay.txt; the report is opened in Chromium, where that
is installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from heapq import merge
from pathlib import Path
from typing import Any, Iterator

import cv2
import numpy as np
from rosbags.rosbag1 import Writer
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from benchmarks.figures import machine
from demo.sources import read_trajectory

DRIVE = Path(__file__).resolve().parent.parent / "demo" / "drive"
WIDTH, HEIGHT = 640, 480
CORES = 2
OPENINGS = 5
MAX_RATIO, MAX_OPENING = 0.25, 2.0  # targets: of the recording's duration; seconds
START = 1_600_000_000 * 10**9  # nanoseconds
FRAME_RATE = 2.0  # frames of the drive a second: they are 1 m apart, the robot drives at 2 m/s
ODOMETRY_RATE = 50.0  # Hz


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="benchmarks.replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of the recording (default: 10)")
    parser.add_argument("--hz", type=float, default=15.0, help="images per second (default: 15)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        bag, report = (os.path.join(folder, name) for name in ("drive.bag", "report.html"))
        images = write_bag(bag, options.minutes * 60, options.hz)
        print(f"{options.minutes:g} minutes, {images:,} images, {os.path.getsize(bag) / 1e6:.0f} MB")
        seconds, work = make_report(bag, report)
        ratio = seconds / (options.minutes * 60)
        print(f"report made in {seconds:.1f} s, {ratio:.2f} of the duration (target: {MAX_RATIO})")
        print(f"CPU time: {work:.1f} s; on a machine that does other work, a better measure")
        print(f"report: {os.path.getsize(report) / 1e6:.1f} MB")
        opening = opening_time(report)
        if opening is not None:
            print(f"report opened in {opening:.2f} s (target: {MAX_OPENING})")
    print(f"{CORES} cores of {machine()}")
    return int(ratio > MAX_RATIO or (opening or 0.0) > MAX_OPENING)


def write_bag(path: str, seconds: float, hz: float) -> int:
    """Write the recording; the number of its images."""
    store = get_typestore(Stores.ROS1_NOETIC)
    names = ("sensor_msgs/msg/CompressedImage", "nav_msgs/msg/Odometry")
    images, poses = _images(store, seconds, hz), _odometry(store, seconds)
    with Writer(path) as bag:
        topics = ("/camera/image_raw/compressed", "/odom")
        connections = [bag.add_connection(*each, typestore=store) for each in zip(topics, names)]
        for stamp, kind, message in merge(images, poses, key=lambda each: each[:2]):
            bag.write(connections[kind], stamp, store.serialize_ros1(message, names[kind]))
    return int(seconds * hz)


def _header(store: Typestore, stamp: int, frame_id: str) -> Any:
    time_of = store.types["builtin_interfaces/msg/Time"](sec=stamp // 10**9, nanosec=stamp % 10**9)
    return store.types["std_msgs/msg/Header"](seq=0, stamp=time_of, frame_id=frame_id)


def _images(store: Typestore, seconds: float, hz: float) -> Iterator[Any]:
    files = [_jpeg(DRIVE / frame.name) for frame in read_trajectory(DRIVE / "trajectory.csv")]
    for number in range(int(seconds * hz)):
        stamp = START + round(number / hz * 1e9)
        data = files[int(number / hz * FRAME_RATE) % len(files)]
        image = store.types["sensor_msgs/msg/CompressedImage"]
        yield stamp, 0, image(header=_header(store, stamp, "camera_optical"), format="jpeg", data=data)


def _odometry(store: Typestore, seconds: float) -> Iterator[Any]:
    def make(name: str, **fields: Any) -> Any:
        return store.types[f"geometry_msgs/msg/{name}"](**fields)

    frames = read_trajectory(DRIVE / "trajectory.csv")
    still = make("Vector3", x=0.0, y=0.0, z=0.0)
    motion = make("Twist", linear=still, angular=still)
    twist = make("TwistWithCovariance", twist=motion, covariance=np.zeros(36))
    for number in range(int(seconds * ODOMETRY_RATE)):
        stamp = START + round(number / ODOMETRY_RATE * 1e9)
        pose = frames[int(number / ODOMETRY_RATE * FRAME_RATE) % len(frames)].pose
        if pose is None:  # never of this drive
            continue
        point = make("Point", **dict(zip("xyz", map(float, pose.position))))
        turn = make("Quaternion", **dict(zip("xyzw", map(float, pose.orientation))))
        there = make(
            "PoseWithCovariance", pose=make("Pose", position=point, orientation=turn), covariance=np.zeros(36)
        )
        odometry = store.types["nav_msgs/msg/Odometry"]
        yield (
            stamp,
            1,
            odometry(
                header=_header(store, stamp, "odom"), child_frame_id="camera_optical", pose=there, twist=twist
            ),
        )


def _jpeg(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    large = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].ravel()


def make_report(bag: str, report: str) -> tuple[float, float]:
    """Seconds, and seconds of CPU time, that the command takes on ``CORES`` cores."""
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    begun = time.monotonic()
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "place_recognition_ros.tools.replay", bag, "--output", report],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=True,
    )
    seconds, used = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, used.ru_utime + used.ru_stime


def opening_time(report: str) -> float | None:
    """Seconds until a browser has drawn the report, without its own start; None: there is none.

    The median of several, in turn with those of an empty page.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for url in ["about:blank", *["about:blank", Path(report).resolve().as_uri()] * OPENINGS]:
            begun = time.monotonic()
            command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
            command += ["--window-size=1280,2000", f"--screenshot={folder}/x.png", url]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # noqa: S603
            times.append(time.monotonic() - begun)
    return max(0.0, statistics.median(times[2::2]) - statistics.median(times[1::2]))  # the first one is cold


if __name__ == "__main__":
    sys.exit(main())
