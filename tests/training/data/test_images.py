"""Finding and reading picture files."""

import cv2
import numpy as np
import pytest

from training.data import read_picture
from training.data.pictures import list_pictures


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_picture_that_does_not_decode_is_named(tmp_path, content):
    path = tmp_path / "broken.webp"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="broken"):
        read_picture(path)


def test_gray_and_coloured_pictures_come_as_bgr(tmp_path):
    cv2.imwrite(str(tmp_path / "gray.png"), np.full((6, 8), 7, np.uint8))
    cv2.imwrite(str(tmp_path / "blue.png"), np.full((6, 8, 3), (200, 0, 0), np.uint8))
    assert (read_picture(tmp_path / "gray.png") == np.full((6, 8, 3), 7)).all()
    assert read_picture(tmp_path / "blue.png")[0, 0].tolist() == [200, 0, 0]


def test_pictures_are_listed_in_the_order_of_their_numbers(tmp_path):
    for name in ("10.png", "2.PNG", "1.jpg", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert [path.name for path in list_pictures(tmp_path)] == ["1.jpg", "2.PNG", "10.png"]


def test_a_folder_without_pictures_is_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere"):
        list_pictures(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=tmp_path.name):
        list_pictures(tmp_path)
