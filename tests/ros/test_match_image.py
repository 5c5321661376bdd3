"""The image of a match."""

import numpy as np
import pytest

from place_recognition_ros.memory.thumbnail import thumbnail
from place_recognition_ros.ros.match_image import WIDTH, Shown, best_of, caption, match_image
from place_recognition_ros.types import (
    FEATURE,
    Camera,
    Count,
    Kind,
    Query,
    QueryResult,
    Status,
    Tracking,
    TrackingState,
    View,
)
from tests.ros.drawn_map import SECOND, candidate

IMAGE = np.full((240, 320, 3), 120, np.uint8)


def view(count):
    features = np.zeros(count, FEATURE)
    features["x"], features["y"] = np.linspace(20, 300, count), np.linspace(20, 220, count)
    return View(features, Camera(320, 240))


KEPT = Shown(view(8), thumbnail(IMAGE))


def result(*candidates):
    query = Query(9, 12 * SECOND, 1, "", "camera_optical", np.zeros(4, np.float32))
    tracking = Tracking(TrackingState.TRACKING, 0, 1)
    found = [each._replace(query_session=1, query_stamp=query.stamp) for each in candidates]
    return QueryResult(query, found, tracking, Count.STORED, "map", "m", view=view(8))


def pixels(message):
    return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)


def test_it_is_a_bgr8_image_of_the_query():
    message = match_image(result(candidate(2)), IMAGE, lambda number: KEPT)
    assert (message.encoding, message.step) == ("bgr8", 3 * message.width)
    assert len(message.data) == message.step * message.height
    assert message.width > 2 * WIDTH
    assert (message.header.stamp.to_sec(), message.header.frame_id) == (12.0, "camera_optical")


def test_without_a_candidate_there_is_none():
    assert match_image(result(), IMAGE, lambda number: KEPT) is None


def test_the_keyframe_of_the_best_candidate_is_shown():
    asked = []
    found = result(
        candidate(2, status=Status.REJECTED, inliers=200), candidate(5, inliers=30), candidate(6, inliers=20)
    )
    match_image(found, IMAGE, lambda number: asked.append(number) or KEPT)
    assert asked == [5]
    assert best_of(result(*found.candidates[:1])).match_id == 2


def test_inliers_have_a_colour_and_lines():
    pairs = np.stack([np.arange(8)] * 2, axis=1)
    drawn = pixels(match_image(result(candidate(2)._replace(pairs=pairs)), IMAGE, lambda number: KEPT))
    without = pixels(match_image(result(candidate(2)), IMAGE, lambda number: KEPT))
    colourful = np.ptp(drawn.astype(int), axis=2) > 60
    assert colourful.sum() > 300
    assert (np.ptp(without.astype(int), axis=2) > 60).sum() == 0


def test_inliers_of_a_view_that_was_lost_are_not_drawn():
    pairs = np.stack([np.arange(8)] * 2, axis=1)
    lost = KEPT._replace(view=View(np.zeros(0, FEATURE)), thumbnail=b"")
    message = match_image(result(candidate(2)._replace(pairs=pairs)), IMAGE, lambda number: lost)
    assert (np.ptp(pixels(message).astype(int), axis=2) > 60).sum() == 0


@pytest.mark.parametrize("shape", [(240, 320), (1080, 1920, 3), (480, 200, 3)])
def test_the_query_may_have_any_size(shape):
    message = match_image(result(candidate(2)), np.full(shape, 90, np.uint8), lambda number: KEPT)
    assert message.width <= 2 * WIDTH + 8


def test_the_text_tells_the_decision_and_the_numbers():
    first, second = caption(candidate(2, coverage=0.61))
    assert first == "ACCEPTED   LOOP_CLOSURE   confidence 0.9990"
    assert second == "similarity 0.80   50 matches   40 inliers   coverage 0.61"
    rejected = candidate(2, status=Status.REJECTED, kind=Kind.INTER_SESSION, matches=-1, inliers=-1)
    rejected = rejected._replace(confidence=float("nan"))
    assert caption(rejected) == ["rejected: FEW_INLIERS   INTER_SESSION", "similarity 0.80"]
