"""A server of the world of these tests: MAP PORT INDEX."""

import sys
import time

from place_recognition_ros.fleet.host import Host
from tests.fleet.world import matching

path, port, index = sys.argv[1], int(sys.argv[2]), sys.argv[3]
host = Host(matching(map_path=path, index_uri=index), 100000, "127.0.0.1", port, print)
host.start()
while host.is_alive:
    time.sleep(0.1)
print(host.status)  # raises what is wrong
