#!/usr/bin/env python3
"""Prints the loop closures that place_recognition_ros finds; put your pose graph where the comments say.

source .ws/devel/setup.bash && python3 docs/examples/loop_listener.py
"""

import rospy

from place_recognition_ros.msg import LoopCandidate, LoopCandidates, LoopRetraction


def take_loops(message):
    for candidate in message.candidates:
        same = "same" if candidate.kind == LoopCandidate.KIND_LOOP_CLOSURE else "another"
        query, match = candidate.header.stamp.to_sec(), candidate.match_stamp.to_sec()
        rospy.loginfo(
            f"{query:.3f} s shows the place of {match:.3f} s ({same} session), "
            f"similarity {candidate.similarity:.2f}, {candidate.inliers} inliers, "
            f"confidence {candidate.confidence:.4f}"
        )
        if candidate.pose_valid:
            where = candidate.pose_match_query.pose.position  # of the query camera, in the match camera
            unit = "m" if candidate.scale_known else "(direction only)"
            rospy.loginfo(
                f"relative pose: right {where.x:.2f}, down {where.y:.2f}, forward {where.z:.2f} {unit}"
            )
        # pose_graph.add_loop(candidate.header.stamp, candidate.match_stamp, candidate.pose_match_query)


def take_back(message):
    query, match = message.query_stamp.to_sec(), message.match_stamp.to_sec()
    rospy.loginfo(f"{query:.3f} s does not show the place of {match:.3f} s after all")
    # pose_graph.remove_loop(message.query_stamp, message.match_stamp)


if __name__ == "__main__":
    rospy.init_node("loop_listener_python")
    rospy.Subscriber("loop_candidates", LoopCandidates, take_loops)
    rospy.Subscriber("place_recognition/retractions", LoopRetraction, take_back)
    rospy.spin()
