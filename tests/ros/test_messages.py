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
        *(2, 1, "r2", "r1", types.Evidence(0.75, 0.25, matches=90, inliers=80)),
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


def test_the_pose_in_the_world_is_converted_with_its_covariance_and_stamp():
    pose = types.WorldPose(POSE, COVARIANCE, "map", 2 * 10**9 + 4)
    found = messages.from_world_pose(result_of()._replace(pose=pose))
    assert (found.header.frame_id, found.header.stamp.to_nsec()) == ("map", 2 * 10**9 + 4)
    converted = messages.to_pose(found.pose.pose)
    assert [each.tolist() for each in converted] == [each.tolist() for each in POSE]
    assert list(found.pose.covariance) == list(range(36))
    found.serialize(io.BytesIO())


def test_a_pose_that_is_not_known_or_in_a_world_without_a_name_is_not_published():
    assert messages.from_world_pose(result_of()) is None
    pose = types.WorldPose(POSE, COVARIANCE, "")
    assert messages.from_world_pose(result_of()._replace(pose=pose)) is None


def test_the_description_names_all_places_that_fit_equally():
    equal = candidate_of(types.Status.REJECTED)._replace(reason=types.Reason.AMBIGUOUS)
    both = [equal, equal._replace(match_id=9, match_session=3)]
    other = equal._replace(match_id=11, reason=types.Reason.OUTRANKED)
    assert messages.describe(result_of(*both, other)) == (
        "no place: 2 places fit equally, keyframe 4 of session 1 and keyframe 9 of session 3; move the camera"
    )
    assert messages.describe(result_of(equal)).endswith("rejected: AMBIGUOUS; move the camera")


def test_a_result_is_converted_to_one_message():
    descriptor = np.ones(4, np.float32) / 2
    query = types.Query(7, 3 * 10**9 + 5, 2, "r2", "optical", descriptor)
    candidate = candidate_of(confidence=0.995)
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
    assert found.confidence == pytest.approx(0.995)
    assert (found.matches, found.inliers) == (90, 80)
    copied = set(LoopCandidate.__slots__) - {"pose_valid", "scale_known", "pose_match_query"}
    for name in copied - {"header", "match_stamp", "map_id", "model_id"}:
        assert getattr(found, name) == pytest.approx(getattr(candidate, name)), name
    assert messages.from_query(query, result.map_id, result.model_id).descriptor == [0.5] * 4


def test_confirmed_candidates_have_the_stamps_of_their_queries():
    earlier = [candidate_of(confidence=0.99)._replace(query_id=n, query_stamp=n * 10**9) for n in (6, 5, 6)]
    result = result_of()._replace(confirmed=earlier)
    first, second = messages.from_confirmed(result)
    assert [(each.query_id, each.header.stamp.to_sec()) for each in (first, second)] == [(5, 5.0), (6, 6.0)]
    assert [len(each.candidates) for each in (first, second)] == [1, 2]
    for message in (first, second):
        for each in message.candidates:
            assert (each.header, each.query_id) == (message.header, message.query_id)
            assert each.status == LoopCandidate.STATUS_VERIFIED
    assert messages.from_confirmed(result_of()) == []


def test_a_retraction_names_the_candidate_and_the_keyframe_that_refuted_it():
    gone = candidate_of()._replace(query_id=3, query_stamp=10**9 + 1, reason=types.Reason.CONTRADICTED)
    (found,) = messages.from_retracted(result_of()._replace(retracted=[gone]))
    assert (found.header.stamp.to_nsec(), found.header.frame_id) == (3 * 10**9 + 5, "optical")
    assert (found.query_stamp.to_nsec(), found.match_stamp.to_nsec()) == (10**9 + 1, 10**9)
    assert (found.kind, found.reason, found.map_id) == (types.Kind.INTER_SESSION, gone.reason, "a map")
    for name in ("query_id", "match_id", "query_session", "match_session", "query_robot", "match_robot"):
        assert getattr(found, name) == getattr(gone, name)
    assert messages.from_retracted(result_of()) == []


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
