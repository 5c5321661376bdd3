"""Tracking state and odometry of the SLAM front end."""

import time

import pytest
from nav_msgs.msg import Odometry
from std_msgs.msg import Bool, Int32

from place_recognition_ros.msg import KidnapState, LoopCandidates
from place_recognition_ros.types import Kind
from tests.ros.camera import (
    BACK,
    FRAME,
    NODE,
    PARAMETERS,
    THERE,
    Camera,
    Diagnostics,
    stored,
    to_image,
    to_time,
)


def test_a_kidnap_is_recovered_by_a_match_in_the_earlier_session(ros, start_node):
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    tracking = ros.publisher("tracking_ok", Bool)
    loops = ros.subscribe("loop_candidates", LoopCandidates)
    camera = Camera(ros)
    camera.publish_sequence(THERE)
    assert [(each.state, each.session) for each in states.wait(1)] == [(KidnapState.STATE_TRACKING, 1)]

    tracking.publish(False)
    lost = states.wait(2)[1]
    assert (lost.state, lost.session) == (KidnapState.STATE_LOST, 2)
    assert lost.since.to_sec() > 0
    assert lost.header.frame_id == FRAME
    while_lost = camera.publish_and_wait(THERE[7][::-1])
    assert while_lost.query_id == 0, "a keyframe was stored while tracking was lost"

    tracking.publish(True)
    assert states.wait(3)[2].state == KidnapState.STATE_TRACKING
    camera.publish_sequence(BACK)
    (recovered,) = states.wait(4)[3:]
    assert (recovered.state, recovered.session) == (KidnapState.STATE_RECOVERED, 2)

    first, second = loops.wait(2)[:2]
    assert (lost.cause, lost.candidate.match_id) == ("tracking_ok", 0)
    assert recovered.candidate == first.candidates[0]
    assert first.candidates[0].kind == Kind.KIDNAP_RECOVERY
    assert (first.candidates[0].match_id, first.candidates[0].match_session) == (1, 1)
    assert first.candidates[0].query_session == 2
    assert recovered.since == first.header.stamp
    assert recovered.header.stamp.to_sec() > 10**9, "the stamp is not the time of publication"
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
    Camera(ros, start=5000).publish_sequence(THERE[:2])
    Camera(ros, start=1000).publish_sequence(THERE[:1])
    late = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    for latched in (states.wait(2)[-1], late.wait(1)[0]):
        assert (latched.state, latched.session) == (KidnapState.STATE_TRACKING, 2)
        assert latched.since.to_sec() == pytest.approx(1001, abs=1)


def publish_odometry(ros, start, stop):
    """Publish the odometry of a robot that moves along x at 1 m/s, one message per second."""
    publisher = ros.publisher("odom", Odometry)
    for second in range(start, stop):
        message = Odometry()
        message.header.stamp = to_time(second)
        message.pose.pose.position.x = second - start
        message.pose.pose.orientation.w = 1.0
        publisher.publish(message)


