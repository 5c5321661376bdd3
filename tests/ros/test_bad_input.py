"""Invalid images and stamps: the node counts them and processes the next valid image."""

import time

import pytest

from place_recognition_ros.msg import LoopCandidate
from tests.ros.camera import (
    BACK,
    PARAMETERS,
    THERE,
    Camera,
    Diagnostics,
    changed,
    to_compressed,
    to_image,
)

IMAGE = THERE[0]
HEIGHT, WIDTH = IMAGE.shape[:2]
JPEG = bytes(to_compressed(IMAGE, 1).data)
PNG = bytes(to_compressed(IMAGE, 1, "png").data)
HUGE_PNG = PNG[:16] + bytes.fromhex("7fffffff7fffffff") + PNG[24:]

INVALID_IMAGES = {
    "unknown encoding": {"encoding": "rgb16be"},
    "empty encoding": {"encoding": ""},
    "step too short": {"step": 3 * WIDTH - 1},
    "step longer than the rows": {"step": 3 * WIDTH + 8},
    "data truncated": {"data": bytes(IMAGE.nbytes - 1)},
    "data missing": {"data": b""},
    "no size": {"height": 0, "width": 0},
    "size of 2³² − 1": {"height": 2**32 - 1, "width": 2**32 - 1, "step": 2**32 - 1},
    "encoding of more channels": {"encoding": "bgra8"},
}
INVALID_FILES = {
    "neither JPEG nor PNG": bytes(range(256)) * 20,
    "empty": b"",
    "JPEG truncated": JPEG[: len(JPEG) // 2],
    "JPEG without content": JPEG[:2] + JPEG[-2:],
    "PNG truncated": PNG[: len(PNG) // 2],
    "PNG that declares 2³¹ by 2³¹ pixels": HUGE_PNG,
}


@pytest.fixture
def node(start_node):
    return start_node(**PARAMETERS)


@pytest.fixture
def camera(ros, node):
    return Camera(ros)


def processes_valid_images(camera, node):
    """Whether the node runs and stores the next valid image; its result must arrive within one second."""
    stamp = camera.now = camera.now + 1.0
    camera.publish(to_image(IMAGE, stamp))
    return camera.result(stamp, timeout=1.0).query_id > 0 and node.running


def test_invalid_images_are_refused_and_counted(ros, camera, node):
    invalid = [changed(to_image(IMAGE, 1), **fields) for fields in INVALID_IMAGES.values()]
    invalid += [changed(to_compressed(IMAGE, 1), data=data) for data in INVALID_FILES.values()]
    for message in invalid:
        camera.now += 1.0
        message.header.stamp.secs = int(camera.now)
        camera.publish(message)
        time.sleep(0.1)  # else the valid image replaces it in the queue
        assert processes_valid_images(camera, node), message
    values = Diagnostics(ros).next()
    assert int(values["bad images"]) + int(values["dropped"]) == len(invalid)
    assert int(values["bad images"]) >= len(invalid) - 2
    assert len(camera.queries.messages) == len(invalid)
    assert "Traceback" not in node.log
    assert "Image refused: expected" in node.log


def test_missing_and_old_stamps_are_refused_and_counted(ros, camera, node):
    assert processes_valid_images(camera, node)
    now = camera.now
    for stamp in (0, now, now - 0.5, now - 1.0):
        camera.publish(to_image(THERE[1], stamp))
        time.sleep(0.1)
    assert processes_valid_images(camera, node)
    values = Diagnostics(ros).next()
    assert values["without stamp"] == "1"
    assert values["not newer than the last"] == "3"
    assert values["keyframes"] == "2"


def test_a_clock_that_jumps_back_starts_a_new_session(ros, camera):
    first = camera.publish_sequence(THERE)
    camera.now = 500.0
    second = camera.publish_sequence(BACK)
    assert [result.query_id for result in first + second] == list(range(1, 16))
    found = second[0].candidates[0]
    assert (found.kind, found.status) == (LoopCandidate.KIND_INTER_SESSION, LoopCandidate.STATUS_VERIFIED)
    assert (found.match_id, found.match_session, found.query_session) == (1, 1, 2)
    values = Diagnostics(ros).next()
    assert values["clock jumped back"] == "1"
    assert values["session"] == "2"


def test_the_image_size_may_change(camera, node):
    for rows, columns in ((60, 80), (HEIGHT, 100), (1, 1), (1, WIDTH), (HEIGHT, WIDTH)):
        camera.publish_and_wait(IMAGE[:rows, :columns].copy())
    assert processes_valid_images(camera, node)
