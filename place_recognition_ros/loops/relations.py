"""What accepted matches tell of the worlds of sessions, and where the camera is in the oldest of them."""

from typing import Optional, Sequence

from place_recognition_ros.memory.schema import in_camera
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.memory.worlds import Tie, Worlds
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Candidate, Keyframe, WorldPose


class Relations:
    """Keeps the ties between sessions in the map.

    Args:
        store: the map.
    """

    def __init__(self, store: KeyframeStore) -> None:
        self._store = store
        self._frames = {number: session.frame for number, session in store.sessions().items()}
        self.worlds = Worlds(store.learned.ties())
        """Which sessions matches connect; not to be changed."""

    def learn(
        self, accepted: Sequence[Candidate], retracted: Sequence[Candidate], keyframe: Keyframe
    ) -> None:
        """Take the matches that were accepted for a keyframe, and those that were retracted."""
        learned = self._store.learned
        for gone in retracted:
            for tie in self.worlds.remove(gone.query_session, gone.query_stamp, gone.match_id):
                learned.untie(tie)
        camera = in_camera(keyframe.pose, keyframe.pose_frame, keyframe.base_to_camera, keyframe.camera)
        for each in accepted:
            if keyframe.world_frame:
                self._frames[each.query_session] = keyframe.world_frame
            tie = _tie(each, camera)
            if tie.session != tie.older:
                needless = self.worlds.add(tie)
                learned.tie(tie)
                if needless is not None:
                    learned.untie(needless)

    def locate(self, accepted: Sequence[Candidate]) -> Optional[WorldPose]:
        """The camera in the oldest world that is known, by the best match with a pose; None: no match has."""
        best = next((each for each in accepted if each.world_pose is not None), None)
        if best is None or best.world_pose is None:
            return None
        pose, covariance, frame_id = best.world_pose[:3]
        root = self.worlds.root(best.match_session)
        if root != best.match_session:
            pose, covariance = self.worlds.to_root(best.match_session, pose, covariance)
            frame_id = self._frames.get(root, "")
        return WorldPose(pose, covariance, frame_id, best.query_stamp)


def _tie(candidate: Candidate, camera: Optional[Pose]) -> Tie:
    tie = Tie(candidate.query_session, candidate.match_session, candidate.query_stamp, candidate.match_id)
    found = candidate.world_pose
    return tie if camera is None or found is None else tie.located(camera, found.pose, found.covariance)
