"""Training of the local features from the first step to the ONNX file, at a small scale."""

import csv
import re
import shutil
import sys

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from place_recognition_ros.descriptor.local_features import open_feature_finder  # noqa: E402
from place_recognition_ros.descriptor.model_card import LOCAL_FEATURES, read_model  # noqa: E402
from place_recognition_ros.types import FeatureKind  # noqa: E402
from tests.training.features.fake_teacher import write_teacher  # noqa: E402
from training import train_features  # noqa: E402
from training.features import render_pairs  # noqa: E402
from training.features.pairs import Pairs  # noqa: E402

SIZE = (64, 96)  # height and width


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Folder with a teacher, four photographs and one rendered pair, which is two times the same image."""
    folder = tmp_path_factory.mktemp("sources")
    write_teacher(folder / "teacher.onnx")
    random = np.random.default_rng(0)
    (folder / "photographs").mkdir()
    for number in range(4):
        coarse = random.integers(0, 255, (20, 30)).astype(np.uint8)
        image = cv2.resize(coarse, (180, 120), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "photographs" / f"{number}.png"), image)
    for kind in ("images", "depth"):
        (folder / "rendered" / kind).mkdir(parents=True)
    for letter in "ab":
        cv2.imwrite(str(folder / "rendered" / "images" / f"0000_{letter}.webp"), image)
        depth = np.full(image.shape, 5000, np.uint16)
        cv2.imwrite(str(folder / "rendered" / "depth" / f"0000_{letter}.png"), depth)
    row = ["0000", "noon", "noon", 100, 100, 89.5, 59.5, 0, 0, 0, 0, 0, 0, 1, 0, 1]
    with open(folder / "rendered" / "pairs.csv", "w", newline="") as file:
        csv.writer(file).writerows([render_pairs.COLUMNS, row])
    return folder


@pytest.fixture
def small(monkeypatch):
    """Two steps an epoch, small views."""
    monkeypatch.setattr(train_features, "EPOCH", 2)
    monkeypatch.setattr(train_features, "WARMUP", 1)
    monkeypatch.setattr(train_features, "TRAINING_SIZE", SIZE)


@pytest.fixture
def start(sources, tmp_path, small, monkeypatch):
    """``start(*options)``: the command, with the outputs in the test's folder; later options win."""

    def start(*options):
        command = [
            *("train_features", "--teacher", str(sources / "teacher.onnx")),
            *("--images", f"{sources / 'photographs'}=1", "--rendered", str(sources / "rendered")),
            *("--output", str(tmp_path / "my.onnx"), "--run", str(tmp_path / "run"), "--size", "64", "96"),
            *("--steps", "4", "--batch", "1", "--trained-on", "photographs=CC0", *options),
        ]
        monkeypatch.setattr(sys, "argv", command)
        train_features.main()

    return start


@pytest.fixture
def batches(monkeypatch):
    """Epoch and number of each batch that was made."""
    made = []
    make = Pairs.__getitem__
    monkeypatch.setattr(
        Pairs, "__getitem__", lambda self, index: made.append((self.epoch, index)) or make(self, index)
    )
    return made


def test_the_result_is_opened_as_a_feature_finder(start, tmp_path, batches, capsys):
    start()
    path = tmp_path / "my.onnx"
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{path}: ")
    card, _ = read_model(str(path), LOCAL_FEATURES)
    assert (card.name, card.output_shape, card.trained_on) == ("my", (1, 16, 24, 48), {"photographs": "CC0"})
    assert card.made_by.startswith("python3 -m training.train_features --teacher ")
    finder = open_feature_finder(str(path), count=50, backend="onnx")
    assert finder.kind == FeatureKind.NETWORK
    image = np.random.default_rng(0).integers(0, 255, (120, 160)).astype(np.uint8)
    assert len(finder.find(image)) <= 50
    assert {(0, 0), (0, 1), (1, 0), (1, 1)} <= set(batches)  # each epoch has pairs of its own


def test_an_interrupted_run_continues_at_its_checkpoint(start, tmp_path, batches, monkeypatch):
    fit = train_features.Distillation.fit

    def interrupt(self, *arguments, callbacks, **options):
        def stop(epoch, _):
            if epoch == 1:
                raise KeyboardInterrupt

        last = keras.callbacks.LambdaCallback(on_epoch_begin=stop)
        return fit(self, *arguments, callbacks=[*callbacks, last], **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train_features.Distillation, "fit", interrupt)
        start()
    assert not (tmp_path / "my.onnx").exists()
    batches.clear()
    start()
    assert {(1, 0), (1, 1)} <= set(batches)
    with open(tmp_path / "run" / "curve.csv", encoding="utf-8") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1"]
    assert (tmp_path / "my.onnx").is_file()


def test_a_run_is_not_continued_with_other_options(start, tmp_path):
    start()
    with pytest.raises(ValueError, match=r"or another --run\. Received: steps 6, seed 3"):
        start("--seed", "3", "--steps", "6")
    content = (tmp_path / "my.onnx").read_bytes()
    start("--output", str(tmp_path / "other.onnx"))  # complete: only the export is repeated
    assert (tmp_path / "other.onnx").read_bytes() == content


@pytest.mark.parametrize(
    "options, words",
    [
        (["--steps", "3"], r"expected --steps above 1, a multiple of 2\. Received: 3"),
        (["--steps", "0"], r"expected --steps above 1, a multiple of 2\. Received: 0"),
        (["--size", "240", "330"], r"expected multiples of 16 as --size\. Received: 240 330"),
        (["--size", "0", "320"], r"expected multiples of 16 as --size\. Received: 0 320"),
        (["--batch", "0"], r"expected --batch of at least 1\. Received: 0"),
        (["--images", "photographs=many"], r"expected FOLDER=SHARE, a positive number\. Received: "),
        (["--images", "photographs=0"], r"expected FOLDER=SHARE, a positive number\. Received: "),
        (["--images", "photographs=nan"], r"expected FOLDER=SHARE, a positive number\. Received: "),
        (["--trained-on", "photographs"], r"expected SET=LICENCE\. Received: 'photographs'"),
        (["--trained-on", "=MIT"], r"expected SET=LICENCE\. Received: '=MIT'"),
    ],
)
def test_wrong_options_are_refused(start, options, words, capsys):
    with pytest.raises(SystemExit) as caught:
        start(*options)
    assert caught.value.code == 2
    assert re.search(words, capsys.readouterr().err)


@pytest.mark.parametrize(
    "options, words",
    [
        (["--teacher", "missing.onnx"], r"missing\.onnx"),
        (
            ["--images", "missing=1"],
            r"expected an image, a folder or a manifest\. Received: 'missing', missing",
        ),
        (["--rendered", "missing"], r"missing.pairs\.csv"),
    ],
)
def test_missing_files_are_named_before_the_training(start, options, words, batches):
    with pytest.raises((OSError, ValueError), match=words):
        start(*options)
    assert not batches


def test_an_image_that_cannot_be_decoded_is_named(start, sources, tmp_path):
    shutil.copytree(sources / "photographs", tmp_path / "photographs")
    (tmp_path / "photographs" / "damaged.jpg").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"can be decoded\. Received: '.*damaged\.jpg'"):
        start("--images", str(tmp_path / "photographs"))
