"""Building the engines ahead of the node's first start, on the fake of TensorRT."""

import os
import sys

import pytest

from place_recognition_ros.descriptor.model_card import package_models, read_model
from place_recognition_ros.tools import build_engine
from tests.fakes.install import install


@pytest.fixture
def run_tool(monkeypatch, tmp_path):
    """``run_tool(*arguments)`` → exit status; the cache is in ``tmp_path / "cache"``."""

    def run_tool(*arguments):
        command = ["build_engine", "--cache", str(tmp_path / "cache"), *arguments]
        monkeypatch.setattr(sys, "argv", command)
        return build_engine.main()

    return run_tool


def test_both_models_of_the_package_are_built_once(run_tool, monkeypatch, tmp_path, capsys):
    gpu = install(monkeypatch, "8.2.1.8")
    assert run_tool() == run_tool() == 0
    assert gpu.builds == 2
    plans = {name for name in os.listdir(str(tmp_path / "cache")) if name.endswith(".plan")}
    assert plans == {read_model(path, kind=None)[0].model_id + ".plan" for path in package_models()}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ready on tensorrt")[0] for line in lines] == package_models() * 2
    assert (gpu.live_contexts, gpu.live_objects) == (0, 0)


def test_only_the_given_model_is_built(run_tool, monkeypatch):
    gpu = install(monkeypatch, "8.2.1.8")
    assert run_tool(package_models()[1]) == 0
    assert gpu.builds == 1


def test_a_model_that_is_missing_is_reported(run_tool, monkeypatch, tmp_path, capsys):
    install(monkeypatch, "8.2.1.8")
    assert run_tool(str(tmp_path / "none.onnx")) == 1
    assert "ModelError: expected the model as a file. Received: " in capsys.readouterr().err
