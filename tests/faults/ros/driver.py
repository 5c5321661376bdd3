#!/usr/bin/env python3
"""A camera driver: publishes images on keyframe at 10 Hz. Argument: the first stamp in seconds."""

import sys

import rospy
from sensor_msgs.msg import Image

from tests.ros.camera import THERE, to_image

if __name__ == "__main__":
    rospy.init_node("driver")
    publisher = rospy.Publisher("keyframe", Image, queue_size=1)
    rate = rospy.Rate(10)
    print("publishing", flush=True)
    for number in range(10**6):
        if rospy.is_shutdown():
            break
        publisher.publish(to_image(THERE[number % len(THERE)], float(sys.argv[1]) + 0.1 * number))
        rate.sleep()
