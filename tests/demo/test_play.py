"""The demo with a bag: master, node, player and report."""

import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

rosbag = pytest.importorskip("rosbag")
pytest.importorskip("matplotlib")

from rospy import Time  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A locale without UTF-8, as Python 3.6 sees it where LANG is not set."""


def write_bag(path, images, **fields):
    """Write a bag with images, one per 0.2 s; ``fields``: of the last image."""
    with rosbag.Bag(str(path), "w") as bag:
        for row, image in enumerate(images):
            message = Image(
                height=image.shape[0], width=image.shape[1], encoding="mono8", step=image.shape[1]
            )
            message.header.stamp, message.data = Time.from_sec(1 + 0.2 * row), image.tobytes()
            for name, value in fields.items() if row == len(images) - 1 else ():
                setattr(message, name, value)
            bag.write("/camera/image_raw", message, message.header.stamp)
    return path


def play(root, bag):
    """Exit status and output of the demo in an ASCII locale, where warnings of Python are errors."""
    command = [sys.executable, "-W", "error::UserWarning", os.path.join(root, "demo", "play.py"), bag.name]
    env = {**os.environ, **ASCII}
    ran = subprocess.run(
        command, cwd=bag.parent, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return ran.returncode, ran.stdout.decode()


def test_one_image_gives_a_report_without_warnings(root, tmp_path, paint):
    status, output = play(root, write_bag(tmp_path / "höhle.bag", [paint(1)]))
    assert status == 0, output
    assert "Warning" not in output
    assert "Playing höhle.bag /camera/image_raw: 1 image\n" in output
    assert "not used" not in output
    assert cv2.imread(str(tmp_path / "demo_result.png")) is not None


def test_images_that_the_node_does_not_use_are_named_with_the_reason(root, tmp_path, paint):
    images = [paint(1), np.zeros((240, 320), np.uint8), np.zeros((240, 320), np.uint8), paint(2)]
    status, output = play(root, write_bag(tmp_path / "four.bag", images, encoding="mono9"))
    assert status == 0, output
    assert re.search("[12] images? not used: too few local features", output), (
        "one may be dropped by a busy node"
    )
    assert "1 image not used: Image refused: expected one of the encodings" in output
    assert "Received: 'mono9'" in output
