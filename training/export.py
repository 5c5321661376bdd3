"""Keras network ► ONNX file and model card, with proof that nothing was lost on the way."""

import hashlib
import tempfile
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from place_recognition_ros.descriptor.model_card import card_path
from place_recognition_ros.errors import ModelError
from training.folding import fold_batch_normalization
from training.saving import write_atomically

OPSET = 13  # the newest that TensorRT 8.2 reads
MIN_PARITY = 0.99999  # cosine


class Exported(NamedTuple):
    """What an export proved."""

    parity: float  # smallest cosine between Keras and ONNX Runtime
    bytes: int  # size of the ONNX file


def export_model(network, card, path, pictures):
    """Write a network as fixed-shape ONNX with its card beside it.

    The file holds the input "image" (1, H, W, C) float32 and the output "descriptor" (1, D) float32,
    no batch normalisation, and the whitening matrix in half precision. Both files appear under their
    names only when they are complete and the parity gate is passed.

    Args:
        network: Keras model, (B, H, W, C) float32 to (B, D) float32.
        card: its ModelCard; the SHA-256 is filled in here.
        path: where the ONNX file goes.
        pictures: (N, H, W, C) float32, real pictures as `prepare` makes them, to compare on.

    Returns:
        an :class:`Exported`.

    Raises:
        ModelError: if Keras and ONNX Runtime disagree on one of the pictures.
    """
    graph = convert(network)
    content = graph.SerializeToString()
    parity = check_parity(network, content, pictures)
    write_atomically(path, content)
    write_card(card, path)
    return Exported(parity, len(content))


def convert(network):
    """Keras network to a checked ONNX model, in the form that :func:`export_model` describes."""
    folded = fold_batch_normalization(network)
    shape = (1, *network.input.shape[1:])
    folded(np.zeros(shape, np.float32))  # Keras exports only what has run
    signature = [keras.InputSpec(shape=shape, dtype="float32", name="image")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        folded.export(path, format="onnx", opset_version=OPSET, input_signature=signature, verbose=False)
        model = onnx.load(path)
    _rename(model.graph, model.graph.output[0].name, "descriptor")
    _store_as_half(model.graph, network.get_layer("whitening").kernel.shape)
    name_by_place(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def check_parity(network, content, pictures):
    """The gate: an ONNX model must answer as its Keras network does.

    Args:
        network: Keras model.
        content: the ONNX model's bytes.
        pictures: (N, H, W, C) float32, at least one.

    Returns:
        The smallest cosine over the pictures.

    Raises:
        ModelError: if it is below :data:`MIN_PARITY`, or not a number.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    expected = np.asarray(network.predict_on_batch(pictures))
    found = np.concatenate([session.run(None, {"image": picture[None]})[0] for picture in pictures])
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    cosines = np.sum(expected * found, axis=1) / lengths
    worst = int(np.argmin(cosines))  # the first NaN, if there is one
    if not cosines[worst] >= MIN_PARITY:
        raise ModelError(
            f"expected a cosine of at least {MIN_PARITY} between Keras and ONNX Runtime. "
            f"Received: {cosines[worst]:.7f} on picture {worst} of {len(pictures)}"
        )
    return float(cosines[worst])


def name_by_place(graph):
    """Name nodes and tensors by their place in the graph, in place.

    The converter's own names differ from run to run; without them, equal weights give equal bytes.

    Args:
        graph: onnx.GraphProto, sorted, whose inputs and outputs keep their names.
    """
    kept = [value.name for value in (*graph.input, *graph.output)]
    names = {name: name for name in ("", *kept)}  # "": an optional input that is left out
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        for index, name in enumerate(node.input):
            names.setdefault(name, f"{node.name}_input_{index}")
        for index, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}_output_{index}")
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    constants = {tensor.name: tensor for tensor in graph.initializer}
    used = [constants[name] for name in names if name in constants]  # in order of first use
    for tensor in used:
        tensor.name = names[tensor.name]
    copies = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in used]
    graph.ClearField("initializer")
    graph.initializer.extend(copies)
    graph.ClearField("value_info")
    graph.ClearField("doc_string")


def write_card(card, path):
    """Write the card of an ONNX file beside it; the SHA-256 is filled in here.

    Args:
        card: a ModelCard.
        path: the ONNX file.
    """
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    write_atomically(card_path(str(path)), card._replace(sha256=digest).to_json().encode())


def _rename(graph, old, new):
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for value in (*graph.output, *graph.value_info):
        if value.name == old:
            value.name = new


def _store_as_half(graph, shape):
    """Halve the file: the largest matrix as float16, cast back when the model is loaded."""
    for tensor in graph.initializer:
        if tuple(tensor.dims) == tuple(shape):
            name, stored = tensor.name, f"{tensor.name}_half"
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, stored))
            graph.node.insert(0, helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
