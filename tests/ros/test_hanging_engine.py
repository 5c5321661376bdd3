"""A node whose engine hangs ends, so that it is started again."""

import os

from tests.faults.forms import fault
from tests.ros.camera import PARAMETERS, THERE, Camera, stored, to_image

HANGING_NODE = os.path.join(os.path.dirname(__file__), "hanging_node.py")


@fault(35, "Engine hangs or runs out of memory")
def test_a_node_whose_engine_hangs_ends_and_keeps_what_it_stored(ros, start_node, tmp_path):
    path = str(tmp_path / "map.db")
    node = start_node(program=HANGING_NODE, map_path=path, **PARAMETERS)
    camera = Camera(ros)
    results = [camera.publish_and_wait(image) for image in THERE[:2]]
    camera.publish(to_image(THERE[2], 1010.0))
    assert node.wait(20) == 1
    assert "The engine hangs: no result within 2 s; this process ends" in node.log
    assert {row for row, *_ in stored(path)} == {result.query_id for result in results}
