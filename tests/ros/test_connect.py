"""The adapters to SLAM systems, with synthetic messages of the types that these systems publish."""

import importlib
import os
import sys
import time

import numpy as np
import pytest
import rospy
from geometry_msgs.msg import PoseWithCovarianceStamped, TwistStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.scenes import FOCAL_LENGTH, HEIGHT, WIDTH, Place
from examples.pose_graph import inverse, rigid
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.msg import LoopCandidates
from tests.examples.messages import CAMERA, time_of, to_candidates, to_pose, to_transform
from tests.examples.paths import MOUNTING, circle, loop, stamp
from tests.ros.camera import PARAMETERS, changed, stored, to_depth, to_image
from tests.ros.conftest import is_subscribed, wait_until
from tests.ros.foreign import MD5SUMS, generate
from tests.ros.rig import info

CALIBRATION = [FOCAL_LENGTH, 0, WIDTH / 2, 0, FOCAL_LENGTH, HEIGHT / 2, 0, 0, 1]
START = 10**12  # nanoseconds
ROUNDED = 200  # nanoseconds: VINS-Fusion keeps stamps as doubles
IMAGE = Place(3).image()


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Path of the generated packages cerebro and rtabmap_msgs, which can be imported in this module."""
    path = generate(str(tmp_path_factory.mktemp("foreign")))
    sys.path.append(path)
    yield path
    sys.path.remove(path)


@pytest.fixture
def adapter(ros, foreign, root, start_process):
    """``adapter(name, *arguments)`` starts a program of nodes/ → a Process."""
    paths = os.pathsep.join([os.environ.get("PYTHONPATH", ""), foreign])

    def start(name, *arguments):
        program = os.path.join(root, "nodes", name)
        return start_process([sys.executable, program, *arguments], dict(os.environ, PYTHONPATH=paths))

    return start


def imported(name):
    """A generated module."""
    return importlib.import_module(name)


@pytest.fixture
def config(tmp_path):
    """A parameter file for the images of these tests."""
    path = tmp_path / "config.yaml"
    parameters = dict(PARAMETERS, max_depth_m=20.0)
    path.write_text("".join(f"{name}: {value}\n" for name, value in parameters.items()))
    return path


class Vins:
    """Publishes what a camera with depth and VINS-Fusion publish."""

    def __init__(self, ros):
        images = {"image_raw": Image, "depth": Image, "camera_info": CameraInfo}
        self._topics = {name: ros.publisher(f"/cam0/{name}", kind) for name, kind in images.items()}
        for name in ("keyframe_pose", "camera_pose"):
            self._topics[name] = ros.publisher(f"/vins_estimator/{name}", Odometry)
        self._topics["camera_info"].publish(info(CALIBRATION))

    def publish(self, row, place, right, forward):
        """Publish a keyframe at a place, and an image after it that is none; returns the keyframe's stamp."""
        position = (place + right, 0, forward)  # the world has the axes of the camera
        depth, image = Place(place).depth(right, forward), Place(place).image(right, forward)
        for now in (10**9 * row + START, 10**9 * row + START + 5 * 10**8):
            self._topics["depth"].publish(to_depth(depth, time_of(now)))
            self._topics["image_raw"].publish(to_image(image, time_of(now)))
            self._topics["camera_pose"].publish(to_pose(Odometry, now, "world", position))
        time.sleep(0.05)  # VINS needs some time for an image
        keyframe = 10**9 * row + START + ROUNDED
        self._topics["keyframe_pose"].publish(to_pose(Odometry, keyframe, "world"))
        return time_of(keyframe)


