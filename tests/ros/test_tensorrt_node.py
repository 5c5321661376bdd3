"""The whole node with TensorRT's stand-in underneath: picture after picture, and one thread at the GPU."""

import os

import pytest

from tests.ros.camera import PARAMETERS, THERE, Camera, Diagnostics

pytest.importorskip("onnx")  # the stand-in reads what it "builds"

TENSORRT_NODE = os.path.join(os.path.dirname(__file__), "tensorrt_node.py")
SELF_CHECK = 20  # executions at most, beside the keyframes'
GROWTH = 12e6  # bytes


@pytest.mark.parametrize("count", [60, pytest.param(10000, marks=pytest.mark.stress)])
def test_keyframes_without_end(ros, start_node, tmp_path, count):
    """FAULTS 34."""
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
        camera.show(THERE[number % len(THERE)])
        camera.queries.messages.clear()
        if number % (count // 6) == count // 6 - 1:
            memory.append(node.rss)
    engine = Diagnostics(ros).next()["engine"]
    assert node.stop() == 0
    print(f"{count} keyframes, resident MB: {', '.join(f'{size / 1e6:.1f}' for size in memory)}")
    assert "tensorrt" in engine.lower()
    assert memory[-1] - memory[1] < GROWTH
    said = node.log.strip().splitlines()[-1]
    assert said.startswith("CUDA: 1 thread, main thread: False, ")
    assert count <= int(said.split()[-2]) <= count + SELF_CHECK
