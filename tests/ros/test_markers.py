"""Markers of single things."""

import pytest
from visualization_msgs.msg import Marker

from place_recognition_ros.ros import markers
from place_recognition_ros.ros.markers import Canvas


def test_more_confidence_is_greener():
    reds = [markers.confidence_colour(each)[0] for each in (0.5, 0.9, 0.99, 0.9999, 1.0)]
    assert reds == sorted(reds, reverse=True)
    assert len(set(reds)) == 5
    assert markers.confidence_colour(float("nan")) == markers.confidence_colour(0.5)


@pytest.mark.parametrize(("extent", "scale"), [(0, 1), (19, 1), (20, 2), (39, 2), (350, 32)])
def test_everything_is_larger_in_a_large_map(extent, scale):
    assert markers.scale_of(extent) == scale
    line = markers.path(Canvas("odom", scale), 1, [(0, 0, 0), (1, 0, 0)], None, markers.TEXT)
    assert line.scale.x == pytest.approx(markers.PATH_WIDTH * scale)


def test_an_arch_is_above_its_ends():
    marker = markers.arches(Canvas("odom"), "loops", 3, [((0, 0, 1), (4, 0, 2), markers.TEXT)])
    assert [(each.x, each.z) for each in marker.points] == [
        (0, 1),
        (2, pytest.approx(2 + markers.ARCH * 17**0.5)),
        (2, pytest.approx(2 + markers.ARCH * 17**0.5)),
        (4, 2),
    ]
    assert len(marker.colors) == len(marker.points)


def test_without_arches_the_marker_goes():
    assert markers.arches(Canvas("odom"), "loops", 3, []).action == Marker.DELETE


def test_colours_of_sessions_repeat_and_faint_ones_differ_in_opacity_alone():
    many = [markers.session_colour(each) for each in range(1, 9)]
    assert len(set(many)) == 8
    assert markers.session_colour(9) == many[0]
    assert markers.session_colour(9, connected=False) == (*many[0][:3], markers.FAINT)