def test_keyframes_of_vins_become_loops_in_metres_and_loop_edges(ros, roslaunch, foreign, config, tmp_path):
    """cerebro.launch, which includes vins.launch."""
    path = tmp_path / "map.db"
    arguments = {"map_path": path, "config": config, "depth": "/cam0/depth"}
    launched = roslaunch("cerebro.launch", ready=False, **arguments)
    edges = ros.subscribe("/cerebro/loopedge", imported("cerebro.msg").LoopEdge)
    queries = ros.subscribe("place_recognition/queries", LoopCandidates)
    poses = ros.subscribe("place_recognition/pose", PoseWithCovarianceStamped)
    ros.subscribe("camera_odometry/odom", Odometry)
    vins = Vins(ros)
    wait_until(
        lambda: is_subscribed("/keyframe_images/image", "/place_recognition"), 30, lambda: launched.log
    )
    views = [(place, 0.0, 0.0) for place in range(12)] + [(0, 0.2, 0.2), (1, 0.2, 0.2)]
    for row, view in enumerate(views):
        keyframe = vins.publish(row, *view)
        queries.wait_for(lambda each, now=keyframe: each.header.stamp == now, 20)
    revisit = time_of(12 * 10**9 + START + ROUNDED)
    edge = edges.wait_for(lambda each: each.timestamp0 == revisit, 20)
    assert edge.timestamp1.to_nsec() == START + ROUNDED
    position = edge.pose_1T0.position  # of the query camera in the match camera
    assert (position.x, position.y, position.z) == pytest.approx((0.2, 0, 0.2), abs=0.06)
    assert 0.98 < edge.weight <= 1
    pose = poses.wait(1)[0]
    position = pose.pose.pose.position
    assert pose.header.frame_id == "world"
    place = pose.header.stamp.to_nsec() // 10**9 - 1012  # of one of the two revisits
    assert (position.x, position.y, position.z) == pytest.approx((place + 0.2, 0, 0.2), abs=0.06)
    assert launched.stop(timeout=20) == 0
    assert [each[2] for each in stored(str(path))] == [
        10**9 * row + START + ROUNDED for row in range(len(views))
    ]


def test_images_of_keyframes_are_republished_with_their_stamps(ros, adapter):
    process = adapter("keyframe_images")
    outputs = {name: ros.subscribe(f"keyframe_images/{name}", Image) for name in ("image", "depth")}
    image, depth = ros.publisher("image", Image), ros.publisher("depth", Image)
    keyframe = ros.publisher("keyframe", TwistStamped)  # any type with a header
    small = IMAGE[:8, :8]

    def take(nanoseconds):
        message = TwistStamped()
        message.header.stamp = time_of(nanoseconds)
        keyframe.publish(message)

    for now in range(10**9, 2 * 10**9, 10**8):
        depth.publish(to_depth(np.full((8, 8), now / 1e9, np.float32), time_of(now + 10**7)))
        image.publish(to_image(small, time_of(now)))
    take(13 * 10**8 + ROUNDED)
    take(155 * 10**7)  # between two images
    take(17 * 10**8)
    take(21 * 10**8)  # before its image
    outputs["image"].wait(2)
    image.publish(to_image(small, time_of(21 * 10**8)))
    image.publish(to_image(small, time_of(32 * 10**8)))  # its depth does not come
    stamps = [each.header.stamp.to_nsec() for each in outputs["image"].wait(3)]
    assert stamps == [13 * 10**8 + ROUNDED, 17 * 10**8, 21 * 10**8]
    found = outputs["depth"].wait(2)
    assert [each.header.stamp.to_nsec() for each in found] == stamps[:2]
    assert [np.frombuffer(each.data, np.float32)[0] for each in found] == pytest.approx([1.3, 1.7])
    assert "expected an image with the stamp of the keyframe, 1.550" in process.log
    image.publish(to_image(small, time_of(10**9)))  # the bag begins again
    take(10**9)
    outputs["image"].wait_for(lambda each: each.header.stamp.to_nsec() == 10**9)


