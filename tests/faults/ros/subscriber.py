#!/usr/bin/env python3
"""Subscribes to what a node publishes, and reports the first message. Argument: name of the node."""

import sys

import rospy

TOPICS = ("queries", "descriptor", "kidnap_state", "retractions", "pose")

if __name__ == "__main__":
    rospy.init_node("subscriber", anonymous=True)
    for topic in [f"{sys.argv[1]}/{name}" for name in TOPICS] + ["/loop_candidates", "/diagnostics"]:
        rospy.Subscriber(topic, rospy.AnyMsg, lambda _: print("received", flush=True))
    rospy.spin()
