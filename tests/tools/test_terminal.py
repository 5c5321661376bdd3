import os
import subprocess
import sys

import pytest

ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A locale without UTF-8, as Python 3.6 sees it where LANG is not set."""


def run(root, *command):
    """Exit status, and stdout and stderr, of a Python command in an ASCII locale."""
    environment = dict(os.environ, **ASCII)
    environment.pop("PYTHONIOENCODING", None)
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return ran.returncode, ran.stdout.decode("utf-8")


PRINT = "import sys; from place_recognition_ros.tools.terminal import use_utf8; use_utf8(); print({})"


def test_other_letters_than_ascii_are_printed_in_an_ascii_locale(root):
    text = "5 → 7 · höhle"
    assert run(root, "-c", PRINT.format(ascii(text))) == (0, text + "\n")


def test_a_path_from_the_command_line_is_printed_as_it_was_given(root):
    assert run(root, "-c", PRINT.format("sys.argv[1]"), "höhle.db") == (0, "höhle.db\n")


@pytest.mark.parametrize("tool", ["bench_engine", "build_engine", "doctor", "explain", "parameters"])
def test_the_tools_print_their_help_in_an_ascii_locale(root, tool):
    status, printed = run(root, "-m", f"place_recognition_ros.tools.{tool}", "--help")
    assert (status, "usage" in printed) == (0, True), printed


def test_a_map_with_other_letters_than_ascii_is_named_in_an_ascii_locale(root, tmp_path):
    status, printed = run(root, "-m", "place_recognition_ros.tools.explain", str(tmp_path / "höhle.db"), "1")
    assert status == 1
    assert "Traceback" not in printed
    assert "expected" in printed
