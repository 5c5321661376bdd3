"""Images that show nothing: black, white, blurred, a covered lens."""

import sys

import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.types import Count, Keyframe
from tests.faults.forms import fault, forms

if sys.version_info < (3, 9):
    pytest.skip("benchmarks/decisions needs Python 3.9", allow_module_level=True)

from benchmarks.decisions.uninformative import KINDS, uninformative
from benchmarks.scenes import Place

SECOND = 10**9


@fault(18, "Black, white, blurred frames, a covered lens")
@forms(2 * len(KINDS), 1000)
def test_an_image_that_shows_nothing_is_no_candidate_and_no_place(amount, tried):
    """With the networks of the package; between them the camera sees places that it knows."""
    places = [Place(number) for number in range(12)]
    detector = LoopDetector.open(Config(min_loop_interval_s=5.0))
    images = [place.image() for place in places]
    for number, image in enumerate(images, 1):
        assert detector.add(Keyframe(image, number * SECOND)).outcome == Count.STORED
    stamp, stored = 20 * SECOND, len(detector.map)
    for _, image in uninformative(images, amount):
        stamp += SECOND
        result = detector.add(Keyframe(image, stamp))
        assert (result.candidates, result.outcome) == ([], Count.FEW_FEATURES)
        assert detector.query(image, 5).candidates == []
    assert len(detector.map) == stored
    detector.start_session()
    seen = [
        detector.add(Keyframe(place.image(right=0.1), stamp + (n + 1) * SECOND))
        for n, place in enumerate(places)
    ]
    found = {each.match_id for result in seen for each in result.accepted + result.confirmed}
    assert len(found) > len(places) / 2
    detector.close()
    tried(f"{len(KINDS)} kinds, with noise, by the networks", f"{amount} images", "0 candidates, 0 stored")
