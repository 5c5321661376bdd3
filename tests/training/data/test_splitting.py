"""Splitting into training and validation."""

import pytest

from training.data import Record
from training.data.splitting import split_validation


def splits(records, every):
    return "".join(record.split[0] for record in split_validation(records, every))


def test_every_third_place():
    places = [Record("a.png", place=place) for place in "aabbccddeeff"]
    assert splits(places, 3) == "ttttvvttttvv"


def test_every_second_sequence():
    walks = [Record("a.png", sequence=walk, time=float(i)) for walk in "uvw" for i in range(2)]
    assert splits(walks, 2) == "ttvvtt"


def test_images_without_a_label_stay_in_training():
    records = [Record("a.png", place=place, sequence="w") for place in ("a", "", "b", "", "b")]
    assert splits(records, 2) == "ttvtv"


def test_a_single_sequence_is_split_in_time():
    walk = [Record("a.png", sequence="w", time=float(i)) for i in range(8)]
    assert splits(walk, 4) == "ttttttvv"


@pytest.mark.parametrize(
    "records, every, message",
    [
        ([Record("a.png", place=p) for p in "ab"], 3, "Received: 2"),
        ([Record("a.png", place=p) for p in "ab"], 1, "at least 2. Received: 1"),
        ([Record("a.png", x=0.0, y=0.0)], 2, "times"),
    ],
)
def test_nothing_to_split_is_refused(records, every, message):
    with pytest.raises(ValueError, match=message):
        split_validation(records, every)
