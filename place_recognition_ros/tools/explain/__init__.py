"""``python3 -m place_recognition_ros.tools.explain``: why was a keyframe of a map matched, or not?"""
