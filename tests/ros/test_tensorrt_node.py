"""The node with a fake TensorRT: constant memory, and one thread that uses the GPU."""

import os

import pytest

from tests.ros.camera import PARAMETERS, THERE, Camera, Diagnostics

TENSORRT_NODE = os.path.join(os.path.dirname(__file__), "tensorrt_node.py")
SELF_CHECK = 20  # maximum executions in addition to one per keyframe
MAX_GROWTH = 12e6  # bytes


@pytest.mark.parametrize("count", [60, pytest.param(10000, marks=pytest.mark.stress)])
def test_memory_stays_constant_over_many_keyframes(ros, start_node, tmp_path, count):
    node = start_node(
        program=TENSORRT_NODE,
        backend="tensorrt",
        engine_cache=str(tmp_path / "engines"),
        map_path="",
        max_keyframes=50,
        **PARAMETERS,
    )
    camera, memory = Camera(ros), []
    for number in range(count):
        camera.publish_and_wait(THERE[number % len(THERE)])
        camera.queries.messages.clear()
        if number % (count // 6) == count // 6 - 1:
            memory.append(node.rss)
    engine = Diagnostics(ros).next()["engine"]
    assert node.stop() == 0
    print(f"{count} keyframes, resident MB: {', '.join(f'{size / 1e6:.1f}' for size in memory)}")
    assert "tensorrt" in engine.lower()
    assert memory[-1] - memory[1] < MAX_GROWTH
    last = node.log.strip().splitlines()[-1]
    assert last.startswith("CUDA: 1 thread, main thread: False, ")
    inferences = int(last.split()[-2])  # of both networks
    assert 2 * count <= inferences <= 2 * (count + SELF_CHECK)
