"""Messages that belong to an image, before it or after it."""

import threading
import time

import pytest

from place_recognition_ros.stream import stamped_buffer
from place_recognition_ros.stream.stamped_buffer import MAX_MISSES, StampedBuffer

MS = 10**6  # nanoseconds
START = 10**12


def add(buffer, stamp):
    """Add a message that is its own stamp, in milliseconds."""
    buffer.add(START + stamp * MS, stamp)


@pytest.fixture
def patience(monkeypatch):
    """``patience(seconds)`` sets how long an image waits: for ever where a test would hang if it failed."""
    return lambda seconds: monkeypatch.setattr(stamped_buffer, "PATIENCE", seconds)


@pytest.fixture
def make_buffer():
    """``make_buffer(*stamps, published)`` → a StampedBuffer with messages of these stamps."""

    def make_buffer(*stamps, published=True, length=4):
        buffer = StampedBuffer(length, 20 * MS, lambda: published)
        for stamp in stamps:
            add(buffer, stamp)
        return buffer

    return make_buffer


def at(buffer, stamp):
    """The stamp, in milliseconds, of the message for an image; None: there is none."""
    return buffer.at(START + stamp * MS)


@pytest.mark.parametrize(
    "image, expected",
    [(100, 100), (95, 100), (112, 100), (121, 133), (60, 66), (80, 66), (46, 66), (45, None), (154, None)],
)
def test_the_nearest_message_within_the_tolerance_is_used(make_buffer, patience, image, expected):
    patience(0.0)
    assert at(make_buffer(66, 100, 133), image) == expected


def waited_in_vain(buffer):
    """The buffer after so many images without a message that the next ones do not wait."""
    for image in range(MAX_MISSES):
        assert at(buffer, 1000 * image) is None
    return buffer


def test_an_image_does_not_wait_for_a_topic_without_publisher(make_buffer, patience):
    patience(1e6)
    assert at(make_buffer(published=False), 100) is None
    assert at(make_buffer(95, published=False), 100) == 95


def test_an_image_does_not_wait_if_a_later_message_is_there(make_buffer, patience):
    patience(1e6)
    assert at(make_buffer(0, 200), 100) is None


def test_what_was_received_can_be_found_without_waiting(make_buffer, patience):
    patience(1e6)
    buffer = make_buffer(95)
    assert buffer.received_at(START + 100 * MS) == 95
    assert buffer.received_at(START + 116 * MS) is None


def test_an_image_waits_for_its_message(make_buffer, patience):
    patience(60.0)
    buffer = make_buffer(90)  # near enough, but not the one of the image
    thread = threading.Timer(0.05, lambda: add(buffer, 100))
    thread.start()
    assert at(buffer, 100) == 100
    thread.join()


def test_waiting_ends(make_buffer, patience):
    patience(0.01)
    assert at(make_buffer(95), 100) == 95
    assert at(make_buffer(), 100) is None


def test_after_waiting_in_vain_images_do_not_wait(make_buffer, patience):
    patience(0.001)
    buffer = waited_in_vain(make_buffer())
    patience(1e6)
    assert at(buffer, 9000) is None


def test_a_message_that_came_in_time_after_all_makes_images_wait_again(make_buffer, patience):
    patience(0.001)
    buffer = waited_in_vain(make_buffer())
    patience(60.0)
    assert at(buffer, 9000) is None, "it does not wait"
    add(buffer, 9000)  # while it could have waited
    thread = threading.Timer(0.05, lambda: add(buffer, 9100))
    thread.start()
    assert at(buffer, 9100) == 9100
    thread.join()


def test_a_message_that_came_too_late_does_not_make_images_wait(make_buffer, patience):
    patience(0.001)
    buffer = waited_in_vain(make_buffer())
    time.sleep(0.002)
    add(buffer, 1000 * (MAX_MISSES - 1))
    patience(1e6)
    assert at(buffer, 9000) is None


def test_the_oldest_messages_are_forgotten(make_buffer, patience):
    patience(0.0)
    buffer = make_buffer(0, 100, 200, 300, 400)
    assert at(buffer, 0) is None
    assert at(buffer, 100) == 100
    assert buffer.received == 5


def test_messages_before_a_jump_of_the_clock_are_forgotten(make_buffer, patience):
    patience(0.0)
    buffer = make_buffer(50000, 100)
    assert at(buffer, 50000) is None
    assert at(buffer, 100) == 100


def test_the_newest_message_is_the_one_received_last(make_buffer):
    assert make_buffer().newest is None
    assert make_buffer(100, 90).newest == 90
