"""Messages of robots and server: what is sent arrives; what is not one is refused, whatever it is."""

import json
import struct
import zlib

import numpy as np
import pytest

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet import frame, messages
from place_recognition_ros.fleet.messages import Batch, Loop, Reply
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Candidate, Evidence, Kind, Reason, RelativePose, Status
from tests.fleet.world import CAMERA, MODELS, SIZE, describe


@pytest.fixture
def batch():
    described = [describe(place, 0) for place in range(3)]
    return Batch(
        "robot ä",
        "map",
        MODELS.digest,
        "server",
        7,
        2,
        3,
        "session",
        CAMERA,
        [3, 5, 2**32 - 1],
        [0, 10**18, 2**62],
        np.stack([each[0] for each in described]),
        {5: described[1][1], 1: described[0][1][:0]},
    )


@pytest.fixture
def loop(rng):
    root = rng.standard_normal((6, 6))
    pose = RelativePose(Pose(rng.standard_normal(3), np.array([0.5, 0.5, 0.5, 0.5])), root @ root.T, True)
    found = Candidate(
        Kind.INTER_SESSION, Status.VERIFIED, Reason.NONE, 2**32 - 1, 2, 3, 4, 5, 6, "a", "b",
        Evidence(0.7, 0.2, 90, 60), 0.991, pose,
    )  # fmt: skip
    return Loop(9, found, "map a", "map b", "optical")


def test_a_batch_arrives(batch):
    found = messages.unpack_batch(messages.pack_batch(batch, MODELS.feature_kind), MODELS)
    assert found[:8] == batch[:8]
    assert (found.ids, found.stamps) == (batch.ids, batch.stamps)
    assert np.allclose(found.descriptors, batch.descriptors, atol=0.01)
    assert [(number, len(each)) for number, each in found.views.items()] == [
        (5, len(batch.views[5])),
        (1, 0),
    ]
    assert found.camera[:4] == CAMERA[:4]
    assert np.array_equal(found.camera.intrinsics, CAMERA.intrinsics)


def test_a_batch_may_have_nothing():
    nothing = Batch("a", "map", MODELS.digest)
    found = messages.unpack_batch(messages.pack_batch(nothing, MODELS.feature_kind), MODELS)
    assert found[:11] == nothing[:11]
    assert not found.views


def test_a_reply_arrives(loop):
    reply = Reply("server", 2**32 - 1, True, [1, 5], [loop, loop._replace(number=10)])
    found = messages.unpack_reply(messages.pack_reply(reply))
    assert found[:4] == reply[:4]
    (first, second) = found.loops
    assert (first.number, second.number) == (9, 10)
    assert first[2:] == loop[2:]
    assert first.candidate[:11] == loop.candidate[:11]
    assert first.candidate.evidence[:4] == loop.candidate.evidence[:4]
    pose = first.candidate.pose
    assert np.allclose(pose.pose.position, loop.candidate.pose.pose.position, rtol=1e-5)
    assert np.allclose(pose.covariance, loop.candidate.pose.covariance, rtol=1e-2)
    assert np.array_equal(pose.covariance, pose.covariance.T)


def test_a_loop_may_have_no_pose(loop):
    bare = loop._replace(candidate=loop.candidate._replace(pose=None))
    (found,) = messages.unpack_reply(messages.pack_reply(Reply("server", 0, False, [], [bare]))).loops
    assert found.candidate.pose is None


def test_keyframes_of_other_models_are_refused(batch):
    other = MODELS._replace(model_id="another")
    sent = messages.pack_batch(batch._replace(digest=other.digest), MODELS.feature_kind)
    with pytest.raises(FleetError, match="of the models"):
        messages.unpack_batch(sent, MODELS)


def sent_as(batch, content=None, **changes):
    """The bytes of a batch with other fields, or another content."""
    fields, numbers = frame.unpack(messages.pack_batch(batch, MODELS.feature_kind))
    changed = {**fields._content, **changes}
    return frame.pack(changed, numbers if content is None else content)


