"""Explain why a keyframe of a map was or was not matched: ``python3 -m place_recognition_ros.tools.explain``."""
