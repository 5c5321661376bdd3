"""Manifests, pictures, the judge of pairs, and the sets that train the default model."""

import math

import cv2
import numpy as np
import pytest

from training.data import PlaceRules, Places, Record, read_manifest, read_picture, write_manifest
from training.data.readers.own_sets import read_own_sets


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((6, 8, 3), np.uint8))
    return path


def write(tmp_path, text):
    path = tmp_path / "manifest.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_round_trip(tmp_path, picture):
    record = Record(picture, "", 1.5, -2.0, 0.25, "walk", 3.0, "here", "validation", "query", "CC0")
    write_manifest([record], tmp_path / "manifest.csv")
    assert read_manifest(tmp_path / "manifest.csv") == [record]
    assert "a.png," in (tmp_path / "manifest.csv").read_text().splitlines()[1]


def test_what_is_left_out_is_unknown(tmp_path, picture):
    (record,) = read_manifest(write(tmp_path, "image,place\na.png,hall\n"))
    assert (record.place, record.split, record.role) == ("hall", "train", "")
    assert math.isnan(record.x + record.time)


@pytest.mark.parametrize(
    "text, message",
    [
        ("image,place\nb.png,hall\n", "b.png.*missing.*line 2"),
        ("image,plaice\na.png,hall\n", "plaice"),
        ("picture\na.png\n", "picture"),
        ("image,x,y\na.png,1,east\n", "'east' as y .*line 2"),
        ("image,x,y\na.png,1,inf\n", "'inf' as y"),
        ("image,place,split\na.png,hall,trian\n", "trian"),
        ("image,place,role\na.png,hall,asked\n", "asked"),
        ("image,place\na.png,\n", "none of them in .*line 2"),
        ("image,place\n", "none in 0"),
        (b"image,place\n\xff\xfe,hall\n", "UTF-8"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path, picture, text, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(write(tmp_path, text))


def test_a_missing_manifest_or_split_is_named(tmp_path, picture):
    with pytest.raises(ValueError, match=r"nowhere\.csv"):
        read_manifest(tmp_path / "nowhere.csv")
    with pytest.raises(ValueError, match="split test"):
        read_manifest(write(tmp_path, "image,place\na.png,hall\n"), "test")


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_picture_that_does_not_decode_is_named(tmp_path, content):
    path = tmp_path / "broken.webp"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="broken"):
        read_picture(path)


def judged(*records, **rules):
    """ "s": same, "d": different, ".": the guard; of the first record with each."""
    places = Places([Record("a.png", **fields) for fields in records], PlaceRules(**rules))
    same, different = places.judge([0])
    assert not (same & different).any()
    return "".join("s" if s else "d" if d else "." for s, d in zip(same[0], different[0]))


def test_labels():
    assert judged({"place": "a"}, {"place": "a"}, {"place": "b"}, {"sequence": "w"}) == "ssd."


def test_positions_and_headings_with_a_guard_between():
    at = [{"x": x, "y": 0.0, "heading": h} for x, h in ((0, 0), (4, 0), (4, 3), (15, 0), (26, 0))]
    assert judged(*at, positive_metres=5.0, guard_metres=25.0) == "ss..d"


def test_headings_wrap():
    assert judged({"x": 0, "y": 0, "heading": 3.1}, {"x": 0, "y": 0, "heading": -3.1}) == "ss"


def test_time_in_a_sequence():
    walk = [{"sequence": "w", "time": t} for t in (0.0, 1.0, 5.0, 60.0)]
    assert judged(*walk) == "ss.."
    assert judged(*walk, guard_seconds=30.0) == "ss.d"


def test_another_sequence_may_show_the_same_place_another_region_never_does():
    here = {"sequence": "w", "time": 0.0, "region": "floor1"}
    assert judged(here, {**here, "sequence": "v"}, {**here, "region": "floor2"}) == "s.d"


def test_labels_and_positions_count_in_their_region_only():
    first = {"place": "a", "x": 0.0, "y": 0.0, "region": "one"}
    assert judged(first, {**first, "region": "two"}) == "sd"


def test_own_sets_split_whole_floors_and_sequences(data):
    records = read_own_sets(data)
    assert {record.region.split("/")[0] for record in records} == {"ie_tower", "outdoor"}
    splits = {}
    for record in records:
        splits.setdefault(record.region, set()).add(record.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {record.split for record in records} == {"train", "validation", "test"}
    assert all(record.licence for record in records)