@pytest.mark.parametrize(
    "changes",
    [
        {"robot": ""},
        {"robot": 5},
        {"robot": "x" * 201},
        {"robot": "two\nlines"},
        {"map": None},
        {"models": ["x"]},
        {"received": -2},
        {"received": True},
        {"received": 1e3},
        {"after": 2**32},
        {"session": 2**31},
        {"uuid": ""},
        {"count": 0},
        {"count": 65},
        {"count": 4},
        {"camera": []},
        {"camera": {"size": [1], "frame": ""}},
        {"camera": {"size": [0, 1], "frame": ""}},
        {"camera": {"size": [4, 4], "frame": "", "model": "", "k": [1.0], "d": []}},
        {"camera": {"size": [4, 4], "frame": "", "model": "", "k": [1.0] * 8 + [1e9], "d": []}},
        {"views": [5]},
        {"views": [0, 1]},
        {"views": list(range(1, 20))},
        {"counts": [1, 10001]},
        {"counts": [-1, 1]},
    ],
    ids=str,
)
def test_a_field_that_cannot_be_is_refused(batch, changes):
    with pytest.raises(FleetError, match="expected"):
        messages.unpack_batch(sent_as(batch, **changes), MODELS)


@pytest.mark.parametrize("ids", [(3, 3, 4), (4, 3, 5), (0, 1, 2), (1, 2, 2**32)])
def test_ids_have_to_rise(batch, ids):
    _, numbers = frame.unpack(messages.pack_batch(batch, MODELS.feature_kind))
    with pytest.raises(FleetError, match="rising ids"):
        messages.unpack_batch(sent_as(batch, np.array(ids, "<i8").tobytes() + numbers[24:]), MODELS)


@pytest.mark.parametrize(
    "fields",
    [
        {"server": "s", "position": -1},
        {"server": "s", "position": 1.5},
        {"server": "", "position": 1},
        {"position": 1},
        {"server": "s", "position": 1, "wanted": [0]},
        {"server": "s", "position": 1, "wanted": list(range(1, 20))},
        {"server": "s", "position": 1, "loops": {}},
        {"server": "s", "position": 1, "loops": [{}] * 51},
        {"server": "s", "position": 1, "loops": [{}]},
    ],
    ids=str,
)
def test_a_reply_that_cannot_be_is_refused(fields):
    with pytest.raises(FleetError, match="expected"):
        messages.unpack_reply(frame.pack(fields, b""))


@pytest.mark.parametrize("name", ["ids", "stamps", "sessions", "evidence", "counts", "pose", "covariance"])
@pytest.mark.parametrize("value", [[], [1], [float("nan")] * 7, ["x"] * 2, None, [10**400] * 2])
def test_a_loop_that_cannot_be_is_refused(loop, name, value):
    fields = messages.from_loop(loop)
    if value is None and name == "pose":
        return
    fields[name] = value
    with pytest.raises(FleetError, match="expected"):
        messages.to_loop(frame.Fields(fields))


HEAD = struct.Struct("<4sI")


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"PRF1",
        HEAD.pack(b"PRF0", 2) + b"{}",
        HEAD.pack(b"PRF1", 3) + b"{}",
        HEAD.pack(b"PRF1", 2) + b"[]",
        HEAD.pack(b"PRF1", 2) + b"\xff\xff",
        HEAD.pack(b"PRF1", 100000) + b"[" * 100000,
        HEAD.pack(b"PRF1", 2**32 - 1) + b"{}",
        bytes(frame.MAX_PLAIN + 1),
    ],
    ids=len,
)
def test_bytes_that_are_no_message_are_refused(plain):
    with pytest.raises(FleetError, match="expected"):
        frame.unpack(zlib.compress(plain))


def test_bytes_that_are_not_compressed_or_too_many_are_refused():
    for sent in (b"", b"x" * 100, bytes(frame.MAX_SENT + 1)):
        with pytest.raises(FleetError, match="expected"):
            frame.unpack(sent)


def test_damage_is_refused_or_does_no_harm(batch, rng):
    sent = messages.pack_batch(batch, MODELS.feature_kind)
    plain = bytearray(zlib.decompress(sent))
    for _ in range(300):
        damaged = bytearray(plain)
        for at in rng.integers(0, min(len(plain), 700), 3):
            damaged[at] = rng.integers(256)
        try:
            found = messages.unpack_batch(zlib.compress(bytes(damaged)), MODELS)
        except FleetError:
            continue
        assert found.descriptors.shape == (3, SIZE)
        assert np.isfinite(found.descriptors).all()
    for length in range(0, len(sent), 50):
        with pytest.raises(FleetError):
            messages.unpack_batch(sent[:length], MODELS)


def test_fields_are_json():
    fields, content = frame.unpack(frame.pack({"a": 1}, b"xyz"))
    assert json.dumps(fields._content) == '{"a": 1}'
    assert content == b"xyz"