def test_keyframes_are_picked_by_motion_and_stored_with_their_poses(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, min_motion_m=1.9, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    camera = Camera(ros)
    publish_odometry(ros, 1000, 1008)
    diagnostics.wait({"odometry poses": 8})  # they must arrive before the images
    camera.now = 1001.0
    camera.publish_and_wait(THERE[0])
    camera.publish(to_image(THERE[1], 1003))  # 1 m after the last keyframe
    diagnostics.wait({"not moved": 1})
    camera.now = 1004.0
    camera.publish_and_wait(THERE[2])
    assert node.stop() == 0
    rows = stored(path)
    assert [stamp // 10**9 for _, _, stamp, _ in rows] == [1002, 1005]
    assert [pose for *_, pose in rows] == [
        pytest.approx((2, 0, 0, 0, 0, 0, 1)),
        pytest.approx((5, 0, 0, 0, 0, 0, 1)),
    ]


def test_keyframes_are_picked_by_rate(ros, start_node):
    start_node(max_rate_hz=0.5, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    camera = Camera(ros)
    camera.publish_and_wait(THERE[0])
    camera.publish(to_image(THERE[1], camera.now + 1.0))
    diagnostics.wait({"sooner than max_rate_hz": 1})
    camera.now += 1.0
    assert camera.publish_and_wait(THERE[2]).query_id == 2


def test_without_an_orientation_the_position_of_odometry_is_used(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    odometry = ros.publisher("odom", Odometry)
    message = Odometry()  # its quaternion is zero
    message.header.stamp, message.pose.pose.position.x = to_time(1001), 3.0
    odometry.publish(message)
    Diagnostics(ros).wait({"odometry poses": 1})
    Camera(ros).publish_and_wait(THERE[0])
    assert node.stop() == 0
    assert [pose for *_, pose in stored(path)] == [pytest.approx((3, 0, 0, 0, 0, 0, 1))]


def test_odometry_that_no_robot_has_is_not_used(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(map_path=path, **PARAMETERS)
    odometry = ros.publisher("odom", Odometry)
    message = Odometry()
    message.header.stamp, message.pose.pose.position.x = to_time(1001), 1e10
    message.pose.pose.orientation.w = 1.0
    odometry.publish(message)
    message.header.stamp, message.pose.pose.position.x = to_time(1), 3.0
    odometry.publish(message)  # far from the image in time; only shows that both have arrived
    Diagnostics(ros).wait({"odometry poses": 1})
    Camera(ros).publish_and_wait(THERE[0])
    assert node.stop() == 0
    assert [pose for *_, pose in stored(path)] == [None]
    assert "odom: expected finite positions" in node.log


def test_tracking_that_flickers_is_no_kidnap(ros, start_node):
    """Ten short losses while the camera drives on, one before each keyframe, stamped by the clock."""
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    tracking = ros.publisher("tracking_ok", Bool)
    camera = Camera(ros)
    for image in THERE[:5] * 2:
        tracking.publish(False)
        time.sleep(0.05)
        tracking.publish(True)
        camera.now = time.time()
        camera.publish(to_image(image, camera.now))
        camera.result(camera.now)
    time.sleep(3)
    assert [(each.state, each.session) for each in states.messages] == [(KidnapState.STATE_TRACKING, 1)]


def test_a_loss_is_reported_although_no_image_comes(ros, start_node):
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    tracking = ros.publisher("tracking_ok", Bool)
    Camera(ros).publish_sequence(THERE[:3])
    tracking.publish(False)
    (lost,) = [each for each in states.wait(2) if each.state == KidnapState.STATE_LOST]
    assert lost.session == 2


def test_after_the_front_end_has_ended_keyframes_are_stored_again(ros, start_node):
    node = start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    tracking = ros.publisher("tracking_ok", Bool)
    camera = Camera(ros)
    camera.publish_sequence(THERE[:2])
    tracking.publish(False)
    states.wait_for(lambda each: each.state == KidnapState.STATE_LOST)
    tracking.unregister()
    (found,) = states.wait(3, timeout=30)[2:]
    assert (found.state, found.session) == (KidnapState.STATE_TRACKING, 2)
    assert camera.publish_and_wait(THERE[5]).query_id == 3
    assert "/tracking_ok has no publisher: its last report, tracking is lost, counts no more" in node.log


def test_too_few_tracked_features_are_a_loss(ros, start_node):
    start_node(min_tracked_features=15, **PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    features = ros.publisher("tracked_features", Int32)
    Camera(ros).publish_sequence(THERE[:3])
    features.publish(15)
    features.publish(14)
    lost = states.wait(2)[1]
    assert (lost.state, lost.cause, lost.session) == (KidnapState.STATE_LOST, "tracked_features", 2)
    features.publish(80)
    assert states.wait(3)[2].state == KidnapState.STATE_TRACKING


def test_images_that_stop_are_a_loss(ros, start_node):
    start_node(session_gap_s=4.0, **PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    camera = Camera(ros)
    camera.publish_sequence(THERE[:3])
    lost = states.wait(2, timeout=30)[1]
    assert (lost.state, lost.cause) == (KidnapState.STATE_LOST, "images")
    assert lost.since.to_sec() == camera.now
    camera.now += 20
    camera.publish_sequence(THERE[3:4])
    assert states.wait(3)[2].state == KidnapState.STATE_TRACKING


def test_a_clock_that_is_set_forward_is_no_loss(ros, start_node):
    """The camera goes on at 5 Hz; its clock is an hour later."""
    start_node(session_gap_s=4.0, **PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    camera = Camera(ros)
    for offset in (0.0, 3600.0):
        for row in range(6):
            camera.now = time.time() + offset
            camera.publish(to_image(THERE[row], camera.now))
            time.sleep(0.2)
    camera.result(camera.now)
    assert [(each.state, each.session) for each in states.messages] == [(KidnapState.STATE_TRACKING, 1)]
    time.sleep(6.0)
    assert states.wait(2)[1].state == KidnapState.STATE_LOST, "it has stopped"


def test_a_jump_of_odometry_begins_a_session(ros, start_node):
    start_node(**PARAMETERS)
    states = ros.subscribe(NODE + "/kidnap_state", KidnapState)
    diagnostics = Diagnostics(ros)
    camera = Camera(ros)
    odometry = ros.publisher("odom", Odometry)
    for second, x, usable in ((1001, 0, 1), (1002, 1, 2), (1003, 5000, 2), (1004, 5001, 4)):
        message = Odometry()
        message.header.stamp, message.pose.pose.position.x = to_time(second), x
        message.pose.pose.orientation.w = 1.0
        odometry.publish(message)
        diagnostics.wait({"odometry poses": usable})
        if second != 1003:  # a jump counts when the next pose confirms it
            camera.now = second - 1.0
            camera.publish_and_wait(THERE[second - 1001])
    assert [(each.state, each.session, each.cause) for each in states.wait(2)[-1:]] == [
        (KidnapState.STATE_TRACKING, 2, "odom")
    ]
