"""Manifests: writing, reading, validation."""

import math

import cv2
import numpy as np
import pytest

from training.data import Record, read_manifest, write_manifest
from training.data.manifest import reject_single_image_places


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((6, 8, 3), np.uint8))
    return path


def write(tmp_path, text):
    path = tmp_path / "manifest.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_round_trip(tmp_path, image):
    record = Record(image, "", 1.5, -2.0, 0.25, "walk", 3.0, "here", "validation", "query", "CC0")
    write_manifest([record], tmp_path / "manifest.csv")
    assert read_manifest(tmp_path / "manifest.csv") == [record]
    assert "a.png," in (tmp_path / "manifest.csv").read_text().splitlines()[1]


def test_missing_columns_are_unknown(tmp_path, image):
    (record,) = read_manifest(write(tmp_path, "image,place\na.png,hall\n"))
    assert (record.place, record.split, record.role) == ("hall", "train", "")
    assert math.isnan(record.x + record.time)


@pytest.mark.parametrize(
    "text, message",
    [
        ("image,place\nb.png,hall\n", "b.png.*missing.*line 2"),
        ("image,plaice\na.png,hall\n", "plaice"),
        ("place\nhall\n", "no image in .*line 2"),
        ("image\na.png\n", "none of them in .*line 2"),
        ("image,x,y\na.png,1,east\n", "'east' as y .*line 2"),
        ("image,x,y\na.png,1,inf\n", "'inf' as y"),
        ("image,place,split\na.png,hall,trian\n", "trian"),
        ("image,place,role\na.png,hall,both\n", "both"),
        ("image,place\na.png,\n", "none of them in .*line 2"),
        ("image,place\n", "none in 0"),
        (b"image,place\n\xff\xfe,hall\n", "UTF-8"),
    ],
)
def test_an_invalid_manifest_is_refused(tmp_path, image, text, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(write(tmp_path, text))


def test_a_missing_manifest_or_split_is_named(tmp_path, image):
    with pytest.raises(ValueError, match=r"nowhere\.csv"):
        read_manifest(tmp_path / "nowhere.csv")
    with pytest.raises(ValueError, match="split test"):
        read_manifest(write(tmp_path, "image,place\na.png,hall\n"), "test")


def test_numbers_keep_all_digits(tmp_path, image):
    """UTM northings have seven digits before the decimal point, stamps ten."""
    record = Record(image, x=585001.234, y=4477123.456, time=1700000000.25)
    write_manifest([record], tmp_path / "manifest.csv")
    (found,) = read_manifest(tmp_path / "manifest.csv")
    assert (found.x, found.y, found.time) == (record.x, record.y, record.time)


def test_images_outside_the_folder_have_absolute_paths(tmp_path, image):
    write_manifest([Record(image, place="hall")], tmp_path / "sub" / "manifest.csv")
    (found,) = read_manifest(tmp_path / "sub" / "manifest.csv")
    assert found.image == image


@pytest.mark.parametrize(
    "cells", ["a.png,,1,2,,,", "a.png,,,,,walk,", "a.png,hall,,,,,", "a.png,,1,2,0.5,walk,3"]
)
def test_one_kind_of_label_is_enough(tmp_path, image, cells):
    assert len(read_manifest(write(tmp_path, f"image,place,x,y,heading,sequence,time\n{cells}\n"))) == 1


@pytest.mark.parametrize("cells", ["1,", ",2"])
def test_half_a_position_is_no_label(tmp_path, image, cells):
    with pytest.raises(ValueError, match=r"none of them in .*line 2"):
        read_manifest(write(tmp_path, f"image,x,y\na.png,{cells}\n"))


def test_a_row_with_more_cells_than_columns_is_refused(tmp_path, image):
    with pytest.raises(ValueError, match="line 2"):
        read_manifest(write(tmp_path, "image,place\na.png,hall,more\n"))


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"manifest\.csv"):
        read_manifest(write(tmp_path, ""))


def test_a_place_with_a_single_image_is_refused():
    records = [Record("a.png", place="hall"), Record("b.png", place="hall"), Record("c.png", x=0.0, y=0.0)]
    reject_single_image_places(records, "mine.csv")
    with pytest.raises(ValueError, match=r"'stairs'.*d\.png.*mine\.csv"):
        reject_single_image_places([*records, Record("d.png", place="stairs")], "mine.csv")
    with pytest.raises(ValueError, match=r"a\.png"):  # labels are separate in each region
        reject_single_image_places([records[0], records[1]._replace(region="other")], "mine.csv")
