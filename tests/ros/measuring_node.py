#!/usr/bin/env python3
"""The node with a geometry whose pose tells what it was measured from.

x: focal length of the query's camera; y and z: median depth of the query's and of the match's features. The
scale is known if both depths are.
"""

import sys

import numpy as np

from place_recognition_ros.loops import examination
from place_recognition_ros.poses import Pose
from place_recognition_ros.ros.node import main
from place_recognition_ros.types import RelativePose

measure = examination.measure


def median_depth(view):
    depth = view.features["depth"]
    return float(np.median(depth[np.isfinite(depth)])) if np.isfinite(depth).any() else 0.0


def measure_inputs(query, match, *settings):
    geometry = measure(query, match, *settings)
    cameras = [view.camera is not None and view.camera.intrinsics is not None for view in (query, match)]
    if not all(cameras):
        return geometry._replace(pose=None)
    depths = median_depth(query), median_depth(match)
    position = np.array([query.camera.intrinsics[0, 0], *depths])
    pose = RelativePose(Pose(position, np.array([0.0, 0, 0, 1])), np.diag(np.arange(1.0, 7)), all(depths))
    return geometry._replace(pose=pose)


examination.measure = measure_inputs

if __name__ == "__main__":
    sys.exit(main())
