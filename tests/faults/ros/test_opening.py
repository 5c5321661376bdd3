"""A node until its map is open: one that is large, and one that another node holds."""

import os
import signal

from diagnostic_msgs.msg import DiagnosticStatus

from place_recognition_ros.srv import QueryImage, Relocalize
from tests.faults.forms import fault
from tests.ros.camera import NODE, PARAMETERS, THERE, Camera, Diagnostics, to_image
from tests.ros.process import wait_until

WAITING_NODE = os.path.join(os.path.dirname(__file__), "waiting_node.py")
READING = "not ready: the map is being read, 43,000 of 100,000 keyframes"


def test_while_the_map_is_read_services_and_diagnostics_say_so(ros, start_node, tmp_path):
    read = tmp_path / "read"
    start_node(program=WAITING_NODE, ready=False, env={"MAP_IS_READ": str(read)}, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    diagnostics.wait_message(READING, DiagnosticStatus.WARN, timeout=30)
    for service, kind, request in (
        ("relocalize", Relocalize, ()),
        (NODE + "/query_image", QueryImage, (to_image(THERE[0], 1), 1)),
    ):
        response = ros.call(service, kind, *request)
        assert (response.success, response.message) == (False, READING)
    read.touch()
    camera = Camera(ros)  # waits until the node subscribes
    assert camera.publish_and_wait(THERE[0]).query_id == 1
    assert ros.call("relocalize", Relocalize).message != READING
    assert "not ready" not in diagnostics.wait({"stored": 1})[1]


def test_a_signal_ends_a_node_that_reads_its_map(ros, start_node, tmp_path):
    node = start_node(program=WAITING_NODE, ready=False, env={"MAP_IS_READ": str(tmp_path / "no")})
    Diagnostics(ros).wait_message(READING, DiagnosticStatus.WARN, timeout=30)
    assert node.stop(signal.SIGINT, timeout=10) == 0


@fault(8, "Two nodes on one store")
def test_a_node_waits_for_a_map_that_another_one_holds(ros, start_node, roslaunch, tmp_path, tried):
    """With respawn, a node that ends instead would be started again for ever."""
    path = str(tmp_path / "map.db")
    first = start_node(name="first", map_path=path, remap={"~queries": NODE + "/queries"}, **PARAMETERS)
    camera = Camera(ros)
    assert camera.publish_and_wait(THERE[0]).query_id == 1
    camera.queries.close()
    launched = roslaunch("desktop.launch", ns="/robot", map_path=path, ready=False)
    diagnostics = Diagnostics(ros)
    reason = f"another process uses the map '{path}'"
    diagnostics.wait_message("not ready: " + reason, DiagnosticStatus.WARN, timeout=30)
    assert reason in ros.call("/robot/relocalize", Relocalize).message
    first.kill()
    wait_until(lambda: "Ready: 1 keyframes" in launched.log, 60, lambda: launched.log)
    assert launched.log.count("Waiting for the map") == 1
    assert "has died" not in launched.log
    result = "waits with one line and WARN, works as soon as the map is free"
    tried("a second node on the map of a running one", "once", result)


def test_a_node_that_waits_for_a_map_ends_with_a_signal(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    start_node(name="first", map_path=path)
    second = start_node(name="second", ready=False, map_path=path)
    wait_until(lambda: "Waiting for the map" in second.log, 30, lambda: second.log)
    assert second.stop(timeout=10) == 0
