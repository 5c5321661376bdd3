"""Short commands of the pages are executed, in a folder with a map and images of the demo's drive."""

import os
import re
import subprocess
import sys

import cv2
import pytest

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.tools.map.__main__ import main
from place_recognition_ros.types import Keyframe
from tests.documentation.pages import COMMANDS, ROOT, read

FRAMES = {117: 47, 119: 50, 121: 52, 123: 80, 125: 110, 133: 322}  # second: frame; the last shows 50 again


def frame(number):
    return cv2.imread(os.path.join(ROOT, "demo", "drive", "frames", f"{number:06d}.webp"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with the files that the pages name."""
    folder = tmp_path_factory.mktemp("home")
    detector = LoopDetector.open(Config(map_path=str(folder / "building.db")))
    for second, number in FRAMES.items():
        detector.add(Keyframe(frame(number), second * 10**9))
    detector.close()
    for name, number in (("a.jpg", 47), ("b.jpg", 50), ("c.jpg", 110)):
        cv2.imwrite(str(folder / name), frame(number))
    return folder


def run(words, home):
    """Output of a command that must succeed."""
    if words[0] == "place-recognition":
        words = ["python3", "-m", "place_recognition_ros.tools", *words[1:]]
    words = [re.sub("^~", str(home), word) for word in words]
    ran = subprocess.run(
        [sys.executable, *words[1:]] if words[0] == "python3" else words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=str(home),
        env=dict(
            os.environ, HOME=str(home), PYTHONPATH=os.pathsep.join([os.environ.get("PYTHONPATH", ""), ROOT])
        ),
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout.decode()
    return ran.stdout.decode()


def command(page, start):
    (found,) = [
        each.words for each in COMMANDS if each.page == page and str(each).startswith(f"{page}: {start}")
    ]
    return found


def test_images_are_described(home):
    assert re.search(r"b\.jpg", run(command("README.md", "place-recognition describe"), home))


def test_a_map_is_shown(home):
    assert re.search("keyframes +6", run(command("README.md", "place-recognition map info"), home))


@pytest.mark.parametrize(
    ("page", "start"),
    [
        ("README.md", "place-recognition explain"),
        ("docs/troubleshooting.md", "python3 -m place_recognition_ros.tools.explain"),
    ],
)
def test_a_keyframe_is_explained(page, start, home):
    output = run(command(page, start), home)
    assert "133.0 is understood as stamp 133.000000000 s." in output
    assert "Keyframe 6 (stamp 133.000000000)" in output


def test_the_commands_of_the_map_tool(home, monkeypatch):
    monkeypatch.chdir(str(home))
    rows = dict(re.findall(r"^\| `(\w+) ([^`]+)` \|", read("docs/maps.md"), re.MULTILINE))
    names = {
        "MAP": "building.db",
        "A.db": "building.db",
        "B.db": "monday.db",
        "M.onnx": os.path.join(ROOT, "models", "default.onnx"),
    }
    (home / "monday.db").write_bytes((home / "building.db").read_bytes())
    for verb in ("info", "check", "export", "merge", "reembed"):
        words = [names.get(word, word) for word in rows[verb].split()]
        if verb == "reembed":
            words[1] = "other.db"
        assert main([verb, *words]) == 0
    for name in ("OUT.csv", "OUT.g2o", "OUT.tum", "OUT.kitti", "NEW.db", "other.db"):
        assert os.path.exists(str(home / name)), name


def test_help_of_run(home):
    assert "play the rendered drive" in run([os.path.join(ROOT, "run"), "help"], home)
