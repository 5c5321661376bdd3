"""How map_schema_1.sqlite.gz was recorded, by revision f01d9ca, the last one that wrote schema 1.

In a checkout of that revision: ``PYTHONPATH=. python3 record_schema_1.py OUTPUT_FOLDER``. Two sessions of the
rendered drive, the second one along the street of the first. map_schema_1.json holds its content and,
for each keyframe, the most similar other one.
"""

import csv
import json
import os
import sys

import cv2
import numpy as np

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.keyframes.map import KeyframeMap  # type: ignore[import-not-found]
from place_recognition_ros.keyframes.store import KeyframeStore  # type: ignore[import-not-found]
from place_recognition_ros.types import Keyframe, Pose  # type: ignore[attr-defined]

FIRST, SECOND = range(40, 64, 6), range(121, 145, 6)  # frames of the drive
SIZE = (144, 108)  # pixels


def main() -> None:
    path = os.path.join(sys.argv[1], "map_schema_1.sqlite")
    with open("demo/drive/trajectory.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    detector = LoopDetector.open(Config(local_features=50, min_features=10), path)
    for number, frame in enumerate((*FIRST, *SECOND)):
        if frame == SECOND[0]:
            detector.start_session()
        row = rows[frame]
        image = cv2.resize(
            cv2.imread(os.path.join("demo/drive", row["file"])), SIZE, interpolation=cv2.INTER_AREA
        )
        values = np.array([float(row[name]) for name in ("x", "y", "z", "qx", "qy", "qz", "qw")])
        pose = None if number % 3 == 2 else Pose(values[:3], values[3:])  # some keyframes have none
        detector.add(Keyframe(image, round(float(row["stamp"]) * 1e9), pose))
    model_id, size = detector.card.model_id, detector.card.descriptor_size
    detector.close()

    store = KeyframeStore(path, model_id, size)
    keyframes = list(store.keyframes())
    memory = KeyframeMap(store, size, 1)
    best = {}
    for each in keyframes:
        found = memory.search(each.descriptor, 2, 0)
        best[each.id] = next(other.entry.id for other in found if other.entry.id != each.id)
    rows = [
        {
            "id": each.id,
            "session": each.session,
            "stamp": each.stamp,
            "position": None if each.pose is None else each.pose.position.tolist(),
            "features": len(store.features(each.id)),
            "first_feature": [float(store.features(each.id)[0][name]) for name in ("x", "y")],
            "best_match": best[each.id],
        }
        for each in keyframes
    ]
    memory.close()
    with open(os.path.join(sys.argv[1], "map_schema_1.json"), "w", encoding="utf-8") as file:
        json.dump({"model": model_id, "size": size, "keyframes": rows}, file, indent=1)


if __name__ == "__main__":
    main()
