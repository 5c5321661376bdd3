"""The teacher: its interface, and the order of the scores of a cell."""

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor import keypoints
from tests.training.features.fake_teacher import BIAS, EDGES, WEIGHTS, write_teacher
from training.features.teacher import Teacher, to_cells


def test_the_run_time_package_reads_the_scores_of_cells_back(rng):
    scores = rng.normal(size=(24, 32)).astype(np.float32)
    cells = to_cells(scores)
    assert cells.shape == (6, 8, 16)
    maps = np.concatenate([np.zeros((6, 8, 32), np.float32), cells], axis=-1)
    np.testing.assert_array_equal(keypoints.scores_of(maps, 32), scores)


def test_its_results_are_those_of_the_network(teacher, smooth):
    image = smooth[:64, :96]
    descriptors, scores = teacher(image)
    assert (descriptors.shape, scores.shape) == ((16, 24, 32), (64, 96))
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=-1), 1.0, atol=1e-5)
    expected = WEIGHTS[:, 0, 0, 0] * image[8:12, 20:24].mean() + BIAS
    np.testing.assert_allclose(descriptors[2, 5], expected / np.linalg.norm(expected), atol=1e-5)
    around = image[30:33, 40:43].astype(np.float32)
    assert scores[31, 41] == pytest.approx(float((around * EDGES[0, 0]).sum()), abs=1e-3)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OSError, match=r"missing\.onnx"):
        Teacher(tmp_path / "missing.onnx")


def test_a_file_that_is_no_network_is_refused(tmp_path):
    path = tmp_path / "text.onnx"
    path.write_text("no network")
    with pytest.raises(
        ValueError, match=r"expected the teacher as an ONNX file in '.*text\.onnx'\. Received: "
    ):
        Teacher(path)


def test_a_network_with_other_outputs_is_refused(tmp_path):
    write_teacher(tmp_path / "other.onnx", features="descriptors")
    with pytest.raises(ValueError, match=r"outputs features and score .*Received: \['image', 'descriptors'"):
        Teacher(tmp_path / "other.onnx")


def test_the_real_teacher(data, smooth):
    path = data / "edgepoint2" / "t32.onnx"
    if not path.is_file():
        pytest.skip(f"needs the teacher {path}")
    image = smooth[:64, :96].copy()
    image[20:40, 40:60] = 255  # four corners
    descriptors, scores = Teacher(path)(image)
    assert (descriptors.shape, scores.shape) == ((16, 24, 32), (64, 96))
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=-1), 1.0, atol=1e-5)
    y, x = np.unravel_index(np.argmax(scores), scores.shape)
    assert min(abs(y - row) for row in (20, 39)) <= 3
    assert min(abs(x - column) for column in (40, 59)) <= 3
