"""PyTorch network → ONNX. PyTorch is optional and imported only here: ``pip install torch==2.13.0``."""

import io
import warnings
from typing import Any, Callable, NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

from place_recognition_ros.descriptor.preprocess import prepare
from place_recognition_ros.errors import ModelError
from training.export.onnx_graph import OPSET

_EPSILON = 1e-6  # of the norm; not smaller, because of half precision on a GPU


class TorchExport(NamedTuple):
    """A PyTorch network as ONNX, and the network itself as the reference of the parity gate."""

    model: onnx.ModelProto
    reference: Callable  # list of (H, W, 3) uint8 BGR images → (N, D) float32
    descriptor_size: int


def load_torchscript(path):
    """Read a TorchScript file for the CPU.

    Args:
        path: of the file that ``torch.jit.save`` wrote. A TorchScript file contains code: open only files
            that you trust.

    Returns:
        torch.nn.Module.

    Raises:
        ValueError: if PyTorch is not installed.
        ModelError: if the file is not TorchScript.
    """
    torch = _import_torch()
    try:
        return torch.jit.load(str(path), map_location="cpu")
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"expected a TorchScript file. Received: '{path}': {reason}") from error


def convert_torch(module, spec):
    """Convert a PyTorch network to a checked ONNX model of fixed shape, opset 13.

    Args:
        module: torch.nn.Module, (1, C, H, W) float32, or (1, H, W, C) with layout "NHWC", to one (1, D)
            descriptor.
        spec: its InputSpec.

    Returns:
        a :class:`TorchExport`; the ONNX model has the input "image" and the output "descriptor", unit norm.

    Raises:
        ValueError: if PyTorch is not installed.
        ModelError: if the network cannot be converted, or does not return one (1, D) float32 tensor.
    """
    torch = _import_torch()
    module = module.cpu().eval()
    zeros = torch.from_numpy(prepare(np.zeros((spec.height, spec.width, 3), np.uint8), spec))
    try:
        with torch.no_grad():
            example = module(zeros)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(
            f"expected a network for an input of shape {tuple(zeros.shape)}. Received: {reason}"
        ) from error
    if not torch.is_tensor(example) or example.ndim != 2 or example.shape[0] != 1:
        received = tuple(example.shape) if torch.is_tensor(example) else type(example).__name__
        raise ModelError(f"expected a network that returns one (1, D) tensor. Received: {received}")

    def reference(images):
        with torch.no_grad():
            vectors = [module(torch.from_numpy(prepare(image, spec))).numpy() for image in images]
        return np.concatenate(vectors)

    return TorchExport(_to_onnx(torch, module, zeros), reference, int(example.shape[1]))


def _to_onnx(torch: Any, module, example):
    content = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the TorchScript exporter, which writes opset 13, is deprecated
            torch.onnx.export(
                module,
                (example,),
                content,
                input_names=["image"],
                output_names=["features"],
                opset_version=OPSET,
                dynamo=False,
            )
        model = onnx.load_from_string(content.getvalue())
        _append_unit_norm(model.graph)
        onnx.checker.check_model(model, full_check=True)
        return model
    except Exception as error:  # the exporter has no base class of its exceptions
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"expected a network that can be exported to ONNX opset {OPSET}. Received: {reason}"
        ) from error


def _append_unit_norm(graph):
    """Scale the output to unit length, in place; the new output is "descriptor"."""
    constants = {"unit_norm_axis": np.array([1]), "unit_norm_least": np.array(_EPSILON, np.float32)}
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
    graph.node.extend(
        [
            helper.make_node("Mul", ["features", "features"], ["unit_norm_squares"]),
            helper.make_node("ReduceSum", ["unit_norm_squares", "unit_norm_axis"], ["unit_norm_sum"]),
            helper.make_node("Sqrt", ["unit_norm_sum"], ["unit_norm_length"]),
            helper.make_node("Max", ["unit_norm_length", "unit_norm_least"], ["unit_norm_divisor"]),
            helper.make_node("Div", ["features", "unit_norm_divisor"], ["descriptor"]),
        ]
    )
    graph.output[0].name = "descriptor"


def _import_torch():
    try:
        import torch
    except ImportError as error:
        raise ValueError(f"expected PyTorch (pip install torch==2.13.0). Received: {error}") from error
    return torch
