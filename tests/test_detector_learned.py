"""What LoopDetector learned of a map is known after a restart."""

from place_recognition_ros.loops.aliasing import ALIASING
from place_recognition_ros.loops.decisions import SAVED


def test_three_sessions_of_one_place_do_not_compete_after_a_restart(
    make_detector, add_images, places, paint, path
):
    """The map remembers which keyframes were accepted as showing one place."""
    for start in (1, 101, 201):
        detector = make_detector(path)
        add_images(detector, places, start)
        detector.close()
    detector = make_detector(path)
    results = add_images(detector, [paint(layout, shift=12) for layout in (3, 4, 5)], start=301)
    assert all(result.accepted for result in results)


def test_how_much_the_places_look_alike_is_stored(make_detector, add_images, paint, path):
    images = [paint(1 + number % 12) for number in range(2 * SAVED)]
    detector = make_detector(path)
    add_images(detector, images)
    text = detector.map.store.learned.note(ALIASING)
    detector.close()
    assert text
    again = make_detector(path)
    assert again._decisions._aliasing.to_text() == text
