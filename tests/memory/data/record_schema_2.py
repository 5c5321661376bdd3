"""How map_schema_2.sqlite.gz was recorded, by revision 6553ab1, the last one that wrote schema 2.

In a checkout of that revision: ``PYTHONPATH=. python3 record_schema_2.py OUTPUT_FOLDER``. Two sessions of the
rendered drive, with a camera and its mounting. map_schema_2.json holds its content.
"""

import csv
import json
import os
import sys

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import Camera, Keyframe

FRAMES = (40, 46, 121, 127)  # of the drive; the third one begins a session
SIZE = (144, 108)  # pixels
INTRINSICS = np.array([[95.0, 0, 71.5], [0, 95, 53.5], [0, 0, 1]])
MOUNTING = Pose(np.array([0.1, 0, 0.3]), np.array([-0.5, 0.5, -0.5, 0.5]))


def main() -> None:
    path = os.path.join(sys.argv[1], "map_schema_2.sqlite")
    with open("demo/drive/trajectory.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    detector = LoopDetector.open(Config(local_features=50, min_features=10), path)
    for number, frame in enumerate(FRAMES):
        if number == 2:
            detector.start_session()
        row = rows[frame]
        image = cv2.resize(
            cv2.imread(os.path.join("demo/drive", row["file"])), SIZE, interpolation=cv2.INTER_AREA
        )
        values = np.array([float(row[name]) for name in ("x", "y", "z", "qx", "qy", "qz", "qw")])
        camera = Camera(*SIZE, "camera", "plumb_bob", INTRINSICS, np.zeros(5))
        keyframe = Keyframe(image, round(float(row["stamp"]) * 1e9), Pose(values[:3], values[3:]), camera)
        if number != 1:
            keyframe = keyframe._replace(pose_frame="base", world_frame="odom", base_to_camera=MOUNTING)
        detector.add(keyframe)
    status = detector.status()
    detector.close()

    store = KeyframeStore(path, status.model_id, 512)
    rows = []
    for each in store.keyframes():
        features = store.view(each.id).features
        rows.append(
            {
                "id": each.id,
                "session": each.session,
                "stamp": each.stamp,
                "position": each.pose.position.tolist(),
                "points": [[float(row["x"]), float(row["y"])] for row in features],
                "descriptors": features["descriptor"].tobytes().hex(),
            }
        )
    store.close()
    with open(os.path.join(sys.argv[1], "map_schema_2.json"), "w", encoding="utf-8") as file:
        json.dump({"model": status.model_id, "size": 512, "map": status.map_id, "keyframes": rows}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
