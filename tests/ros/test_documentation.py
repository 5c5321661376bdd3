"""The commands for a running node on all pages are executed, as they are written there."""

import re
import shutil
import subprocess

from tests.documentation.pages import COMMANDS
from tests.ros.camera import BACK, PARAMETERS, THERE, Camera
from tests.ros.conftest import wait_until
from tests.ros.test_subscribers import subscribers

OTHERS = "/fleet/"  # topics of another node, which test_fleet.py starts


def commands(*start):
    """Different commands that begin with these words, in the order of the pages."""
    return list(dict.fromkeys(tuple(each.words) for each in COMMANDS if each.words[: len(start)] == [*start]))


def test_what_the_pages_say_to_a_running_node(ros, start_node, start_process, tmp_path):
    start_node(map_path=str(tmp_path / "map.db"), **PARAMETERS)
    topics = [words for words in commands("rostopic", "echo") if not words[2].startswith(OTHERS)]
    echoes = [start_process(words) for words in topics]
    assert len(echoes) >= 2  # /loop_candidates and /diagnostics
    wait_until(
        lambda: any("rostopic" in name for name in subscribers()), 20, "rostopic echo /loop_candidates"
    )
    camera = Camera(ros)
    camera.publish_sequence(THERE + BACK + THERE[4:8])  # ids 17 and 18 of docs/maps.md
    for echo in echoes:
        wait_until(lambda here=echo: "header:" in here.log, 10, lambda here=echo: here.log)

    calls = commands("rosservice", "call")
    assert {words[2].split("/")[-1] for words in calls} >= {"relocalize", "save_map", "load_map", "reset"}
    for words in calls:
        if words[2].endswith("load_map"):
            shutil.copy(str(tmp_path / "monday.db"), str(tmp_path / "building_2.db"))
        response = call([word.replace("/data/", f"{tmp_path}/") for word in words])
        done = not words[2].endswith("calibrate")  # which needs odometry
        assert re.search(f"^success: {done}$", response, re.MULTILINE), (words, response)


def call(words):
    return subprocess.check_output(words, stderr=subprocess.STDOUT, timeout=30).decode()
