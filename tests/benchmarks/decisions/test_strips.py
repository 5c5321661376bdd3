"""The strips, and what a detector makes of them; the long form is python -m benchmarks.decisions.strips."""

from functools import partial

import numpy as np
import pytest

from benchmarks.decisions import strips
from benchmarks.scenes import Place
from place_recognition_ros.config import Config

VARIANTS = [name for name in strips.STRIPS if name != "dashboard" or strips.DATA.is_dir()]


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("share", strips.SHARES)
def test_a_strip_covers_its_share_and_nothing_else(name, share):
    image = Place(0).image()
    covered = strips.with_strip(image, 0, name, share)
    rows = round(share * 240)
    assert np.array_equal(covered[:-rows], image[:-rows])
    assert np.array_equal(covered[-rows:], strips.with_strip(Place(1).image(), 1, name, share)[-rows:])
    assert covered[-rows:].std() > 20


@pytest.mark.parametrize("name", ["hood", "panel"])
def test_a_strip_over_different_places_makes_no_match(name):
    images = [Place(number).image() for number in range(40)]
    stamps = [(row + 1) * strips.SPACING for row in range(40)]
    sequence = strips.Sequence(images, stamps, lambda query, match: False)
    assert strips.run(sequence, partial(strips.with_strip, name=name, share=0.45), Config()).wrong == 0


def test_revisits_under_a_strip_are_found():
    places = list(range(30)) * 2
    images = [Place(number).image(right=0.1 * (row >= 30)) for row, number in enumerate(places)]
    stamps = [(row + 1) * strips.SPACING for row in range(60)]
    revisits = frozenset(range(30, 60))
    sequence = strips.Sequence(images, stamps, lambda a, b: places[a] == places[b], revisits)
    without = strips.run(sequence, lambda image, row: image, Config())
    under = strips.run(sequence, partial(strips.with_strip, name="hood", share=0.15), Config())
    assert under.wrong == 0
    assert len(without.found) > 15
    assert len(under.found) >= 0.8 * len(without.found)
