"""Which file the map of a node is in."""

import os

from place_recognition_ros.errors import StoreError
from place_recognition_ros.folders import ros_home


def map_file(map_path: str, node: str) -> str:
    """The file of the map; empty: a temporary map.

    Args:
        map_path: the parameter. ``default``: a file with the name of the node in ROS's folder, so that two
            nodes do not share one; its folder is created. ``none``: a temporary map.
        node: full name of the node: ``/place_recognition`` → ``~/.ros/place_recognition.db``.

    Raises:
        StoreError: if there is no folder for the default.
    """
    if map_path != "default":
        return "" if map_path == "none" else map_path
    if not ros_home():
        raise StoreError("expected HOME or ROS_HOME, or ~map_path, for the map. Received: none of them")
    path = os.path.abspath(os.path.join(ros_home(), node.strip("/") + ".db"))
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise StoreError(f"expected a folder for the map '{path}'. Received: {error}") from error
    return path
