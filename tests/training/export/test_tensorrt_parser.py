"""TensorRT supports the exported models: by the table of its operators, and with NVIDIA's parser.

For real means NVIDIA's own parser and builder in TensorRT for RTX (requirements/tensorrt.txt), which run
without a GPU. They are of the newest generation; that the TX2's 8.2 knows the operators is in the table.
"""

import importlib.util
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="training needs requirements/training.txt")
pytest.importorskip("keras", reason="training needs requirements/training.txt")
pytest.importorskip("tf2onnx", reason="training needs requirements/training.txt")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from tests.training.export.exported_models import FEATURES_SIZE, NAMES, SIZES, exported  # noqa: E402
from tests.training.export.tensorrt_operators import faults  # noqa: E402
from training.export.half_precision import to_half  # noqa: E402

needs_tensorrt = pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx_bindings") is None,
    reason="NVIDIA's parser is not here: pip install -r requirements/tensorrt.txt",
)
each_model = pytest.mark.parametrize(
    "name, size",
    [*itertools.product(NAMES, SIZES), ("features", FEATURES_SIZE)],
    ids=lambda value: value if isinstance(value, str) else "{}x{}".format(*value),
)

# Calls of NVIDIA's library, in a process of its own, so that a crash fails only this test.
BUILD = """
import sys
import types

import tensorrt_rtx_bindings

sys.modules["tensorrt"] = tensorrt_rtx_bindings
sys.modules["pycuda"] = types.ModuleType("pycuda")  # building needs no GPU
sys.modules["pycuda"].driver = sys.modules["pycuda.driver"] = types.ModuleType("pycuda.driver")

from place_recognition_ros.descriptor.tensorrt.builder import build_plan
from place_recognition_ros.descriptor.tensorrt.library import load_library

library = load_library()
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        plan, timings = build_plan(library, file.read(), "fp32", 256)
    print(len(plan))
"""


def build(folder, *models):
    """Sizes of the plans that NVIDIA's builder makes of models."""
    paths = [folder / f"{number}.onnx" for number in range(len(models))]
    for path, model in zip(paths, models):
        path.write_bytes(model.SerializeToString())
    command = [sys.executable, "-c", BUILD, *map(str, paths)]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


@each_model
def test_8_2_supports_all_operators_and_types(name, size):
    assert faults(exported(name, *size)) == []


@needs_tensorrt
@each_model
def test_nvidias_builder_makes_an_engine_in_both_precisions(name, size, tmp_path):
    model = exported(name, *size)
    single, half = build(tmp_path, model, to_half(model))
    weights = sum(numpy_helper.to_array(tensor).size for tensor in model.graph.initializer)
    assert 4 * weights < single  # it contains all weights
    assert 2 * weights < half < 1.5 * single


def small(operator, *inputs, opset=13, output=TensorProto.FLOAT, constants=(), **attributes):
    """A model of one node."""
    node = helper.make_node(operator, [*inputs], ["y"], name="node", **attributes)
    shape = [1, 4, 4, 4]
    graph = helper.make_graph(
        [node],
        "graph",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in inputs if len(n) == 1],
        [helper.make_tensor_value_info("y", output, shape)],
        [numpy_helper.from_array(array, name) for name, array in dict(constants).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets)


KERNEL = np.zeros((4, 4, 1, 1), np.float32)
SCALES = np.ones(4, np.float32)


def test_the_table_accepts_a_convolution():
    assert faults(small("Conv", "x", "kernel", constants={"kernel": KERNEL})) == []


@pytest.mark.parametrize(
    "model, fault",
    [
        (small("Mish", "x"), "Mish is unknown"),
        (small("Relu", "x", domain="com.microsoft"), "Relu is unknown"),
        (small("Relu", "x", opset=14), "opset 14"),
        (small("Conv", "x", "w"), "input 1 of Conv is computed"),
        (small("Conv", "x", "kernel", constants={"kernel": KERNEL.astype(np.float16)}), "float16 constant"),
        (small("Cast", "x", output=TensorProto.INT64, to=TensorProto.INT64), "y: not float32"),
        (small("Cast", "x", output=TensorProto.DOUBLE, to=TensorProto.DOUBLE), "Cast of DOUBLE"),
        (small("Reshape", "x", "shape", constants={"shape": np.array([1, 2**31], np.int64)}), "INT32"),
        (small("Clip", "x", "", "half", constants={"half": np.float16(6.0)}), "Clip of a float16 constant"),
        (small("Reshape", "x", "s"), "input 1 of Reshape is computed"),
        (small("Resize", "x", "", "scales", mode="cubic", constants={"scales": SCALES}), "mode cubic"),
        (small("Resize", "x", "", "s"), "input 2 of Resize is computed"),
        (small("Gemm", "x", "w"), "GEMM must have 2D inputs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_table_refuses_what_8_2_does_not_support(model, fault):
    assert [each for each in faults(model) if fault in each], faults(model)


def test_8_2_does_not_support_half_precision_in_the_file():
    """As stated in training/export/half_precision.py."""
    assert "Clip of a float16 constant" in " ".join(faults(to_half(exported("default", 192, 256))))


@needs_tensorrt
def test_the_error_of_nvidias_parser_is_reported(tmp_path):
    with pytest.raises(
        AssertionError, match=r"EngineError: expected a model that TensorRT's parser supports"
    ):
        build(tmp_path, small("Mish2", "x"))
