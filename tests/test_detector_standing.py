"""LoopDetector where the camera creeps, waits or parks: keyframes of the present visit count for nothing."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.types import Count, Kind, Reason

STEP = 16  # pixels by which the camera turns from image to image
TURN = 48  # images, a full turn
AROUND = TURN * STEP  # pixels, the circumference of the panorama


@pytest.fixture(scope="module")
def panorama():
    """``panorama(image number)`` → (240, 320) uint8, the view of a camera that turns."""
    numbers = np.random.default_rng(5)
    soft = np.tile(numbers.random((4, 8)), 2)
    soft = cv2.resize(soft, (2 * AROUND, 240), interpolation=cv2.INTER_CUBIC)
    hard = np.tile(np.kron(numbers.integers(0, 2, (60, AROUND // 4)), np.ones((4, 4))), 2)
    canvas = np.clip(30 + 130 * soft + 60 * hard, 0, 255).astype(np.uint8)

    def panorama(number):
        start = number * STEP % AROUND
        return np.ascontiguousarray(canvas[:, start : start + 320])

    return panorama


@pytest.fixture
def noisy(rng):
    def noisy(image):
        return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)

    return noisy


def recognised(results):
    """Numbers of the images for which a match was accepted."""
    return [number for number, result in enumerate(results) if result.accepted]


@pytest.mark.parametrize("rate", [5, 1, 0.1, 0.02])
def test_the_rate_of_the_keyframes_does_not_matter(make_detector, add_images, panorama, rate):
    """A full turn, and half of another one: each view of the second is a revisit, none of the first."""
    detector = make_detector(top_k=5, min_loop_interval_s=5.0)
    results = add_images(detector, [panorama(number) for number in range(TURN + 30)], step=1 / rate)
    found = recognised(results)
    assert min(found) >= TURN - 5
    assert len(found) >= 0.95 * 30
    pairs = [(result.query.id, each.match_id) for result in results for each in result.accepted]
    assert all(abs(query - match - TURN) <= 4 for query, match in pairs)


def parked(image, noisy, seconds, disturbances=()):
    """Images of a camera that stands, one a second; now and then one shows something else."""
    images = [noisy(image) for _ in range(seconds)]
    for row, disturbance in enumerate(disturbances):
        images[9 + 20 * row] = disturbance
    return images


@pytest.mark.parametrize("most", [100000, 40], ids=["room in the map", "a full map"])
@pytest.mark.parametrize("what", ["nothing", "a flash", "somebody passes by"])
def test_who_comes_home_and_parks_is_found_once(
    make_detector, add_images, panorama, paint, noisy, most, what
):
    detector = make_detector(max_keyframes=most)
    add_images(detector, [panorama(number) for number in range(TURN)])
    disturbances = {
        "nothing": [],
        "a flash": 2 * [np.full((240, 320), 250, np.uint8)],
        "somebody passes by": [paint(layout) for layout in (70, 71)],
    }[what]
    arrival = add_images(detector, parked(panorama(TURN + 10), noisy, 45, disturbances), start=100)
    assert sum(len(result.accepted) for result in arrival) == 1
    assert len(detector.map) <= min(TURN + 20, most)


def test_a_camera_that_stands_from_the_start_is_never_found(
    make_detector, add_images, panorama, paint, noisy
):
    detector = make_detector()
    results = add_images(detector, parked(panorama(0), noisy, 45, [paint(layout) for layout in (70, 71)]))
    assert recognised(results) == []


def test_a_robot_that_is_switched_on_at_a_known_place_is_found_once(
    make_detector, add_images, panorama, noisy
):
    detector = make_detector()
    add_images(detector, [panorama(number) for number in range(TURN)])
    detector.start_session()
    results = add_images(detector, parked(panorama(10), noisy, 25), start=1000)
    assert [each.kind for result in results for each in result.accepted] == [Kind.INTER_SESSION]
    last = results[-1].candidates[0]
    assert (last.reason, last.match_id) == (Reason.TOO_RECENT, 11)
    results = add_images(detector, [panorama(number) for number in range(11, 30)], start=1025)
    assert len(recognised(results)) >= 0.95 * 19, "it moves on, and each view is new"


def test_who_parks_again_is_found_again(make_detector, add_images, panorama, noisy):
    detector = make_detector()
    add_images(detector, [panorama(number) for number in range(TURN)])
    found = []
    for start in (100, 200, 300):
        results = add_images(detector, parked(panorama(10), noisy, 12), start=start)
        found.append(sum(len(result.accepted) > 0 for result in results))
        add_images(detector, [panorama(40 + number) for number in range(5)], start=start + 50)
    assert found == [1, 1, 1]


def test_parking_does_not_fill_the_map(make_detector, add_images, panorama, noisy):
    """150 s in one place, then two tours, with room for one of them: the second finds the first."""
    detector = make_detector(max_keyframes=TURN + 35)
    results = add_images(detector, parked(panorama(0), noisy, 150))
    assert [result.outcome for result in results] == [Count.STORED] + 149 * [Count.STANDING]
    assert len(detector.map) == 1
    results = add_images(detector, [panorama(5 + number) for number in range(TURN + 30)], start=200)
    assert len(recognised(results)) >= 0.95 * 30


def test_a_full_map_keeps_what_was_seen_first(make_detector, add_images, panorama):
    """Three tours with room for one: it gives way where the map shows the same, evenly."""
    detector = make_detector(max_keyframes=TURN)
    results = add_images(detector, [panorama(number) for number in range(3 * TURN)])
    assert {result.outcome for result in results} == {Count.STORED}
    assert len(detector.map) == TURN
    assert len(recognised(results)) >= 0.9 * 2 * TURN


def test_what_was_suppressed_while_standing_is_not_reported_later(make_detector, add_images, panorama, noisy):
    """It comes home, parks while people cover parts of the view, and drives on along the tour."""
    detector = make_detector()
    add_images(detector, [panorama(number) for number in range(TURN)])
    home = parked(panorama(10), noisy, 20)
    for image in home[5::4]:
        image[:, 40:140] = panorama(30)[:, 40:140]
    results = add_images(detector, [*home, *(panorama(number) for number in range(11, 20))], start=100)
    stamps = [each.query_stamp for result in results for each in (*result.accepted, *result.confirmed)]
    assert len([each for each in stamps if each < 120 * 10**9]) == 1
    assert len([each for each in stamps if each >= 120 * 10**9]) >= 8


def test_a_camera_that_toggles_between_two_views_adds_two_keyframes(
    make_detector, add_images, panorama, noisy
):
    detector = make_detector()
    views = [noisy(panorama(20 * (number % 2))) for number in range(30)]
    results = add_images(detector, views)
    assert [result.outcome for result in results] == 2 * [Count.STORED] + 28 * [Count.STANDING]
