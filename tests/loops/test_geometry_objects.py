"""One object in two images: it shows no place, and the surroundings must show one without it."""

import numpy as np
import pytest

from place_recognition_ros.loops.geometry import ONE_OBJECT, GeometrySettings, measure
from place_recognition_ros.loops.limits import Limits, objection
from place_recognition_ros.types import Camera, Evidence, FeatureKind, Reason, View
from tests.loops.test_geometry import features_at

WHOLE_IMAGE = ((0, 0), (320, 240))
OBJECT = ((100, 110), (230, 210))  # 17 % of the image


@pytest.fixture
def descriptors(rng):
    """``descriptors(count)`` → (count, 32) uint8, random."""
    return lambda count: rng.integers(0, 256, (count, 32)).astype(np.uint8)


@pytest.fixture
def with_object(rng, descriptors):
    """``with_object(surroundings, moved, scale)`` → query and match Views of 320 × 240 pixels.

    120 features of an object, which is ``moved`` pixels further and ``scale`` times as large in the match;
    around it 150 features of the place in the query, of which ``surroundings`` are found again 9 pixels to
    the left. Others are nowhere else.
    """

    def with_object(surroundings, moved=(12, -6), scale=1.03):
        on_object = rng.uniform(*OBJECT, (120, 2))
        around = rng.uniform(*WHOLE_IMAGE, (400, 2))
        around = around[((around < OBJECT[0]) | (around > OBJECT[1])).any(axis=1)][:150]
        centre = np.mean(OBJECT, axis=0)
        there = (on_object - centre) * scale + centre + moved
        elsewhere = rng.uniform(*WHOLE_IMAGE, (400, 2))
        hidden = (elsewhere >= there.min(axis=0)) & (elsewhere <= there.max(axis=0))
        elsewhere = elsewhere[~hidden.all(axis=1)][: 150 - surroundings]
        again = around[:surroundings] - (9, 0)
        again[:, 0] += rng.uniform(-3, 3, surroundings)  # parallax
        appearance, other = descriptors(270), descriptors(150 - surroundings)
        camera = Camera(320, 240)
        query = features_at(np.concatenate([on_object, around]), appearance)
        match = features_at(
            np.concatenate([there, again, elsewhere]),
            np.concatenate([appearance[: 120 + surroundings], other[: len(elsewhere)]]),
        )
        return View(query, camera), View(match, camera)

    return with_object


def reason_of(geometry, min_inliers=20):
    figures = {name: getattr(geometry, name) for name in ("matches", "inliers", "coverage", "spread")}
    return objection(Evidence(1.0, 2.0, **figures), Limits(0.0, min_inliers))


ORB = GeometrySettings(FeatureKind.ORB, 20)


@pytest.mark.parametrize(
    "moved, scale", [((12, -6), 1.03), ((3, 2), 0.97), ((-90, -90), 1.0), ((60, -60), 0.7)]
)
def test_one_object_in_views_of_different_places_is_degenerate(with_object, moved, scale):
    geometry = measure(*with_object(0, moved, scale), ORB)
    assert geometry.inliers >= 60 and geometry.coverage > 0.9, "the object itself is found again"
    assert reason_of(geometry) == Reason.DEGENERATE
    assert geometry.degenerate == ONE_OBJECT and geometry.pose is None


def test_an_object_with_its_surroundings_is_verified(with_object):
    geometry = measure(*with_object(100, (-9, 0), 1.0), ORB)
    assert reason_of(geometry) == Reason.NONE
    assert geometry.inliers >= 180, "the object is part of the place"


def test_beside_an_object_that_moved_the_surroundings_are_verified(with_object):
    query, match = with_object(70)
    geometry = measure(query, match, ORB)
    assert reason_of(geometry) == Reason.NONE
    assert geometry.inliers >= 50 and (geometry.pairs >= 120).all(), "the object does not count"
    assert geometry.coverage > 0.3


def test_a_few_details_beside_an_object_do_not_suffice(with_object):
    assert reason_of(measure(*with_object(12, (-9, 0), 1.0), ORB)) == Reason.DEGENERATE


def test_two_objects_are_no_place(with_object, descriptors, rng):
    query, match = with_object(0)
    poster, shown = rng.uniform((0, 0), (70, 60), (60, 2)), descriptors(60)
    views = [
        view._replace(features=np.concatenate([view.features, features_at(poster + shift, shown)]))
        for view, shift in ((query, (10, 10)), (match, (220, 20)))
    ]
    assert reason_of(measure(*views, ORB)) == Reason.DEGENERATE


def test_a_place_seen_from_afar_is_no_object(rng, descriptors):
    near = rng.uniform(*WHOLE_IMAGE, (200, 2))
    appearance = descriptors(350)
    far = np.concatenate([near * 0.4 + (90, 70), rng.uniform(*WHOLE_IMAGE, (150, 2))])
    camera = Camera(320, 240)
    views = View(features_at(far, appearance), camera), View(features_at(near, appearance[:200]), camera)
    for pair in (views, views[::-1]):
        assert reason_of(measure(*pair, ORB)) == Reason.NONE


def test_a_moved_object_and_what_it_hides_do_not_count_against_the_scene(rng, descriptors):
    scene = rng.uniform(*WHOLE_IMAGE, (300, 2))
    shown = rng.uniform((0, 0), (90, 80), (60, 2))
    appearance, poster = descriptors(300), descriptors(60)
    views = []
    for corner, shift in (((20, 20), 0), ((200, 130), 9)):
        parallax = np.stack([rng.uniform(-12, 12, 300) * (shift > 0) + shift, np.zeros(300)], axis=1)
        hidden = ((scene >= corner) & (scene <= np.add(corner, (90, 80)))).all(axis=1)
        features = features_at((scene + parallax)[~hidden], appearance[~hidden])
        on_poster = features_at(shown + corner, poster)
        views.append(View(np.concatenate([features, on_poster]), Camera(320, 240)))
    geometry = measure(*views, ORB)
    assert reason_of(geometry) == Reason.NONE
    assert geometry.coverage > 0.85, "nearly all that both images show of the scene is found again"
    assert (geometry.pairs[:, 0] < len(views[0].features) - 60).all(), "the object does not count"
