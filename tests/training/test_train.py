"""The command train: reproducible, resumable, errors in one line."""

import re
import shutil
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from tests.training.small_set import ROOT, read_curve, write_config, write_images
from training.console import run_script
from training.learning.config import read_config
from training.network.saving import load_network
from training.train import main, read_split, read_training, train

KILLED = """
import os, signal
from training import train
from training.learning import monitor
monitor.Monitor.learned = lambda self, step, figures: os.kill(os.getpid(), signal.SIGKILL)
train.main()
"""


@pytest.fixture(scope="module")
def killed_run(small_config, tmp_path_factory):
    """A function that returns the folder of a run killed in step 3, after the checkpoint of step 2."""
    folder = tmp_path_factory.mktemp("killed run")
    command = [sys.executable, "-c", KILLED, str(small_config), "--output", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait():
        assert process.wait(timeout=120) == -signal.SIGKILL
        return folder

    yield wait
    process.kill()
    process.wait()


@pytest.fixture
def command(monkeypatch):
    """``command(*arguments)``: the exit message of training.train."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run_script(main)
        return ended.value.code

    return command


def same_files(one, other, *names):
    return [name for name in names if (one / name).read_bytes() != (other / name).read_bytes()] == []


def test_training_is_reproducible(killed_run, whole_run, small_config, tmp_path):
    train(read_config(small_config, ["loader_processes=3"]), tmp_path)
    assert same_files(tmp_path, whole_run, "curve.csv", "checkpoint.npz", "architecture.json")
    curve = read_curve(whole_run)
    assert {step for step, name in curve if name == "loss"} == {3, 6, 9}
    assert {step for step, name in curve if name == "changed recall@1"} == {5, 10}
    moved = [np.abs(one - other).max() for one, other in zip(*weights(whole_run, whole_run / "start"))]
    assert max(moved) > 1e-4


def weights(*folders):
    return [load_network(folder).get_weights() for folder in folders]


def test_a_killed_and_interrupted_training_resumes_to_the_same_result(
    killed_run, whole_run, small_config, command, interrupt_at
):
    folder = killed_run()
    assert not (folder / "architecture.json").exists()
    with interrupt_at(9):
        ended = command(small_config, "--output", folder)
    assert ended == "✗ interrupted: step 9 is saved; the same command continues from there"
    train(read_config(small_config), folder)
    assert same_files(folder, whole_run, "curve.csv", "checkpoint.npz", "architecture.json")
    for one, other in zip(*weights(folder, whole_run)):
        np.testing.assert_array_equal(one, other)


def test_a_finished_run_is_reported(whole_run, small_config, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train.py", str(small_config), "--output", str(whole_run)])
    before = (whole_run / "checkpoint.npz").stat().st_mtime_ns
    main()
    assert "all 10 steps are done" in capsys.readouterr().out
    assert (whole_run / "checkpoint.npz").stat().st_mtime_ns == before


def test_another_configuration_is_refused_in_the_same_folder(whole_run, small_config, command):
    ended = command(small_config, "--output", whole_run, "steps=12", "seed=1", "batch.positives=2")
    assert ended.startswith(f"✗ expected the configuration that the run in '{whole_run}' was started with")
    assert ended.endswith("Received: another batch.positives, seed")


def test_another_number_of_images_is_refused_on_resume(whole_run, small_config, tmp_path, command):
    shutil.copytree(whole_run, tmp_path / "run")
    (tmp_path / "run" / "config.json").unlink()
    shutil.copytree(small_config.parent, tmp_path / "set")
    with open(tmp_path / "set" / "manifest.csv", "a", encoding="utf-8") as manifest:
        manifest.write("0_0.png,place 0,train\n")
    ended = command(tmp_path / "set" / "config.yaml", "--output", tmp_path / "run", "steps=12")
    assert re.search(r"expected the 12 images of '.*checkpoint\.npz'\. Received: 13", ended)


def test_preview_writes_one_image_only(small_config, tmp_path, monkeypatch):
    sheet = tmp_path / "sheet.jpg"
    monkeypatch.setattr(sys, "argv", ["train.py", str(small_config), "--preview", str(sheet)])
    main()
    assert cv2.imread(str(sheet)).shape[2] == 3
    assert list(tmp_path.iterdir()) == [sheet]


def test_an_image_that_cannot_be_decoded_is_named(small_config, tmp_path, command):
    shutil.copytree(small_config.parent, tmp_path / "set")
    for name in ("0_0.png", "0_1.png", "0_2.png"):
        (tmp_path / "set" / name).write_bytes(b"\x89PNG\r\n")
    ended = command(tmp_path / "set" / "config.yaml", "--output", tmp_path / "run")
    assert ended.startswith(f"✗ expected an image that can be decoded. Received: '{tmp_path / 'set' / '0_'}")
    assert not (tmp_path / "run" / "checkpoint.npz").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("batch.queries=13", r"at least batch\.queries=13 images to train on\. Received: 12"),
        ("network.height=96", r"with input \(96, 64, 3\).*random'\. Received: input \(48, 64, 3\)"),
        ("start.network=none", "a saved network as .*none'"),
        ("optimizer.frozen=block_7", "optimizer.frozen"),
        ("distribution={processes: 2, address: 'here:1'}", "KERAS_BACKEND=jax for several processes"),
    ],
)
def test_invalid_input_is_one_line(small_config, tmp_path, command, change, sentence):
    ended = command(small_config, "--output", tmp_path, change)
    assert ended.startswith("✗ expected")
    assert "\n" not in ended
    assert re.search(sentence, ended)


def test_a_split_without_images_is_named(small_config, tmp_path):
    write_images(tmp_path, places=2)  # both are for validation
    config = read_config(write_config(tmp_path))
    assert len(read_split(config.data, "validation")[0]) == 6
    with pytest.raises(ValueError, match=r"split 'train' in '.*manifest\.csv'\. Received: none"):
        read_split(config.data, "train")


def test_a_manifest_without_a_split_is_accepted_beside_another(small_config, tmp_path):
    write_images(tmp_path, places=2)
    both = {str(small_config.parent / "manifest.csv"): 3.0, "manifest.csv": 1.0}
    config = read_config(write_config(tmp_path, data={"manifests": both}))
    records, shares = read_split(config.data, "train")
    assert len(records) == 12
    assert shares.sum() == pytest.approx(3.0)
    assert len(read_split(config.data, "validation")[0]) == 12


def test_validation_images_are_trained_on_only_if_configured(small_config):
    for with_validation, count in ((False, 12), (True, 18)):
        config = read_config(small_config, [f"data.with_validation={str(with_validation).lower()}"])
        records, shares = read_training(config.data)
        assert len(records) == len(shares) == count
        assert ("validation" in {record.split for record in records}) == with_validation


def test_the_result_contains_a_share_of_the_initial_weights(whole_run, small_config, tmp_path):
    train(read_config(small_config, ["start.share=0.25"]), tmp_path)
    for trained, start, blended in zip(*weights(whole_run, whole_run / "start", tmp_path)):
        np.testing.assert_allclose(blended, 0.75 * trained + 0.25 * start, atol=1e-6)
