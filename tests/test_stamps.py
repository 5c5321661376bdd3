"""Stamps of images: of one clock, wrong ones, jumps, and two clocks on one topic."""

import pytest

from place_recognition_ros.stream.stamps import RUN, ImageClock

START = 10**18  # nanoseconds; a typical time of day
HOUR = 3600.0


class Stream:
    """Gives images to an ImageClock; times are seconds since the start."""

    def __init__(self):
        self.clock = ImageClock()
        self.used = []  # stamps of the images that may be processed, in this order
        self.rejected = 0

    def give(self, stamp, now):
        """Give an image with a stamp that arrives at ``now``; returns how many may be processed then."""
        admission = self.clock.admit(START + int(stamp * 1e9), stamp, now)
        self.used += admission.ready
        self.rejected += admission.rejected
        return len(admission.ready)

    def play(self, stamps, rate=10.0, start=0.0):
        """Give images that arrive at ``rate`` (hertz), from ``start``."""
        return [self.give(stamp, start + number / rate) for number, stamp in enumerate(stamps)]


@pytest.fixture
def stream():
    return Stream()


def regular(count, rate=10.0, start=0.0):
    return [start + number / rate for number in range(count)]


@pytest.mark.parametrize("rate", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("speed", [0.1, 1.0, 2.0])
def test_no_image_of_a_regular_camera_is_held(stream, rate, speed):
    assert set(stream.play(regular(50, rate), rate * speed)) == {1}


def test_a_pause_of_the_camera_holds_nothing(stream):
    stream.play(regular(10))
    assert stream.play(regular(10, start=600.0), start=600.0) == [1] * 10


def test_jitter_and_late_images_are_left_to_the_picker(stream):
    stamps = [0.0, 0.1, 0.05, 0.3, 0.3, 0.2]
    assert stream.play(stamps) == [1] * 6
    assert stream.used == stamps


def test_a_bag_that_is_played_fast_loses_no_image(stream):
    """Sparse keyframes at 20 times their speed: the first ones are held until the speed is known."""
    stamps = regular(50, 0.2)
    counts = stream.play(stamps, 4.0)
    assert (stream.used, stream.rejected) == (stamps, 0)
    assert counts == [1] + [0] * (RUN - 1) + [RUN] + [1] * (49 - RUN)


def test_a_client_that_waits_for_each_result_waits_only_for_the_second_one(stream):
    """Images 20 s apart, each given after the result of the one before it."""
    now, held = 0.0, []
    for number in range(20):
        if not stream.give(20.0 * number, now):
            now += 1.5
            held.append(number)
            assert stream.clock.release(now) == [20.0 * number]
        now += 0.1
    assert held == [1]


@pytest.mark.parametrize("offset", [HOUR, 10 * 24 * HOUR, 5.0, -5.0, -HOUR])
@pytest.mark.parametrize("wrong", [(7, 20, 33), (7, 8, 9), (39,), (1,)])
def test_images_with_wrong_stamps_are_dropped_and_the_others_are_used_at_once(stream, offset, wrong):
    stamps = regular(50)
    for number, stamp in enumerate(stamps):
        assert stream.give(stamp + offset if number in wrong else stamp, stamp) == (number not in wrong)
    assert stream.used == [stamp for number, stamp in enumerate(stamps) if number not in wrong]
    assert stream.rejected == len(wrong)
    assert not stream.clock.holds


@pytest.mark.parametrize("offset", [HOUR, -HOUR])
def test_a_jump_that_the_next_images_confirm_loses_no_image(stream, offset):
    """A clock that is set, or a bag that loops."""
    stamps = regular(10) + regular(10, start=offset)
    counts = stream.play(stamps)
    assert (stream.used, stream.rejected) == (stamps, 0)
    assert counts == [1] * 10 + [0] * (RUN - 1) + [RUN] + [1] * (10 - RUN)


def test_a_bag_that_loops_many_times_loses_no_image(stream):
    stamps = regular(30) * 5
    stream.play(stamps)
    assert (stream.used, stream.rejected) == (stamps, 0)


@pytest.mark.parametrize("offset", [5.0, -5.0, HOUR, -HOUR])
def test_of_two_clocks_that_alternate_the_first_one_is_used(stream, offset):
    stamps = [(number // 2) / 10 + (offset if number % 2 else 0.0) for number in range(400)]
    stream.play(stamps, rate=20.0)
    assert stream.used == regular(200)
    assert stream.rejected + stream.clock.holds == 200


def test_of_two_clocks_in_random_order_the_first_one_is_used(stream, rng):
    """A busy worker gets some of the images only."""
    first = [number / 10 for number in range(2000) if number == 0 or rng.random() < 0.5]
    for stamp in regular(2000):
        stream.give(stamp if stamp in first else stamp + 5.0, stamp)
    assert stream.used == first
    assert stream.rejected + len(first) >= 2000 - RUN


def test_the_second_of_two_publishers_is_used_when_the_first_one_ends(stream):
    for number in range(100):
        stream.give(number / 10, number / 10)
        stream.give(number / 10 + HOUR, number / 10 + 0.05)
    after = regular(50, start=10.0 + HOUR)
    stream.play(after, start=10.0)
    assert stream.used[-30:] == after[-30:]


def test_stamps_of_no_clock_are_dropped(stream, rng):
    stream.play([0.0, *(rng.random(50) * 1e6)])
    assert len(stream.used) < 25


@pytest.mark.parametrize("offset", [HOUR, -HOUR])
def test_a_held_image_is_used_if_no_other_comes(stream, offset):
    stream.play(regular(10))
    assert stream.clock.release(100.0) == []
    assert stream.give(offset, 1.0) == 0
    assert stream.clock.holds
    assert stream.clock.release(1.4) == []
    assert stream.clock.release(1.6) == [offset]
    assert not stream.clock.holds
    assert stream.give(offset + 0.1, 2.2) == 1


def test_a_slow_camera_has_time_to_show_that_a_stamp_is_wrong(stream):
    stream.play(regular(10, 0.2), 0.2)
    stream.give(HOUR, 50.0)
    assert stream.clock.release(54.9) == []
    assert stream.give(55.0, 55.0) == 1
    assert stream.rejected == 1


@pytest.mark.parametrize("count", [20, 60, 500])
def test_after_stamps_of_no_clock_the_next_image_is_used_within_1_s(rng, count):
    """Few of them fit those before; how often images come is known from all."""
    for _ in range(20):
        stream = Stream()
        stream.play(rng.permutation(count) / 10 + 1000.0, rate=20.0)
        now = count / 20.0
        if not stream.give(2e4, now):
            assert 2e4 in stream.clock.release(now + 0.6), "the tick and the processing take the rest"


def test_images_in_disorder_do_not_speak_for_the_clock_before(stream):
    stream.play(regular(10))
    stream.play(2000.0 - 50.0 * number for number in range(10))
    after = regular(RUN, start=HOUR)
    stream.play(after, start=2.0)
    assert stream.used[-RUN:] == after


@pytest.mark.parametrize("offset", [HOUR, -HOUR])
def test_after_a_jump_wrong_stamps_are_found_as_before(stream, offset):
    stream.play(regular(10))
    stream.play(regular(10, start=offset), start=1.0)
    stream.give(offset + 7.0, 2.0)
    assert stream.play(regular(5, start=offset + 1.1), start=2.1) == [1] * 5
    assert stream.rejected == 1


def test_images_without_a_stamp_say_nothing_about_the_clock(stream):
    for number in range(20):
        assert stream.give(number / 10, number / 10) == 1
        assert stream.clock.admit(0, None, number / 10 + 0.05).ready == [None]
    assert stream.rejected == 0


def test_few_images_are_held(stream):
    for number in range(30):
        stream.give(number / 10, number / 10)
        stream.give(number / 10 + HOUR, number / 10)
    for number in range(30, 45):
        stream.give(number / 10 + HOUR, number / 10)
        assert len(stream.clock._held) <= RUN


@pytest.mark.parametrize("speed", [1.0, 5.0])
def test_the_time_of_the_images_goes_on_between_them(stream, speed):
    assert stream.clock.time(3.0) == 0, "no image has come"
    stream.play(regular(20), rate=10.0 * speed)
    last = 19 / (10.0 * speed)
    assert stream.clock.time(last) == START + 1_900_000_000
    assert stream.clock.time(last + 1.0) == pytest.approx(START + int(1.9e9 + 1e9 * speed), abs=10**6)


def test_images_that_arrive_in_pairs_do_not_make_time_faster(stream):
    for number in range(40):
        stream.give(number / 30, (number // 2) / 15 + 0.001 * (number % 2))
    assert stream.clock.time(2.6 + 1.0) - stream.clock.time(2.6) == pytest.approx(10**9, rel=0.2)
