"""The package's network, and which finder is opened."""

import hashlib
import json

import cv2
import numpy as np
import pytest

from place_recognition_ros.descriptor import local_features
from place_recognition_ros.descriptor.feature_network import NetworkFinder
from place_recognition_ros.descriptor.local_features import open_feature_finder
from place_recognition_ros.descriptor.model_card import (
    LOCAL_FEATURES,
    card_path,
    default_model_path,
    read_model,
)
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.errors import EngineError, ImageError, ModelError
from place_recognition_ros.loops.geometry import GeometrySettings, measure
from place_recognition_ros.package_models import FEATURES
from place_recognition_ros.types import FEATURE, Camera, FeatureKind, View
from tests.descriptor.damage import damage


@pytest.fixture(scope="module")
def finder():
    finder = open_feature_finder(backend="onnx")
    yield finder
    finder.close()


def test_the_default_is_the_package_s_network(finder):
    card, _ = read_model(default_model_path(FEATURES), LOCAL_FEATURES)
    assert isinstance(finder, NetworkFinder)
    assert (finder.kind, finder.model_id) == (FeatureKind.NETWORK, card.model_id)
    assert card.output_shape == (1, card.input.height // 4, card.input.width // 4, 48)


def test_orb_is_opened_by_name():
    assert isinstance(open_feature_finder("orb", 100), OrbFinder)


def test_features_are_inside_the_image_and_no_more_than_the_count(paint):
    for count in (50, 360):
        finder = open_feature_finder(count=count, backend="onnx")
        features = finder.find(paint(1))
        finder.close()
        assert 0.8 * count < len(features) <= count
        assert features.dtype == FEATURE
        for name, end in (("x", 320), ("y", 240)):
            assert ((features[name] >= -0.5) & (features[name] < end - 0.5)).all()
        assert np.isnan(features["depth"]).all()


def test_descriptors_have_length_127(finder, paint):
    vectors = finder.find(paint(1))["descriptor"].view(np.int8).astype(float)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 127, atol=2)


def test_color_is_seen_as_gray(finder, paint):
    gray = paint(1)
    features = finder.find(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))
    assert len(features) == len(finder.find(gray))


def test_coordinates_are_pixels_of_the_original(finder, paint):
    image = cv2.GaussianBlur(paint(1), (0, 0), 1.5)
    large = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    small, found = (View(finder.find(each), Camera(*each.shape[1::-1])) for each in (image, large))
    pairs = measure(small, found, GeometrySettings()).pairs
    assert len(pairs) > 100
    for axis in "xy":
        expected = 3 * (small.features[axis][pairs[:, 0]] + 0.5) - 0.5
        assert np.median(np.abs(found.features[axis][pairs[:, 1]] - expected)) < 0.3


def test_the_same_place_from_another_position_has_more_inliers_than_a_look_alike(finder, paint):
    here, aside, other = (
        View(finder.find(image)) for image in (paint(1), paint(1, shift=15), paint(1, texture=2))
    )
    assert measure(aside, here, GeometrySettings()).inliers >= 100
    assert measure(other, here, GeometrySettings()).inliers < 30


@pytest.mark.parametrize("level", [0, 9, 128, 255])
@pytest.mark.parametrize("noise", [0, 1, 3, 20])
@pytest.mark.parametrize("scale", [1, 3])
def test_an_image_with_nothing_to_see_has_few(finder, rng, level, noise, scale):
    image = np.clip(level + noise * rng.standard_normal((scale * 240, scale * 320)), 0, 255).astype(np.uint8)
    assert len(finder.find(image)) < 40


@pytest.mark.parametrize("noise", [1, 3])
def test_a_smooth_image_with_noise_has_few(finder, rng, noise):
    image = 100 + np.linspace(-40, 40, 320)[None] + noise * rng.standard_normal((240, 320))
    assert len(finder.find(image.astype(np.uint8))) < 40


def test_a_dark_image_of_a_scene_keeps_its_features(finder, paint):
    assert len(finder.find(paint(1) // 16)) > 200


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1, 3), (31, 17, 3), (1080, 1920)])
def test_images_of_any_size_are_no_error(finder, rng, shape):
    assert finder.find(rng.integers(0, 256, shape).astype(np.uint8)).dtype == FEATURE


def test_what_is_no_image_is_refused(finder):
    with pytest.raises(ImageError, match="expected an image"):
        finder.find(np.zeros((3, 3), np.float32))


def test_a_closed_finder_raises(paint):
    closed = open_feature_finder(backend="onnx")
    closed.close()
    closed.close()
    with pytest.raises(EngineError, match="after close"):
        closed.find(paint(1))


def test_a_network_of_another_kind_is_refused():
    with pytest.raises(ModelError, match=r"kind 'local_features'.*Received: kind 'global_descriptor'"):
        open_feature_finder(default_model_path())


@pytest.fixture
def write_features(tmp_path):
    """``write_features(content, **changes_to_the_card)`` → path of a copy; content: None: unchanged."""

    def write_features(content=None, **changes):
        source = default_model_path(FEATURES)
        with open(card_path(source), encoding="utf-8") as file:
            fields = dict(json.load(file), **changes)
        with open(source, "rb") as file:
            content = file.read() if content is None else content
        (tmp_path / "other.onnx").write_bytes(content)
        (tmp_path / "other.json").write_text(json.dumps(fields), encoding="utf-8")
        return str(tmp_path / "other.onnx")

    return write_features


def test_a_network_with_another_descriptor_size_is_refused(write_features):
    with pytest.raises(ModelError, match="32 numbers"):
        open_feature_finder(write_features(descriptor_size=16))


def test_a_network_with_another_output_than_its_card_says_is_refused(write_features):
    fields = dict(read_model(default_model_path(FEATURES), LOCAL_FEATURES)[0].input._asdict(), height=480)
    with pytest.raises(EngineError, match=r"one output \(\(1, 120, 80, 48\), 'float32'\), as the card says"):
        open_feature_finder(write_features(input=fields), backend="onnx")


@pytest.mark.parametrize("name, size", [("height", 242), ("width", 321)])
def test_a_network_with_parts_of_cells_is_refused(write_features, name, size):
    fields = dict(read_model(default_model_path(FEATURES), LOCAL_FEATURES)[0].input._asdict(), **{name: size})
    with pytest.raises(ModelError, match="a height and a width that are multiples of 4"):
        open_feature_finder(write_features(input=fields), backend="onnx")


@pytest.mark.parametrize("times", [20, pytest.param(1000, marks=pytest.mark.stress)])
def test_an_altered_network_is_refused_before_it_is_opened(times, write_features, monkeypatch):
    def refuse(*_):
        raise AssertionError("an altered network was opened")

    monkeypatch.setattr(local_features, "open_engine", refuse)
    random = np.random.RandomState(0)
    with open(default_model_path(FEATURES), "rb") as file:
        whole = file.read()
    for _ in range(times):
        altered = damage(whole, random)
        if altered != whole:
            with pytest.raises(ModelError, match="expected SHA-256"):
                open_feature_finder(write_features(altered))


def test_a_network_with_a_tensor_in_another_file_is_refused(onnx, weights, write_features):
    content = onnx.model(weights, external="../../etc/passwd")
    path = write_features(content, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelError, match="expected all tensors within"):
        open_feature_finder(path)
