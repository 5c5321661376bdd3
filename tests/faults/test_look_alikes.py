"""Places that look alike, and candidates that contradict odometry."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Keyframe, Reason
from tests.faults.forms import fault, forms

SECOND = 10**9
FLOORS, POSITIONS = 4, 12
QUERIES = (FLOORS + 1) * POSITIONS  # in one building
OWN = 0.5  # share of a place that its look-alikes do not have
PATCH = 24  # pixels
DRIFT = 0.05  # of odometry


def textures(kind, building, position, floor):
    """The texture that all floors have at a position, and the floor's own; (240, 360) of 0 and 1."""
    shared = np.random.default_rng((building, position))
    own = np.random.default_rng((building, position, floor + 1))
    common = shared.integers(0, 2, (60, 90))
    if kind == "tiles":  # the same everywhere in the building, and repeated within an image
        common = np.tile(np.random.default_rng(building).integers(0, 2, (10, 10)), (6, 9))
    return [np.kron(each, np.ones((4, 4))) for each in (common, own.integers(0, 2, (60, 90)))]


def view(kind, building, position, floor, shift=0, share=OWN):
    """Image of a place, (240, 320) uint8; in ``share`` of it the place differs from its look-alikes."""
    light = np.random.default_rng((building, position, 0)).random((6, 9))
    soft = cv2.resize(light, (360, 240), interpolation=cv2.INTER_CUBIC)
    patches = np.random.default_rng((building, position, floor + 1, 0)).random((10, 15)) < share
    common, own = textures(kind, building, position, floor)
    hard = np.where(np.kron(patches, np.ones((PATCH, PATCH))) > 0, own, common)
    canvas = np.clip(30 + 130 * soft + 60 * hard, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(canvas[:, shift : shift + 320])


def walk(building):
    """(position, floor, shift) of each keyframe: all floors in the same order, then one of them again."""
    for floor in range(FLOORS):
        yield from ((position, floor, 0) for position in range(POSITIONS))
    yield from ((position, building % FLOORS, 8) for position in range(POSITIONS))


@fault(20, "Places that look alike (floors, corridors, façades)")
@forms(QUERIES, 10000)
@pytest.mark.parametrize("kind", ["floors", "tiles"])
def test_look_alikes_are_not_accepted_and_true_revisits_are(amount, kind, make_detector, tried):
    """Half of each image is the same on all floors, at the same pixels and in the same order."""
    queries = false = right = 0
    for building in range(-(-amount // (2 * QUERIES)) if amount > QUERIES else 1):
        detector, places = make_detector(weights=OrbFinder.decision), {}
        for number, (position, floor, shift) in enumerate(walk(building), 1):
            image = view(kind, building, position, floor, shift)
            result = detector.add(Keyframe(image, number * SECOND))
            places[number] = (position, floor)
            for each in result.accepted + result.confirmed:
                same = places[each.match_id] == places[each.query_stamp // SECOND]
                right, false = right + same, false + (not same)
            queries += 1
        detector.close()
    assert false == 0
    assert right > 0.8 * POSITIONS * queries / QUERIES
    what = {"floors": "equal floors", "tiles": "walls of one tile"}[kind]
    result = f"{false} false, {right} of {POSITIONS * queries // QUERIES} revisits found"
    tried(f"{what}, half of each image differs", f"{queries} queries", result)


@fault(21, "Candidate contradicts odometry")
@forms(15, 1000)
def test_a_place_that_odometry_rules_out_is_not_accepted(amount, make_detector, paint, rng, tried):
    """Every second image is that of a place that was seen; by odometry the robot has never returned."""
    detector, reasons, places = make_detector(odometry_drift=DRIFT), set(), 12
    accepted = []
    for number in range(1, places + 2 * amount + 1):
        if number <= places:
            image = paint(number)
        elif number % 2:
            image = paint(100 + number)
        else:
            image = paint(int(rng.integers(1, places + 1)), shift=12)
        here = Pose(np.array([30.0 * number, rng.uniform(-5, 5), 0.0]), np.array([0.0, 0, 0, 1]))
        result = detector.add(Keyframe(image, number * SECOND, here, world_frame="odom"))
        accepted += result.accepted + result.confirmed
        reasons.update(each.reason for each in result.candidates)
    assert accepted == []
    assert Reason.ODOMETRY_CONFLICT in reasons
    tried("views of known places, while odometry moves away from them", f"{amount} queries", "0 accepted")
