"""What a node is started in: locales, names, namespaces, a camera that is not there yet, odd messages."""

import os
import subprocess
import sys

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image

from place_recognition_ros.msg import LoopCandidates
from place_recognition_ros.srv import Relocalize
from tests.ros.camera import NODE, PARAMETERS, THERE, Camera, Diagnostics, stored, to_image
from tests.ros.rig import K, Rig, flat, info

LOCALES = {"C": "C", "decimal comma": "de_DE.UTF-8"}


@pytest.fixture
def locales(tmp_path):
    """Environment with a locale whose decimal separator is a comma, generated for this test."""
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE.UTF-8")]
    try:
        subprocess.check_call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("localedef cannot make de_DE.UTF-8: install the package locales")
    env = dict(os.environ, LOCPATH=str(tmp_path), LC_ALL=LOCALES["decimal comma"])
    test = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.str(0.5))"
    assert subprocess.check_output([sys.executable, "-c", test], env=env).strip() == b"0,5"
    return {"LOCPATH": str(tmp_path)}


@pytest.mark.parametrize("locale", LOCALES)
def test_locales_and_map_paths_with_any_letters(ros, roslaunch, locales, tmp_path, locale):
    config = tmp_path / "my config.yaml"
    config.write_text("".join(f"{name}: {value}\n" for name, value in PARAMETERS.items()))
    path = tmp_path / "second floor, höhle 洞.db"
    launched = roslaunch(
        "desktop.launch",
        env=dict(locales, LANG=LOCALES[locale], LC_ALL=LOCALES[locale]),
        map_path=path,
        config=config,
        max_rate_hz=2.5,
    )
    camera = Camera(ros)
    results = camera.publish_sequence(THERE[:2])
    assert [each.query_id for each in results] == [1, 2]
    camera.publish(to_image(THERE[2], camera.now + 0.1))
    Diagnostics(ros).wait({"sooner than max_rate_hz": 1})
    assert launched.stop(timeout=30) == 0
    assert [number for number, *_ in stored(str(path))] == [1, 2]


def test_two_nodes_in_two_namespaces(ros, roslaunch, tmp_path):
    """Without HOME and with an ASCII locale, as at the start of a robot."""
    env = {"ROS_HOME": str(tmp_path), "HOME": None, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    launched = [roslaunch("desktop.launch", env=env, ns=ns) for ns in ("/robot1", "/robot2")]
    for number, ns in enumerate(("/robot1", "/robot2")):
        queries = ros.subscribe(f"{ns}/place_recognition/queries", LoopCandidates)
        ros.publisher(f"{ns}/keyframe", Image).publish(to_image(THERE[number], 1000 + number))
        assert queries.wait(1)[0].header.stamp.secs == 1000 + number
    assert ros.call("/robot1/relocalize", Relocalize).message
    assert [process.stop(timeout=30) for process in launched] == [0, 0]
    maps = [stored(str(tmp_path / ns / "place_recognition.db")) for ns in ("robot1", "robot2")]
    assert [rows[0][2] for rows in maps] == [1000 * 10**9, 1001 * 10**9]


def test_a_camera_that_comes_later_and_topics_that_are_remapped(ros, roslaunch):
    roslaunch("desktop.launch", image="/front/image_raw", map_path="none")
    diagnostics = Diagnostics(ros)
    reason = "nothing is published on /keyframe/compressed or /front/image_raw"
    diagnostics.wait_message(reason, DiagnosticStatus.WARN, timeout=60)
    queries = ros.subscribe(NODE + "/queries", LoopCandidates)
    camera = ros.publisher("/front/image_raw", Image)
    camera.publish(to_image(THERE[0], 1000))
    assert queries.wait(1)[0].query_id == 1
    diagnostics.next()
    assert reason not in diagnostics.next_message()


def test_odometry_without_numbers_or_covariances_and_wrong_frames_stop_nothing(ros, start_node, tmp_path):
    """A pose of NaN is dropped; covariances are not used; frames that tf does not know are named."""
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    rig, diagnostics = Rig(ros), Diagnostics(ros)
    rig.publish(THERE[0], info=info(K), depth=flat(2.0), odometry=float("nan"))
    odometry = ros.publisher("odom", Odometry)
    for number in range(1, 4):
        message = Odometry(child_frame_id="no_such_link")
        message.header.frame_id = "no_such_odom"
        message.header.stamp.secs = int(rig.camera.now + 1)
        message.pose.pose.position.x, message.pose.pose.orientation.w = float(number), 1.0
        message.pose.covariance = np.zeros(36).tolist()
        odometry.publish(message)
        assert rig.publish(THERE[number], info=info(K), depth=flat(2.0)).query_id == number + 1
    diagnostics.wait({"poses that cannot be used": 1})
    rig.wait(tf="no_such_link")
    frames = ["/leading_slash", "no_such_frame", "späte kamera"]
    results = [rig.camera.publish_and_wait(THERE[row + 4], frame_id=name) for row, name in enumerate(frames)]
    assert [each.header.frame_id for each in results] == frames
    assert node.stop() == 0
    assert [pose and pose[0] for *_, pose in stored(path)] == [None, 1.0, 2.0, 3.0] + [None] * 3
