"""The objects, and what a detector makes of them; the long form is python -m benchmarks.decisions.objects."""

from functools import partial

import numpy as np
import pytest

from benchmarks.decisions import objects, strips
from benchmarks.scenes import Place
from place_recognition_ros.config import Config

VARIANTS = [name for name in objects.DRAWN if name != "photograph" or strips.DATA.is_dir()]


@pytest.mark.parametrize("name", VARIANTS)
def test_an_object_is_on_a_part_of_the_image_that_varies(name):
    image = Place(0).image()
    covered = [(objects.with_object(image, row, name) != image).any(axis=-1) for row in range(20)]
    shares = [float(np.mean(each)) for each in covered]
    assert min(shares) > 0.03 and max(shares) < 0.27
    assert not np.array_equal(covered[0], covered[1])


@pytest.mark.parametrize("name", ["car", "lorry"])
def test_the_vehicle_ahead_of_different_places_makes_no_match(name):
    images = [Place(number).image() for number in range(30)]
    stamps = [(row + 1) * strips.SPACING for row in range(30)]
    sequence = strips.Sequence(images, stamps, lambda query, match: False)
    assert strips.run(sequence, partial(objects.with_object, name=name), Config()).wrong == 0
