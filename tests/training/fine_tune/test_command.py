"""Fine-tuning on walks without labels: through a panorama of random texture, with a small network."""

import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("onnxruntime")

import keras

from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.local_features import open_feature_finder
from tests.training.small_set import write_network
from training.console import run_script
from training.data import read_image
from training.fine_tune import __main__ as command
from training.fine_tune import adaptation
from training.fine_tune.__main__ import read_walks
from training.fine_tune.adaptation import adapt, moving
from training.network.model_files import load_model
from training.network.prediction import describe_images

LENGTH = 24  # images of a walk, one a second


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A walk that looks along a wall with random texture, and one of a still camera."""
    folder = tmp_path_factory.mktemp("walks")
    random = np.random.default_rng(0)
    wall = sum(
        cv2.resize(random.random((size, 8 * size, 3)), (1440, 180), interpolation=cv2.INTER_CUBIC)
        for size in (6, 20, 60)
    )
    wall = np.clip(85 * wall, 0, 255).astype(np.uint8)
    for name, step in (("walk", 30), ("still", 0)):
        (folder / name).mkdir()
        for second in range(LENGTH):
            shown = wall[:, step * second : step * second + 240]
            cv2.imwrite(str(folder / name / f"{second:02d}.png"), shown)
    write_network(folder)
    return folder


@pytest.fixture(scope="module")
def records(folder):
    return read_walks([folder / "walk"], folder, rate=1.0, fps=1.0)


@pytest.fixture(scope="module")
def finder():
    return open_feature_finder(backend="onnx")


def describe(network, spec, records):
    return describe_images(network, spec, (read_image(record.image) for record in records))


def variation(descriptors, seconds=3):
    """Squared distance between images some seconds apart, relative to that of all."""
    near = descriptors[seconds:] - descriptors[:-seconds]
    return np.mean(np.sum(near**2, axis=1)) / np.mean(
        np.sum((descriptors - descriptors.mean(axis=0)) ** 2, axis=1)
    )


def open_small(folder):
    """The network of random weights, its descriptors centred: else all are nearly equal."""
    network, spec = load_model(folder / "random")
    whitening = network.get_layer("whitening")
    walk = read_walks([folder / "walk"], folder, rate=1.0, fps=1.0)
    pooled = describe(keras.Model(network.input, whitening.input), spec, walk)
    whitening.set_projection(pooled.mean(axis=0), np.asarray(whitening.kernel))
    return network, spec


def tuned(folder, records, finder, **options):
    """Descriptors before and after."""
    network, spec = open_small(folder)
    before = describe(network, spec, records)
    adapt(network, spec, records, finder, **options)
    return before, describe(network, spec, records)


def test_images_of_a_place_become_more_similar_than_others(folder, records, finder):
    before, after = tuned(folder, records, finder)
    assert variation(after) < 0.99 * variation(before)


def test_a_large_shrinkage_changes_nothing(folder, records, finder):
    before, after = tuned(folder, records, finder, shrinkage=1e6)
    np.testing.assert_allclose(after, before, atol=0.01)


def test_the_result_is_reproducible(folder, records, finder):
    np.testing.assert_array_equal(*(tuned(folder, records, finder)[1] for _ in range(2)))


def test_a_still_camera_is_refused(folder, finder):
    records = read_walks([folder / "still"], folder, rate=1.0, fps=1.0)
    with pytest.raises(ValueError, match=r"at least 30 pairs of images .* Received: 0 in 1 images"):
        tuned(folder, records, finder)


def test_images_of_a_still_camera_are_skipped():
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 1, 2]]
    assert moving(vectors).tolist() == [0, 2, 5]


def test_many_images_are_thinned(monkeypatch):
    monkeypatch.setattr(adaptation, "MOST", 2)
    assert moving(np.eye(5, dtype=np.float32)).tolist() == [0, 3]


def test_each_walk_is_a_region(folder):
    records = read_walks([folder / "walk", folder / "walk"], folder, rate=0.5, fps=1.0)
    assert [record.time for record in records[:3]] == [0.0, 2.0, 4.0]
    assert {record.region for record in records} == {"walk 0", "walk 1"}


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["fine_tune.py", *map(str, arguments)])
    run_script(command.main)


def test_the_command_writes_a_model_with_its_card(folder, tmp_path, monkeypatch, capsys):
    output = tmp_path / "mine.onnx"
    run(monkeypatch, folder / "walk", "--rate", 1, "--fps", 1, "--output", output)
    assert "start a new one" in capsys.readouterr().out
    mine, default = (open_extractor(model, backend="onnx") for model in (str(output), ""))
    assert mine.card.name == "mine"
    assert mine.card.trained_on == {**default.card.trained_on, "walk": "own"}
    assert mine.card.made_by.startswith("python3 -m training.fine_tune ")
    assert mine.card.min_similarity == pytest.approx(default.card.min_similarity - 0.05)
    image = read_image(folder / "walk" / "00.png")
    assert 0.3 < mine.describe(image) @ default.describe(image) < 0.9999


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone.bag", "--output", "a.onnx"), r"Received: 'gone\.bag', missing"),
        (("walk", "--output", "a.onnx", "--start", "gone.onnx"), r"gone\.onnx"),
    ],
)
def test_what_is_missing_is_named(arguments, message, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, *arguments)


def test_another_kind_of_output_is_refused(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "walk", "--output", "a.h5")
    assert "ends with .onnx. Received: 'a.h5'" in capsys.readouterr().err
