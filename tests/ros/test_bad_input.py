"""What a broken camera or clock sends: the node lives, counts it, and answers the next good picture."""

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

PICTURE = THERE[0]
HEIGHT, WIDTH = PICTURE.shape[:2]
JPEG = bytes(to_compressed(PICTURE, 1).data)
PNG = bytes(to_compressed(PICTURE, 1, "png").data)
HUGE_PNG = PNG[:16] + bytes.fromhex("7fffffff7fffffff") + PNG[24:]

BAD_IMAGES = {
    "unknown encoding": {"encoding": "rgb16be"},
    "empty encoding": {"encoding": ""},
    "step too short": {"step": 3 * WIDTH - 1},
    "step longer than the rows": {"step": 3 * WIDTH + 8},
    "data cut off": {"data": bytes(PICTURE.nbytes - 1)},
    "data missing": {"data": b""},
    "no size": {"height": 0, "width": 0},
    "size of 2³² − 1": {"height": 2**32 - 1, "width": 2**32 - 1, "step": 2**32 - 1},
    "encoding of more channels": {"encoding": "bgra8"},
}
BAD_FILES = {
    "garbage": bytes(range(256)) * 20,
    "nothing": b"",
    "JPEG cut off": JPEG[: len(JPEG) // 2],
    "JPEG of a header alone": JPEG[:2] + JPEG[-2:],
    "PNG cut off": PNG[: len(PNG) // 2],
    "PNG that declares 2³¹ by 2³¹ pixels": HUGE_PNG,
}


@pytest.fixture
def node(start_node):
    return start_node(**PARAMETERS)


@pytest.fixture
def camera(ros, node):
    return Camera(ros)


def is_well(camera, node):
    """The next good picture is answered within a second."""
    stamp = camera.now = camera.now + 1.0
    camera.send(to_image(PICTURE, stamp))
    return camera.answer(stamp, timeout=1.0).query_id > 0 and node.running


def test_bad_pictures_are_refused_and_counted(ros, camera, node):
    bad = [changed(to_image(PICTURE, 1), **fields) for fields in BAD_IMAGES.values()]
    bad += [changed(to_compressed(PICTURE, 1), data=data) for data in BAD_FILES.values()]
    for message in bad:
        camera.now += 1.0
        message.header.stamp.secs = int(camera.now)
        camera.send(message)
        time.sleep(0.1)  # else the good picture displaces it
        assert is_well(camera, node), message
    said = Diagnostics(ros).next()
    assert int(said["bad images"]) + int(said["dropped"]) == len(bad)
    assert int(said["bad images"]) >= len(bad) - 2
    assert len(camera.queries.messages) == len(bad)
    assert "Traceback" not in node.log
    assert "Image refused: expected" in node.log


def test_stamps_that_are_not_newer_are_refused_and_counted(ros, camera, node):
    assert is_well(camera, node)
    now = camera.now
    for stamp in (0, now, now - 0.5, now - 1.0):
        camera.send(to_image(THERE[1], stamp))
        time.sleep(0.1)
    assert is_well(camera, node)
    said = Diagnostics(ros).next()
    assert said["without stamp"] == "1"
    assert said["not newer than the last"] == "3"
    assert said["stored"] == "2"


def test_when_the_clock_jumps_back_a_new_session_begins(ros, camera):
    first = camera.walk(THERE)
    camera.now = 500.0
    second = camera.walk(BACK)
    assert [answer.query_id for answer in first + second] == list(range(1, 16))
    found = second[0].candidates[0]
    assert (found.kind, found.status) == (LoopCandidate.KIND_INTER_SESSION, LoopCandidate.STATUS_VERIFIED)
    assert (found.match_id, found.match_session, found.query_session) == (1, 1, 2)
    said = Diagnostics(ros).next()
    assert said["clock jumped back"] == "1"
    assert said["session"] == "2"


def test_sizes_may_change_from_picture_to_picture(camera, node):
    for rows, columns in ((60, 80), (HEIGHT, 100), (1, 1), (1, WIDTH), (HEIGHT, WIDTH)):
        camera.show(PICTURE[:rows, :columns].copy())
    assert is_well(camera, node)
