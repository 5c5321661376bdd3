"""Every command starts as a module and as a file, from any folder; recorded commands keep working."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from training.console import RENAMED, command_line, run_script
from training.files import PROJECT

COMMANDS = (
    "train",
    "export",
    "evaluate",
    "describe",
    "make_manifest",
    "render_world",
    "compare",
    "train_features",
)
NOT_COMMANDS = {"__init__", "console", "files", "script"}


def start(*command, **environment):
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=Path("/"),
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_every_file_of_the_package_is_a_command_or_known():
    assert {path.stem for path in (PROJECT / "training").glob("*.py")} == {*COMMANDS, *NOT_COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_starts_as_a_module_and_as_a_file(name):
    started = [
        start("-m", f"training.{name}", "--help", PYTHONPATH=str(PROJECT)),
        start(str(PROJECT / "training" / f"{name}.py"), "--help", PYTHONPATH=""),
    ]
    outputs = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    assert outputs[0][0].startswith("usage: ")


def test_old_names_of_options_and_keys_are_replaced(monkeypatch):
    (old, new), *_ = ((old, new) for old, new in RENAMED.items() if old.startswith("--"))
    (old_key, new_key), *_ = ((old, new) for old, new in RENAMED.items() if "." in old)
    monkeypatch.setattr(sys, "argv", ["x", old, "a b", f"{old}=c", f"{old_key}=3", "--other=d=e", "last"])
    assert command_line() == [new, "a b", f"{new}=c", f"{new_key}=3", "--other=d=e", "last"]


def test_errors_are_one_line():
    def fails():
        raise ValueError("expected a. Received: b")

    with pytest.raises(SystemExit, match=r"^✗ expected a\. Received: b$"):
        run_script(fails)
