import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.drawing import (
    GAP,
    LINE,
    SIDE,
    Side,
    connected,
    draw,
    marks_of,
    pixels_in_panel,
)
from place_recognition_ros.loops.geometry import Geometry, GeometrySettings, measure
from place_recognition_ros.memory.thumbnail import thumbnail
from place_recognition_ros.types import FEATURE, Camera, FeatureKind, View

NOTHING = Geometry(0)


def view_of(points, camera=None):
    features = np.zeros(len(points), FEATURE)
    features["x"], features["y"] = np.array(points, np.float32).reshape(-1, 2).T
    return View(features, camera)


def gray(width, height, value=128):
    return thumbnail(np.full((height, width, 3), value, np.uint8))


def test_features_are_scaled_from_the_original_image_to_the_panel():
    view = view_of([(0, 0), (1279, 719), (639.5, 359.5)], Camera(1280, 720))
    places = pixels_in_panel(view, (360, 640, 3))
    assert np.allclose(places, [(-0.25, -0.25), (639.25, 359.25), (319.5, 179.5)])


def test_without_a_camera_features_reach_to_the_border():
    places = pixels_in_panel(view_of([(0, 0), (1279, 500), (np.nan, 3)]), (360, 640, 3))
    assert places[1][0] == pytest.approx(640, abs=1)
    assert (places[:2] >= -0.5).all()


def test_contradictions_are_the_other_features_within_the_inliers():
    square = [(10, 10), (90, 10), (90, 90), (10, 90)]
    view = view_of([*square, (50, 50), (5, 50), (80, 20), (np.nan, 50)])
    marks = marks_of(view, np.arange(4))
    assert [list(each) for each in marks] == [[0, 1, 2, 3], [4, 6], [5]]


def test_without_inliers_nothing_contradicts():
    marks = marks_of(view_of([(1, 1), (2, 2)]), np.zeros(0, int))
    assert [list(each) for each in marks] == [[], [], [0, 1]]


def test_contradictions_are_what_lowers_the_coverage(paint):
    views = [View(OrbFinder(400).find(paint(3, shift=shift)), Camera(320, 240)) for shift in (0, 12)]
    geometry = measure(*views, GeometrySettings(FeatureKind.ORB, 20))
    found = [marks_of(view, rows) for view, rows in zip(views, geometry.pairs.T)]
    coverage = min(len(each.inliers) / (len(each.inliers) + len(each.contradictions)) for each in found)
    assert geometry.inliers >= 60
    assert coverage == pytest.approx(geometry.coverage, abs=0.02)


def test_lines_connect_the_same_points():
    query = view_of([(30, 40), (10, 20), (50, 60)], Camera(100, 100))
    match = view_of([(11, 21), (99, 99), (31, 41)], Camera(100, 100))
    pairs = np.array([[0, 2], [1, 0]])
    places = [view.features["x"][:, None] * (1, 1000) for view in (query, match)]
    marks = [marks_of(view, rows) for view, rows in zip((query, match), pairs.T)]
    ends, colours = connected(places, marks)
    assert ends[..., 0].tolist() == [[10, 11], [30, 31]]
    assert len(set(map(tuple, colours.tolist()))) == 2


@pytest.mark.parametrize(
    "size, panel", [((320, 240), (640, 480)), ((160, 120), (640, 480)), ((90, 320), (180, 640))]
)
def test_the_image_holds_both_views_and_the_text(size, panel):
    side = Side(view_of([]), gray(*size), "title")
    image = draw(side, side, NOTHING, ["one line"])
    assert image.dtype == np.uint8
    assert image.shape == (LINE + panel[1] + 2 * LINE + 8, 2 * panel[0] + GAP, 3)
    assert max(panel) == SIDE
    for left in (0, panel[0] + GAP):
        shown = image[LINE : LINE + panel[1], left : left + panel[0]]
        assert abs(int(np.median(shown)) - 102) <= 2  # 0.8 of the gray


def test_views_of_different_sizes_fit():
    sides = [Side(view_of([]), gray(*size), "title") for size in ((320, 180), (320, 240))]
    assert draw(*sides, NOTHING, []).shape == (LINE + 480 + LINE + 8, 2 * 640 + GAP, 3)


def test_an_upright_thumbnail_is_shown_as_the_camera_took_it():
    """The camera was upside down: the upper half of its image is the lower one of the thumbnail."""
    upright = np.zeros((240, 320, 3), np.uint8)
    upright[120:] = 200
    side = Side(view_of([]), thumbnail(upright), "", rotated=180)
    image = draw(side, side, NOTHING, [])
    assert image[LINE + 100, 300, 0] > 150 > 10 > image[LINE + 400, 300, 0]


def test_a_damaged_thumbnail_is_black():
    side = Side(view_of([(10, 10)], Camera(64, 32)), b"\xff\xd8 no image", "title")
    assert draw(side, side, NOTHING, []).shape == (LINE + 320 + LINE + 8, 2 * 640 + GAP, 3)


def test_inliers_are_drawn_where_they_are_in_both_views():
    """Drawn dots of one colour are at the scaled points; contradictions are red around theirs."""
    camera = Camera(320, 240)
    query = view_of([(40, 40), (280, 40), (280, 200), (40, 200), (160, 100)], camera)
    match = view_of([(50, 50), (290, 50), (290, 210), (50, 210)], camera)
    geometry = Geometry(4, 4, True, 0.8, pairs=np.array([[row, row] for row in range(4)]))
    image = draw(Side(query, gray(320, 240), ""), Side(match, gray(320, 240), ""), geometry, [])
    places = [pixels_in_panel(view, (480, 640)) + (left, LINE) for view, left in ((query, 0), (match, 648))]
    for start, end in zip(*(each[:4] for each in places)):
        pixels = np.round([start, end]).astype(int)
        colours = [image[y, x].astype(int) for x, y in pixels]
        assert np.ptp(colours[0]) > 80, "a dot has a colour"
        assert np.abs(colours[0] - colours[1]).max() <= 3
    x, y = np.round(places[0][4]).astype(int)
    ring = image[y - 7 : y + 8, x - 7 : x + 8].astype(int)
    assert ((ring[..., 2] > 150) & (ring[..., 1] < 120)).sum() >= 10
    assert cv2.imencode(".png", image)[0]
