"""What the SLAM front end reports, and what the node publishes of it."""

import pytest
from nav_msgs.msg import Odometry
from std_msgs.msg import Bool

from place_recognition_ros.msg import KidnapState, LoopCandidates
from place_recognition_ros.types import Kind, TrackingState
from tests.ros.camera import BACK, FRAME, NODE, PARAMETERS, THERE, Camera, Diagnostics, stored, to_image


def test_constants_are_those_of_the_core():
    for state in TrackingState:
        assert getattr(KidnapState, "STATE_" + state.name) == state


def test_lost_and_recovered(ros, start_node):
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    tracking = ros.publisher("tracking_ok", Bool)
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    camera = Camera(ros)
    camera.walk(THERE)
    assert [(each.state, each.session) for each in states.wait(1)] == [(KidnapState.STATE_TRACKING, 1)]

    tracking.publish(False)
    lost = states.wait(2)[1]
    assert (lost.state, lost.session) == (KidnapState.STATE_LOST, 2)
    assert lost.since.to_sec() > 0
    while_lost = camera.show(THERE[7][::-1])
    assert while_lost.query_id == 0, "searched for, but not stored"

    tracking.publish(True)
    assert states.wait(3)[2].state == KidnapState.STATE_TRACKING
    camera.walk(BACK)
    (recovered,) = states.wait(4)[3:]
    assert (recovered.state, recovered.session) == (KidnapState.STATE_RECOVERED, 2)

    first, second = loops.wait(2)[:2]
    assert first.candidates[0].kind == Kind.KIDNAP_RECOVERY
    assert (first.candidates[0].match_id, first.candidates[0].match_session) == (1, 1)
    assert first.candidates[0].query_session == 2
    assert recovered.since == first.header.stamp
    assert recovered.header.stamp.to_sec() > 10**9, "when it was published, not when the state was entered"
    assert recovered.header.frame_id == FRAME
    assert second.candidates[0].kind == Kind.INTER_SESSION


def test_the_state_is_latched(ros, start_node):
    start_node(**PARAMETERS)
    ros.publisher("tracking_ok", Bool).publish(False)
    ros.subscribe(NODE + "/kidnap_state", KidnapState).wait_for(
        lambda each: each.state == KidnapState.STATE_LOST
    )
    late = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    assert late.wait(1)[0].state == KidnapState.STATE_LOST


def test_after_a_clock_jump_the_latched_state_has_the_new_session(ros, start_node):
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    Camera(ros, start=5000).walk(THERE[:2])
    Camera(ros, start=1000).walk(THERE[:1])
    late = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    for latched in (states.wait(2)[-1], late.wait(1)[0]):
        assert (latched.state, latched.session) == (KidnapState.STATE_TRACKING, 2)
        assert latched.since.to_sec() == pytest.approx(1001, abs=1)


class Robot:
    """Drives along x, one metre per second, and publishes it on odom."""

    def __init__(self, ros):
        self._odometry = ros.publisher("odom", Odometry)

    def drive(self, start, stop):
        """Publish the odometry of each of these seconds; fewer than the publisher's queue holds."""
        for second in range(start, stop):
            message = Odometry()
            message.header.stamp = to_image(THERE[0], second).header.stamp
            message.pose.pose.position.x = second - start
            message.pose.pose.orientation.w = 1.0
            self._odometry.publish(message)


def test_motion_picks_keyframes_and_their_poses_are_stored(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, min_motion_m=1.9, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    camera = Camera(ros)
    robot = Robot(ros)
    robot.drive(1000, 1008)
    diagnostics.wait({"odometry poses": 8})  # nothing else shows that they arrived before the images
    camera.now = 1001.0
    camera.show(THERE[0])
    camera.send(to_image(THERE[1], 1003))  # one metre
    diagnostics.wait({"not moved": 1})
    camera.now = 1004.0
    camera.show(THERE[2])
    assert node.stop() == 0
    rows = stored(path)
    assert [stamp // 10**9 for _, _, stamp, _ in rows] == [1002, 1005]
    assert [pose for *_, pose in rows] == [
        pytest.approx((2, 0, 0, 0, 0, 0, 1)),
        pytest.approx((5, 0, 0, 0, 0, 0, 1)),
    ]


def test_rate_picks_keyframes(ros, start_node):
    start_node(max_rate_hz=0.5, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    camera = Camera(ros)
    camera.show(THERE[0])
    camera.send(to_image(THERE[1], camera.now + 1.0))
    diagnostics.wait({"sooner than max_rate_hz": 1})
    camera.now += 1.0
    assert camera.show(THERE[2]).query_id == 2
