"""Folders of images and videos as inputs."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ImageError, InputError
from place_recognition_ros.tools.replay.files import natural, open_folder, open_video, to_stamp

IMAGE = np.full((20, 30, 3), 90, np.uint8)
SECOND = 10**9


def write(folder, *names):
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), IMAGE + np.uint8(number))
    return str(folder)


def test_natural_order_compares_numbers_as_numbers():
    names = ["img2", "img10", "IMG1", "a", "7"]
    assert sorted(names, key=natural) == ["7", "a", "IMG1", "img2", "img10"]


def test_images_of_a_folder_come_in_natural_order_at_the_given_rate(tmp_path):
    (tmp_path / "notes.txt").write_text("not an image")
    source = open_folder(write(tmp_path, "10.png", "2.png", "1.png"), 4.0, Config())
    items = [(each.name, each.stamp, each.read().image[0, 0, 0]) for each in source.items()]
    assert [each[0] for each in items] == ["1.png", "2.png", "10.png"]
    assert [each[2] for each in items] == [92, 91, 90]
    assert np.diff([each[1] for each in items]).tolist() == [SECOND / 4] * 2
    assert not source.has_clock


def test_stamps_in_the_names_are_used(tmp_path):
    source = open_folder(write(tmp_path, "1305031910.765238.png", "1305031911.5.png"), 0.0, Config())
    assert [each.stamp for each in source.items()] == [1305031910765238000, 1305031911500000000]
    assert source.has_clock


@pytest.mark.parametrize(
    "text, stamp",
    [
        ("1305031910.765238", 1305031910765238000),
        ("1403636579763555584", 1403636579763555584),
        ("1403636579763", 1403636579763000000),
        ("1403636579763555", 1403636579763555000),
        ("000123", 0),
        ("frame", 0),
        ("1.2.3", 0),
    ],
)
def test_names_are_stamps_where_they_can_be(text, stamp):
    assert to_stamp(text) == stamp


def test_sixteen_bit_images_are_scaled_and_damaged_ones_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((20, 30), 4095, np.uint16))
    (tmp_path / "2.png").write_bytes(b"no image")
    first, second = open_folder(str(tmp_path), 1.0, Config(sixteen_bit_max=4095)).items()
    assert first.read().image.dtype == np.uint8
    assert first.read().image.min() == 255
    with pytest.raises(ImageError, match=r"Received: '.*2\.png'"):
        second.read()


def test_a_folder_with_a_folder_of_images_is_that(tmp_path):
    (tmp_path / "images").mkdir()
    write(tmp_path / "images", "1.png")
    assert [each.name for each in open_folder(str(tmp_path), 1.0, Config()).items()] == ["1.png"]


def test_an_empty_folder_is_refused_with_the_suffixes(tmp_path):
    with pytest.raises(InputError, match=r"expected images in .*Received: no .*\.png"):
        open_folder(str(tmp_path), 1.0, Config())


def test_a_video_has_the_stamps_of_its_frame_rate(tmp_path):
    path = str(tmp_path / "x.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 8.0, (32, 24))
    for number in range(4):
        writer.write(np.full((24, 32, 3), 60 * number, np.uint8))
    writer.release()
    source = open_video(path)
    items = [(each.stamp, each.read().image.mean()) for each in source.items()]
    assert np.diff([each[0] for each in items]).tolist() == [SECOND / 8] * 3
    assert np.allclose([each[1] for each in items], [0, 60, 120, 180], atol=4)
    assert source.length == 4


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "x.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match="expected a video"):
        open_video(str(tmp_path / "x.mp4"))
