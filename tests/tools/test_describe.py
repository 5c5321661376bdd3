"""Descriptors of image files on the command line."""

import cv2
import numpy as np
import pytest

from place_recognition_ros.tools.describe import main


@pytest.fixture
def files(tmp_path, paint):
    """Two views of a place, and another place."""
    paths = []
    for name, image in (("a.png", paint(1)), ("b.png", paint(1, shift=12)), ("other.png", paint(2))):
        paths.append(str(tmp_path / name))
        assert cv2.imwrite(paths[-1], image)
    return paths


def test_the_similarities_are_printed_by_rows_and_columns(files, capsysbinary):
    assert main(files) == 0
    header, *rows = capsysbinary.readouterr().out.decode().splitlines()
    assert header.split() == ["1", "2", "3"]
    assert [row.split()[:2] for row in rows] == [[str(row + 1), path] for row, path in enumerate(files)]
    values = np.array([[float(word) for word in row.split()[2:]] for row in rows])
    assert np.diag(values) == pytest.approx(1.0, abs=1e-3)
    assert values[0, 1] == values[1, 0] > values[0, 2]


def test_the_descriptors_are_written_to_a_numpy_file(files, tmp_path):
    path = tmp_path / "descriptors.npy"
    assert main([*files[:2], "--output", str(path)]) == 0
    descriptors = np.load(str(path))
    assert (descriptors.shape, descriptors.dtype) == ((2, 512), np.float32)
    assert np.linalg.norm(descriptors, axis=1) == pytest.approx([1, 1], abs=1e-5)


@pytest.mark.parametrize("name, words", [("missing.png", "expected an image file"), ("m.onnx", "")])
def test_what_cannot_be_read_is_reported(files, tmp_path, capsysbinary, name, words):
    arguments = [files[0], "--model", name] if name.endswith(".onnx") else [str(tmp_path / name)]
    assert main(arguments) == 1
    error = capsysbinary.readouterr().err.decode()
    assert name in error
    assert words in error
