"""The monitor: learning curve, terminal, TensorBoard."""

import cv2
import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.small_set import read_curve
from training.learning.monitor import Monitor

IMAGES = [np.full((48, 64, 3), 40 * value, np.uint8) for value in range(4)]


def test_a_resumed_curve_continues_at_the_checkpoint(tmp_path):
    monitor = Monitor(tmp_path, 10, IMAGES)
    monitor.start(0)
    for step in (2, 4, 6):
        monitor.learned(step, {"loss": step / 3})
    with open(tmp_path / "curve.csv", "a", encoding="utf-8") as file:
        file.write("4,lo")  # killed while writing
    again = Monitor(tmp_path, 10, IMAGES)
    again.start(4)
    again.learned(6, {"loss": 0.5})
    assert read_curve(tmp_path) == {(2, "loss"): 2 / 3, (4, "loss"): 4 / 3, (6, "loss"): 0.5}


def test_a_validation_is_logged_everywhere(tmp_path, capsys):
    monitor = Monitor(tmp_path, 10, IMAGES)
    monitor.start(0)
    monitor.validated(5, {"changed recall@1": 0.5, "changed recall@5": 1.0}, np.eye(4))
    assert "step 5: changed recall@1 50.0" in capsys.readouterr().out
    assert read_curve(tmp_path) == {(5, "changed recall@1"): 0.5, (5, "changed recall@5"): 1.0}
    shown = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(point.step, point.value) for point in shown.Scalars("changed recall at 1")] == [(5, 0.5)]
    (sheet,) = shown.Images("hardest: right, found")
    assert (sheet.step, sheet.width, sheet.height) == (5, 320, 480)
    image = cv2.imdecode(np.frombuffer(sheet.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert {int(value) for value in np.unique(image)} == {0, 40, 80, 120}


def test_the_hardest_queries_have_the_largest_margin(tmp_path):
    similarity = np.array([[0.9, 0.1, 0.1], [0.1, 0.2, 0.8], [0.5, 0.1, 0.4]])
    sheet = Monitor(tmp_path, 10, IMAGES[:3])._hardest(similarity)
    assert [sheet[row, column, 0] // 40 for row in (10, 130, 250) for column in (10, 170)] == [
        1,
        2,
        2,
        0,
        0,
        1,
    ]
