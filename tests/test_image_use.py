import sys
import threading

import pytest

from place_recognition_ros.stream.image_use import ImageUse
from place_recognition_ros.types import Count

DARK, BROKEN, USED = Count.FEW_FEATURES, Count.BAD_IMAGE, Count.STORED
TROUBLES = {
    DARK: "too few local features (covered lens?); check the camera",
    BROKEN: "decoder errors; see the log",
}


@pytest.fixture
def use():
    return ImageUse(TROUBLES)


def feed(use, start, seconds, reason=None, rate=1.0):
    """Note images at ``rate`` Hz, all used or all unused for ``reason``; returns the time of the last one."""
    now = start
    for number in range(int(seconds * rate)):
        now = start + number / rate
        if reason is None:
            use.note(USED, now)
        else:
            use.note(reason, now)
    return now


def test_no_complaint_without_images(use):
    assert use.complaint(1000.0) == ""
    assert use.new_complaint(1000.0) == ""


def test_the_complaint_contains_the_numbers_and_the_main_reason(use):
    for second in range(90):
        reason = BROKEN if second % 30 == 1 else DARK
        if second % 15 == 0:
            use.note(USED, 0.5 * second)
        else:
            use.note(reason, 0.5 * second)
    assert use.complaint(45.0) == (
        "84 of the last 90 images were not used, most of them because of "
        "too few local features (covered lens?); check the camera"
    )


def test_a_covered_lens_is_reported_within_10_s_of_good_images(use):
    last = feed(use, 0.0, 60, rate=2)
    assert use.complaint(last) == ""
    last = feed(use, 60.0, 10, DARK, rate=2)
    assert "too few local features" in use.complaint(last)


def test_a_dark_start_is_reported_within_10_s(use):
    last = feed(use, 0.0, 10, DARK, rate=0.5)
    assert use.complaint(last)


def test_six_seconds_without_features_cause_no_complaint(use):
    feed(use, 0.0, 60, rate=2)
    last = feed(use, 60.0, 6, DARK, rate=2)
    assert use.complaint(last) == ""


def test_one_third_of_unusable_images_causes_no_complaint(use):
    for second in range(60):
        if second % 3:
            use.note(USED, second)
        else:
            use.note(DARK, second)
    assert use.complaint(59.0) == ""


def test_two_images_cause_no_complaint(use):
    feed(use, 0.0, 2, DARK)
    assert use.complaint(1.0) == ""


def test_images_that_are_not_needed_are_ignored(use):
    feed(use, 0.0, 60, Count.NOT_MOVED, rate=30)
    assert use.complaint(60.0) == ""
    feed(use, 0.0, 60, DARK)
    assert use.complaint(60.0)


def test_the_complaint_ends_when_images_are_used_again(use):
    feed(use, 0.0, 60, DARK)
    last = feed(use, 60.0, 31)
    assert use.complaint(last) == ""


def test_the_complaint_ends_without_images(use):
    last = feed(use, 0.0, 60, DARK)
    assert use.complaint(last + 61.0) == ""


def test_a_new_complaint_is_returned_once_per_episode(use):
    lines = []
    for second in range(450):
        if 100 <= second < 200 or 220 <= second < 230:
            use.note(DARK, second)
        elif second < 350:
            use.note(USED, second)
        else:
            use.note(BROKEN, second)
        lines.append(use.new_complaint(second))
    reported = [line for line in lines if line]
    assert len(reported) == 2
    assert "too few local features" in reported[0]
    assert "decoder" in reported[1]


def test_trouble_that_comes_and_goes_is_one_episode(use):
    lines = []
    for second in range(600):
        use.note(DARK if second % 21 < 9 else USED, second)
        lines.append(use.new_complaint(second))
    assert len([line for line in lines if line]) == 1


def test_memory_is_bounded_without_calls_of_complaint(use):
    feed(use, 0.0, 600, DARK, rate=10)
    assert len(use._recent) <= 600


def test_concurrent_access_raises_no_error(use):
    feed(use, 0.0, 50, DARK, rate=200)  # enough for a thread switch during an iteration
    errors = []

    def read():
        try:
            for _ in range(5):
                use.complaint(50.0)
        except RuntimeError as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        reader = threading.Thread(target=read)
        reader.start()
        while reader.is_alive():
            use.note(DARK, 50.0)
        reader.join()
    finally:
        sys.setswitchinterval(interval)
    assert not errors
