"""The topics that the node publishes."""

from typing import Optional

import rospy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseWithCovarianceStamped

from place_recognition_ros.msg import Descriptor, KidnapState, LoopCandidate, LoopCandidates, LoopRetraction
from place_recognition_ros.ros import clock, messages
from place_recognition_ros.types import Count, Kind, QueryResult, Tracking, TrackingState


class Publishers:
    """Publishes results, which hold everything that is in a message."""

    def __init__(self) -> None:
        self._loops = rospy.Publisher("loop_candidates", LoopCandidates, queue_size=100)
        self._retractions = rospy.Publisher("~retractions", LoopRetraction, queue_size=100)
        self._queries = rospy.Publisher("~queries", LoopCandidates, queue_size=10)
        self._descriptors = rospy.Publisher("~descriptor", Descriptor, queue_size=10)
        self._poses = rospy.Publisher("~pose", PoseWithCovarianceStamped, queue_size=10)
        self._kidnap = rospy.Publisher("~kidnap_state", KidnapState, queue_size=10, latch=True)
        self._diagnostics = rospy.Publisher("/diagnostics", DiagnosticArray, queue_size=1)
        self._tracking: Optional[Tracking] = None  # as published
        self._frame_id = ""  # of the newest image

    def result(self, result: QueryResult) -> None:
        """One message on ~queries for each keyframe, an empty one for an image without enough features."""
        query = result.query
        if query is None:
            return
        every = messages.from_result(result)
        self._queries.publish(every)
        for retraction in messages.from_retracted(result):
            self._retractions.publish(retraction)
        for earlier in messages.from_confirmed(result):
            self._loops.publish(earlier)
        accepted = [each for each, one in zip(every.candidates, result.candidates) if one.accepted]
        if accepted:
            self._loops.publish(
                LoopCandidates(header=every.header, query_id=every.query_id, candidates=accepted)
            )
        pose = messages.from_world_pose(result)
        if pose is not None:
            self._poses.publish(pose)
        if result.outcome != Count.FEW_FEATURES and self._descriptors.get_num_connections():
            self._descriptors.publish(messages.from_query(query, result.map_id, result.model_id))
        self._frame_id = query.frame_id
        recoveries = [each for each in accepted if each.kind == Kind.KIDNAP_RECOVERY]
        self.tracking(result.tracking, recoveries[0] if recoveries else None)

    def tracking(self, tracking: Tracking, recovery: Optional[LoopCandidate] = None) -> None:
        """The kidnap state, when it or the session has changed; ``recovery``: the match that ended it."""
        before, self._tracking = self._tracking, tracking
        if tracking == before:
            return
        if before and tracking.lost != before.lost and tracking.state != TrackingState.LOST:
            short = tracking._replace(state=TrackingState.LOST, since=tracking.lost)
            self._publish(short, None)
        self._publish(tracking, recovery)

    def _publish(self, tracking: Tracking, recovery: Optional[LoopCandidate]) -> None:
        self._kidnap.publish(
            KidnapState(
                header=messages.header(clock.now(), self._frame_id),
                state=int(tracking.state),
                session=tracking.session,
                since=messages.to_time(tracking.since),
                cause=tracking.cause.value,
                candidate=recovery or LoopCandidate(),
            )
        )

    def diagnostics(self, report: DiagnosticArray) -> None:
        self._diagnostics.publish(report)
