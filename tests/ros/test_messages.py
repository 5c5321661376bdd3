"""The generated messages and services, and the conversion of results to messages."""

import io
import math
import subprocess

import numpy as np
import pytest

from place_recognition_ros import types
from place_recognition_ros.msg import Descriptor, KidnapState, LoopCandidate, LoopCandidates
from place_recognition_ros.poses import Pose
from place_recognition_ros.ros import messages
from place_recognition_ros.srv import QueryImageRequest, RelocalizeRequest


@pytest.mark.parametrize("enum", [types.Kind, types.Status, types.Reason], ids=lambda enum: enum.__name__)
def test_candidate_constants_equal_the_enums(enum):
    for member in enum:
        assert getattr(LoopCandidate, f"{enum.__name__.upper()}_{member.name}") == member


def test_kidnap_state_constants_equal_the_enum():
    for state in types.TrackingState:
        assert getattr(KidnapState, "STATE_" + state.name) == state


def test_a_relocalize_request_has_no_fields():
    assert RelocalizeRequest.__slots__ == []


def test_a_query_image_request_has_an_image_and_k():
    assert QueryImageRequest.__slots__ == ["image", "k"]


@pytest.mark.parametrize("command", ["rosmsg", "rossrv"])
def test_rosmsg_and_rossrv_list_the_types(command):
    listing = subprocess.run(
        [command, "package", "place_recognition_ros"], stdout=subprocess.PIPE, check=True
    )
    kind = "msg" if command == "rosmsg" else "srv"
    expected = {"msg": {"LoopCandidate", "LoopCandidates"}, "srv": {"Relocalize", "QueryImage"}}[kind]
    assert {f"place_recognition_ros/{name}" for name in expected} <= set(listing.stdout.decode().split())


def test_a_candidate_is_transmitted_unchanged(ros):
    received = ros.subscribe("loop_candidates", LoopCandidates, connected=False)
    candidate = LoopCandidate(match_id=2**63, similarity=0.5, confidence=float("nan"), model_id="default-0")
    ros.publisher("loop_candidates", LoopCandidates).publish(
        LoopCandidates(query_id=7, candidates=[candidate])
    )
    (message,) = received.wait(1)
    assert message.query_id == 7
    assert message.candidates[0].match_id == 2**63
    assert math.isnan(message.candidates[0].confidence)


def test_the_descriptor_field_is_float32():
    assert dict(zip(Descriptor.__slots__, Descriptor._slot_types))["descriptor"] == "float32[]"


def result_of(*candidates):
    """A QueryResult with these candidates, taken at 3.000000005 s."""
    query = types.Query(7, 3 * 10**9 + 5, 2, "r2", "optical", np.ones(4, np.float32) / 2)
    tracking = types.Tracking(types.TrackingState.TRACKING, 0, 2)
    return types.QueryResult(query, list(candidates), tracking, types.Count.STORED, "a map", "a model")


def candidate_of(status=types.Status.VERIFIED, **fields):
    return types.Candidate(
        *(types.Kind.INTER_SESSION, status, types.Reason.NONE, 7, 4, 3 * 10**9 + 5, 10**9),
        *(2, 1, "r2", "r1", 0.75, 0.25),
        **fields,
    )


POSE = Pose(np.array([1.0, 2.0, 3.0]), np.array([0.5, -0.5, 0.5, 0.5]))
COVARIANCE = np.arange(36.0).reshape(6, 6)


@pytest.mark.parametrize("scale_known", [False, True])
def test_a_relative_pose_is_converted_with_its_covariance(scale_known):
    candidate = candidate_of(pose=types.RelativePose(POSE, COVARIANCE, scale_known))
    (found,) = messages.from_result(result_of(candidate)).candidates
    assert (found.pose_valid, found.scale_known) == (True, scale_known)
    assert list(found.pose_match_query.covariance) == list(range(36))
    converted = messages.to_pose(found.pose_match_query.pose)
    assert [each.tolist() for each in converted] == [each.tolist() for each in POSE]
    found.serialize(io.BytesIO())


def test_without_a_relative_pose_none_is_valid():
    (found,) = messages.from_result(result_of(candidate_of())).candidates
    assert (found.pose_valid, found.scale_known) == (False, False)


def test_the_pose_in_the_world_is_that_of_the_best_accepted_candidate_that_has_one():
    places = [
        types.WorldPose(POSE._replace(position=np.full(3, x)), COVARIANCE, frame)
        for x, frame in ((1.0, "odom"), (2.0, ""), (3.0, "map"), (4.0, "odom"))
    ]
    rejected = candidate_of(types.Status.REJECTED, world_pose=places[0])
    without = [candidate_of(), candidate_of(world_pose=places[1])]
    accepted = [candidate_of(world_pose=each) for each in places[2:]]
    found = messages.from_world_pose(result_of(rejected, *without, *accepted))
    assert (found.header.frame_id, found.header.stamp.to_nsec()) == ("map", 3 * 10**9 + 5)
    assert found.pose.pose.position.x == 3.0
    assert list(found.pose.covariance) == list(range(36))
    assert messages.from_world_pose(result_of(rejected, *without)) is None


def test_a_result_is_converted_to_one_message():
    descriptor = np.ones(4, np.float32) / 2
    query = types.Query(7, 3 * 10**9 + 5, 2, "r2", "optical", descriptor)
    candidate = types.Candidate(
        *(types.Kind.INTER_SESSION, types.Status.VERIFIED, types.Reason.NONE, 7, 4, 3 * 10**9 + 5, 10**9),
        *(2, 1, "r2", "r1", 0.75, 0.25),
        matches=90,
        inliers=80,
    )
    tracking = types.Tracking(types.TrackingState.TRACKING, 0, 2)
    result = types.QueryResult(query, [candidate], tracking, types.Count.STORED, "a map", "a model")
    message = messages.from_result(result)
    (found,) = message.candidates
    assert (message.query_id, message.header) == (7, found.header)
    assert (message.header.stamp.secs, message.header.stamp.nsecs, message.header.frame_id) == (
        3,
        5,
        "optical",
    )
    assert (found.kind, found.status, found.query_robot, found.match_robot) == (2, 2, "r2", "r1")
    assert (found.match_id, found.match_stamp.to_sec(), found.map_id, found.model_id) == (
        *(4, 1.0, "a map", "a model"),
    )
    assert math.isnan(found.confidence)
    fields = set(LoopCandidate.__slots__) - {"pose_valid", "scale_known", "pose_match_query"}
    assert fields - {"header", "match_stamp", "map_id", "model_id"} == set(candidate._fields) - {
        *("query_stamp", "match_stamp", "pose", "world_pose"),
    }, "a field of the message is not set"
    assert messages.from_query(query, result).descriptor == [0.5] * 4


@pytest.mark.parametrize(
    "outcome, query, text",
    [
        (types.Count.QUERY, False, "no usable keyframe has arrived"),
        (types.Count.FEW_FEATURES, True, "too few local features"),
        (types.Count.QUERY, True, "no earlier keyframes"),
    ],
)
def test_without_candidates_the_description_contains_the_reason(outcome, query, text):
    tracking = types.Tracking(types.TrackingState.TRACKING, 0, 1)
    query = types.Query(0, 1, 1, "", "", np.zeros(1)) if query else None
    assert text in messages.describe(types.QueryResult(query, [], tracking, outcome, "", ""))
