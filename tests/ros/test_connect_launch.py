"""The launch files of launch/connect: what they start, and where the topics of the SLAM systems go."""

import glob
import os
import re
import shlex
import xml.etree.ElementTree

import genpy.message
import pytest
import yaml
from roslaunch.config import ROSLaunchConfig
from roslaunch.xmlloader import XmlLoader
from sensor_msgs.msg import CameraInfo

from place_recognition_ros.config import Config
from place_recognition_ros.stream.camera_info import to_camera
from tests.ros.conftest import ROOT

FILES = {
    os.path.basename(path): path for path in glob.glob(os.path.join(ROOT, "launch", "connect", "*.launch"))
}
PACKAGE = "place_recognition_ros"


class Launched:
    """What a launch file would start, without starting it."""

    def __init__(self, name, **arguments):
        config = ROSLaunchConfig()
        words = [f"{key}:={value}" for key, value in arguments.items()]
        XmlLoader().load(FILES[name], config, argv=words, verbose=False)
        self.types = {node.name: node.type for node in config.nodes}
        self.parameters = {key: parameter.value for key, parameter in config.params.items()}
        self._remaps = {
            node.name: {resolved(old): resolved(new) for old, new in node.remap_args} for node in config.nodes
        }

    def topic(self, node, name):
        """The topic that a node uses for one of its names."""
        return self._remaps[node].get(resolved(name), resolved(name))

    def of_ours(self, *names):
        return [self.topic("place_recognition", name) for name in names]


def resolved(name):
    return name if name.startswith(("/", "~")) else "/" + name


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_program_exists_and_every_parameter_of_the_node_is_valid(name):
    with open(FILES[name], encoding="ascii") as file:  # as roslaunch reads it in an ASCII locale
        assert file.read()
    launched = Launched(name)
    for program in launched.types.values():
        assert any(
            os.access(os.path.join(ROOT, folder, program), os.X_OK) for folder in ("nodes", "examples")
        )
    prefix = "/place_recognition/"
    values = {
        key[len(prefix) :]: value for key, value in launched.parameters.items() if key.startswith(prefix)
    }
    assert bool(values) == ("place_recognition" in launched.types)
    Config(**values)


def test_vins():
    launched = Launched("vins.launch", camera_info="/cam0/info", map_path="none")
    assert launched.topic("keyframe_images", "image") == "/cam0/image_raw"
    assert launched.topic("keyframe_images", "keyframe") == "/vins_estimator/keyframe_pose"
    assert launched.topic("camera_odometry", "image") == "/cam0/image_raw"
    assert launched.topic("camera_odometry", "pose") == "/vins_estimator/camera_pose"
    topics = ["/keyframe_images/image", "/keyframe_images/depth", "/cam0/info", "/camera_odometry/odom"]
    assert launched.of_ours("keyframe", "depth", "camera_info", "odom") == topics
    assert launched.parameters["/place_recognition/map_path"] == "none"


@pytest.mark.parametrize(("metric", "drift"), [("false", 0.0), ("true", 0.05)])
def test_orb_slam3(metric, drift):
    launched = Launched("orb_slam3.launch", metric=metric)
    assert launched.topic("camera_odometry", "pose") == "/orb_slam3/camera_pose"
    topics = ["/camera/image_raw", "/camera/camera_info", "/camera_odometry/odom"]
    assert launched.of_ours("keyframe", "camera_info", "odom") == topics
    assert launched.parameters["/place_recognition/odometry_drift"] == drift
    assert launched.parameters["/place_recognition/max_rate_hz"] == 2.0


def test_openvins():
    launched = Launched("openvins.launch")
    topics = ["/cam0/image_raw", "/cam0/camera_info", "/ov_msckf/odomimu"]
    assert launched.of_ours("keyframe", "camera_info", "odom") == topics


def test_odometry_with_a_camera():
    launched = Launched("odometry.launch", odom="/lio/odom")
    topics = ["/camera/color/image_raw", "/camera/color/camera_info", "/lio/odom"]
    assert launched.of_ours("keyframe", "camera_info", "odom") == topics
    assert launched.topic("pose_graph", "odom") == "/lio/odom"
    ours = launched.of_ours("loop_candidates", "place_recognition/retractions")
    assert [launched.topic("pose_graph", name) for name in ("loop_candidates", "retractions")] == ours


def test_rtabmap():
    launched = Launched("rtabmap.launch", frame_id="camera_link")
    assert launched.topic("keyframe_images", "keyframe") == "/rtabmap/info"
    assert launched.topic("keyframe_images", "depth") == "/camera/depth_registered/image_raw"
    assert launched.topic("rtabmap_links", "add_link") == "/rtabmap/add_link"
    topics = ["/keyframe_images/image", "/keyframe_images/depth", "/camera/rgb/camera_info", "/rtabmap/odom"]
    assert launched.of_ours("keyframe", "depth", "camera_info", "odom") == topics
    assert launched.parameters["/rtabmap_links/frame_id"] == "camera_link"
    assert launched.parameters["/place_recognition/image_rectified"] is True


def test_cerebro():
    launched = Launched("cerebro.launch", image="/left")
    assert launched.topic("cerebro_loop_edges", "loopedge") == "/cerebro/loopedge"
    assert launched.topic("cerebro_loop_edges", "loop_candidates") == launched.of_ours("loop_candidates")[0]
    assert launched.topic("keyframe_images", "image") == "/left"
    assert Launched("descriptor_service.launch").types == {"descriptor_service": "descriptor_service"}


@pytest.mark.parametrize("name", ["odometry.launch", "openvins.launch", "orb_slam3.launch"])
def test_the_camera_may_publish_compressed_images(name):
    launched = Launched(name, compressed="/camera/image_raw/compressed")
    assert launched.of_ours("keyframe/compressed") == ["/camera/image_raw/compressed"]


def lines_of_page(start):
    """The commands of docs/connect.md that begin with a text."""
    with open(os.path.join(ROOT, "docs", "connect.md"), encoding="utf-8") as file:
        return re.findall(rf"^{start}.*$", file.read(), re.MULTILINE)


def test_each_command_of_the_page_has_arguments_of_its_launch_file():
    commands = [shlex.split(line, comments=True) for line in lines_of_page("roslaunch place_recognition_ros")]
    assert {name for _, _, name, *_ in commands} == set(FILES)
    for _, _, name, *words in commands:
        declared = {
            each.get("name") for each in xml.etree.ElementTree.parse(FILES[name]).getroot().findall("arg")
        }
        given = dict(word.split(":=") for word in words)
        assert set(given) <= declared, name
        Launched(name, **given)


def test_the_calibration_of_the_page_is_accepted():
    (line,) = lines_of_page("rostopic pub")
    command = shlex.split(line)
    assert command[2:4] == ["/cam0/camera_info", CameraInfo._type]
    message = CameraInfo()
    genpy.message.fill_message_args(message, yaml.safe_load(command[4]))
    camera = to_camera(message, 752, 480, "cam0", rectified=False)
    assert (camera.intrinsics[0, 0], camera.intrinsics[1, 2]) == (458.654, 248.375)
    assert (camera.distortion_model, len(camera.distortion)) == ("plumb_bob", 5)
