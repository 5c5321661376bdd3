"""The server of the fleet benchmark, a process that can be killed: ``python -m benchmarks.fleet.serve MAP
PORT BYTES [INDEX]``.
"""

from __future__ import annotations

import sys
import time

import cv2

from place_recognition_ros.config import Config
from place_recognition_ros.fleet.host import Host
from place_recognition_ros.fleet.matching import Matching


def main() -> None:
    path, port, feature_bytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    index = sys.argv[4] if len(sys.argv) > 4 else ""
    cv2.setNumThreads(1)
    config = Config(map_path=path, max_keyframes=10**6, index_uri=index)
    host = Host(Matching.of(config), feature_bytes, "127.0.0.1", port, lambda error: print(repr(error)))
    host.start()
    while host.is_alive:
        time.sleep(1.0)
    print(host.status)  # raises what is wrong


if __name__ == "__main__":
    main()
