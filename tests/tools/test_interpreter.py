"""A tool that is started with a Python without the requirements continues with one that has them."""

import os
import subprocess
import sys

import pytest

from place_recognition_ros.tools import interpreter


@pytest.fixture
def poor(monkeypatch):
    """This Python has no FAISS."""
    find = interpreter.importlib.util.find_spec
    monkeypatch.setattr(
        interpreter.importlib.util, "find_spec", lambda name: None if name == "faiss" else find(name)
    )


@pytest.fixture
def python(tmp_path):
    """Another interpreter, that prints what it is started with."""
    path = tmp_path / "python3"
    path.write_text('#!/bin/sh\nprintf "%s|" "$@"; printf "%s" "$PLACE_RECOGNITION_HANDED_OVER"\n')
    path.chmod(0o755)
    return str(path)


def test_a_python_with_all_modules_is_used(python):
    assert interpreter.better({interpreter.VARIABLE: python}) is None


def test_the_interpreter_of_the_launch_files_is_used(poor, python):
    assert interpreter.better({interpreter.VARIABLE: python}) == python


def test_else_that_of_the_virtual_environment_of_the_repository(poor, python, tmp_path, monkeypatch):
    monkeypatch.setattr(interpreter, "_ROOT", str(tmp_path))
    assert interpreter.better({}) is None
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    os.rename(python, str(tmp_path / ".venv" / "bin" / "python3"))
    assert interpreter.better({}) == str(tmp_path / ".venv" / "bin" / "python3")


@pytest.mark.parametrize("value", ["/no/such/python3", sys.executable])
def test_an_interpreter_that_does_not_help_is_not_used(poor, value, tmp_path, monkeypatch):
    monkeypatch.setattr(interpreter, "_ROOT", str(tmp_path))
    assert interpreter.better({interpreter.VARIABLE: value}) is None


def test_the_command_is_handed_over_once(python, root):
    code = (
        "import sys; from place_recognition_ros.tools import interpreter; "
        "interpreter.NEEDED = ('no_such_module',); sys.stdout.flush(); "
        "interpreter.hand_over(interpreter.command_line())"
    )
    environment = dict(os.environ, PYTHONPATH=root, **{interpreter.VARIABLE: python})
    command = [sys.executable, "-c", code, "a b", "--c"]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=True
    )
    assert done.stdout.decode() == f"-c|{code}|a b|--c|1"
    assert done.stderr.decode() == f"with {python}\n"


def test_a_module_that_is_imported_stays(root):
    code = "import place_recognition_ros.tools.terminal; print('stays')"
    environment = dict(os.environ, PYTHONPATH=root, PATH="/nowhere")
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, timeout=60) == b"stays\n"
