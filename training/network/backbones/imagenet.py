"""ImageNet weights from a file of keras.applications, or from Keras' own download."""

import keras

from training.network.backbones.gray import for_gray
from training.network.backbones.mobilenet_v2 import normalization_of
from training.network.backbones.vgg16 import caffe_input
from training.network.batch_norm_folding import fold

_APPLICATIONS = {
    "mobilenet": keras.applications.MobileNet,
    "mobilenet_v2": keras.applications.MobileNetV2,
    "vgg16": keras.applications.VGG16,
}


def copy_application_weights(model, backbone, weights="imagenet"):
    """Copy the weights of keras.applications into a backbone, layer by layer.

    Batch normalization is folded where the backbone has none; gray input takes the sum over colours.

    Args:
        model: Keras model that begins with a backbone.
        backbone: its name, "mobilenet", "mobilenet_v2" or "vgg16".
        weights: path of an .h5 file of keras.applications, or "imagenet": Keras downloads it.

    Raises:
        ValueError: if the file does not fit, or cannot be downloaded.
    """
    try:
        downloaded = "imagenet" if weights == "imagenet" else None
        source = _APPLICATIONS[backbone](weights=downloaded, include_top=False, input_shape=(224, 224, 3))
        if not downloaded:
            source.load_weights(weights)
    except Exception as error:  # a download raises many types of exceptions
        raise ValueError(f"expected the weights of {backbone}. Received: '{weights}': {error}") from error
    known = {layer.name: layer for layer in source.layers}
    for layer in model.layers:
        if layer.name == "caffe_input":
            layer.set_weights(caffe_input(model.input.shape[-1]))
        elif layer.name in known and layer.weights:
            layer.set_weights(_fitting(layer, known))


def _fitting(layer, known):
    """Weights of a layer: batch normalization folded and colours summed where the model requires it."""
    weights = known[layer.name].get_weights()
    normalization = known.get(normalization_of(layer.name))
    if len(layer.weights) == 2 and len(weights) == 1 and normalization is not None:
        weights = fold(known[layer.name], normalization)
    return [for_gray(weights[0], layer.weights[0].shape), *weights[1:]]
