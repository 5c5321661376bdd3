"""The messages and services, as the workspace builds them."""

import subprocess

import pytest

from place_recognition_ros import types
from place_recognition_ros.msg import Descriptor, KidnapState, LoopCandidate, LoopCandidates
from place_recognition_ros.srv import QueryImageRequest, RelocalizeRequest


@pytest.mark.parametrize("enum", [types.Kind, types.Status, types.Reason], ids=lambda enum: enum.__name__)
def test_constants_are_those_of_the_core(enum):
    assert {member.name: getattr(LoopCandidate, member.name) for member in enum} == {
        member.name: member.value for member in enum
    }


def test_relocalize_asks_for_nothing():
    assert RelocalizeRequest.__slots__ == []


def test_query_image_takes_an_image_and_k():
    assert QueryImageRequest.__slots__ == ["image", "k"]


@pytest.mark.parametrize("command", ["rosmsg", "rossrv"])
def test_the_tools_of_ros_know_them(command):
    listing = subprocess.run(
        [command, "package", "place_recognition_ros"], stdout=subprocess.PIPE, check=True
    )
    kind = "msg" if command == "rosmsg" else "srv"
    expected = {"msg": {"LoopCandidate", "LoopCandidates"}, "srv": {"Relocalize", "QueryImage"}}[kind]
    assert {f"place_recognition_ros/{name}" for name in expected} <= set(listing.stdout.decode().split())


def test_a_candidate_survives_a_real_topic(ros):
    received = ros.subscribe("loop_candidates", LoopCandidates, connected=False)
    candidate = LoopCandidate(match_id=2**63, similarity=0.5, confidence=float("nan"), model_id="default-0")
    ros.publisher("loop_candidates", LoopCandidates).publish(
        LoopCandidates(query_id=7, candidates=[candidate])
    )
    (message,) = received.wait(1)
    assert message.query_id == 7
    assert message.candidates[0].match_id == 2**63
    assert message.candidates[0].confidence != message.candidates[0].confidence


def test_descriptors_are_arrays_of_float32():
    assert dict(zip(Descriptor.__slots__, Descriptor._slot_types))["descriptor"] == "float32[]"


def test_kidnap_states():
    assert (KidnapState.TRACKING, KidnapState.LOST, KidnapState.RECOVERED) == (0, 1, 2)