def test_cerebro_gets_descriptors_from_the_service(ros, adapter):
    kind = imported("cerebro.srv").WholeImageDescriptorCompute
    adapter("descriptor_service")
    response = ros.call("whole_image_descriptor_compute", kind, to_image(IMAGE, 1.0, "8UC3"), 986, timeout=20)
    assert np.allclose(response.desc, open_extractor().describe(IMAGE), atol=1e-6)
    assert response.model_type == open_extractor().card.model_id
    black = to_image(np.zeros_like(IMAGE), 1.0)  # cerebro learns the size of descriptors from it
    assert len(ros.call("whole_image_descriptor_compute", kind, black, 986).desc) == len(response.desc)
    with pytest.raises(rospy.ServiceException, match="expected"):
        rospy.ServiceProxy("whole_image_descriptor_compute", kind)(changed(black, data=b""), 0)


def test_programs_that_cannot_start_say_why(ros, root, start_process):
    nodes = os.path.join(root, "nodes")
    for name, argument, expected in (
        ("rtabmap_links", "frame_id:=base_link", "expected rtabmap_msgs, of RTAB-Map, in a workspace"),
        ("descriptor_service", "_model:=/no/model.onnx", "/no/model.onnx"),
    ):
        process = start_process([sys.executable, os.path.join(nodes, name), argument])
        assert process.wait(20) == 1
        assert expected in process.log
        assert "Traceback" not in process.log


class RtabMap:
    """The parts of RTAB-Map that the adapter uses."""

    def __init__(self, ros):
        self.links = []
        self._infos = ros.publisher("/rtabmap/info", imported("rtabmap_msgs.msg").Info)

    def add_link(self, request):
        self.links.append(request.link)
        return imported("rtabmap_msgs.srv").AddLinkResponse()

    def create_node(self, stamp, number):
        message = imported("rtabmap_msgs.msg").Info(refId=number)
        message.header.stamp = time_of(stamp)
        self._infos.publish(message)


def test_loops_in_metres_become_user_links_of_rtabmap(ros, adapter):
    tf_messages = pytest.importorskip("tf2_msgs.msg", reason="needs tf2_msgs")
    assert imported("rtabmap_msgs.msg").Info._md5sum == MD5SUMS["Info"]
    assert imported("rtabmap_msgs.srv").AddLink._md5sum == MD5SUMS["AddLink"]
    process = adapter("rtabmap_links", "info:=/rtabmap/info", "add_link:=/rtabmap/add_link")
    rtabmap = RtabMap(ros)
    service = rospy.Service("/rtabmap/add_link", imported("rtabmap_msgs.srv").AddLink, rtabmap.add_link)
    mounting = ros.publisher("/tf_static", tf_messages.TFMessage, latch=True)
    mounting.publish(tf_messages.TFMessage([to_transform("base_link", CAMERA, MOUNTING)]))
    loops = ros.publisher("loop_candidates", LoopCandidates)
    for row in (2, 19, 43, 60):
        rtabmap.create_node(stamp(row), 100 + row)
    true = circle()
    loops.publish(to_candidates(loop(true, 43, 2, scale_known=False)))
    loops.publish(to_candidates(loop(true, 50, 2)))  # no node has the stamp of the query
    loops.publish(to_candidates(loop(true, 60, 19)))
    wait_until(lambda: "Added a link from node 119 to node 160" in process.log, 20, lambda: process.log)
    service.shutdown("end of the test")
    (link,) = rtabmap.links
    assert (link.fromId, link.toId, link.type) == (119, 160, 4)
    where, turn = link.transform.translation, link.transform.rotation
    found = rigid([where.x, where.y, where.z], [turn.x, turn.y, turn.z, turn.w])
    assert np.allclose(found, inverse(true[19]) @ true[60], atol=1e-9)  # of the robot, not of the camera
    information = np.reshape(link.information, (6, 6))
    assert np.allclose(information, information.T)
    deviation = np.sqrt(np.diag(np.linalg.inv(information)))
    assert deviation[3:] == pytest.approx([np.hypot(0.01, 0.01)] * 3, rel=1e-6)
    assert deviation[0] > np.hypot(0.05, 0.05)  # the camera is above the robot: its rotation counts
