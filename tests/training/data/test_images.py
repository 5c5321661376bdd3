"""Finding and reading image files."""

import cv2
import numpy as np
import pytest

from training.data import read_image
from training.data.images import list_images


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_an_image_that_cannot_be_decoded_is_named(tmp_path, content):
    path = tmp_path / "broken.webp"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="broken"):
        read_image(path)


def test_gray_and_colour_images_are_read_as_bgr(tmp_path):
    cv2.imwrite(str(tmp_path / "gray.png"), np.full((6, 8), 7, np.uint8))
    cv2.imwrite(str(tmp_path / "blue.png"), np.full((6, 8, 3), (200, 0, 0), np.uint8))
    assert (read_image(tmp_path / "gray.png") == np.full((6, 8, 3), 7)).all()
    assert read_image(tmp_path / "blue.png")[0, 0].tolist() == [200, 0, 0]


def test_images_are_listed_in_natural_order(tmp_path):
    for name in ("10.png", "2.PNG", "1.jpg", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["1.jpg", "2.PNG", "10.png"]


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere"):
        list_images(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=tmp_path.name):
        list_images(tmp_path)
