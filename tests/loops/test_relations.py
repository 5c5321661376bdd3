"""What is kept in the map of the matches between sessions."""

import numpy as np
import pytest

from place_recognition_ros.loops.relations import Relations
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, Candidate, Evidence, Keyframe, Kind, Reason, Status, WorldPose


@pytest.fixture
def store(tmp_path):
    store = KeyframeStore(str(tmp_path / "map.db"), "small-0123456789ab", 8, "orb")
    yield store
    store.close()


def at(x):
    return Pose(np.array([x, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))


def match(stamp, x=0.0, session=2, older=1):
    """An accepted match with the older session, in whose world the camera is at x metres."""
    fields = (Kind.INTER_SESSION, Status.VERIFIED, Reason.NONE, 0, 1, stamp, 0, session, older, "", "")
    pose = WorldPose(at(x), np.eye(6), "map")
    return Candidate(*fields, Evidence(0.9, 0.1), world_pose=pose)


def keyframe(stamp):
    """At the origin of the world of its session."""
    return Keyframe(None, stamp, at(0.0), Camera(640, 480, "optical"), "optical", "odom")


def learn(relations, *matches):
    for each in matches:
        relations.learn([each], [], keyframe(each.query_stamp))


def test_a_retraction_leaves_sessions_tied_by_the_other_matches_also_after_a_restart(store):
    first, second = match(1, 5.0), match(2, 6.0)
    relations = Relations(store)
    learn(relations, first, second)
    store.save()
    relations.learn([], [first], keyframe(3))
    store.save()
    for each in (relations, Relations(store)):
        found = each.locate([match(4, 7.0, session=3, older=2)])
        assert (found.frame_id, found.pose.position[0]) == ("", 13.0)  # the frame of session 1 is not stored


def test_few_of_many_matches_are_kept_in_the_map(store):
    relations = Relations(store)
    learn(relations, *(match(stamp, stamp) for stamp in range(1, 30)))
    store.save()
    ties = store.learned.ties()
    assert len(ties) <= 5
    assert (ties[0].query_stamp, ties[-1].query_stamp) == (1, 29)
