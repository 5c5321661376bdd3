"""Build the TensorRT engines of the models ahead of the node's first start.

Usage: python3 -m place_recognition_ros.tools.build_engine [MODEL.onnx ...]

Without a model: both of the package, the global descriptor's and the local features'. The engines are stored
where the node looks for them (--cache: the node's parameter ~engine_cache). A TX2 needs minutes for it, once;
a second call only loads the engines.
"""

import argparse
import logging
import sys

from place_recognition_ros import folders
from place_recognition_ros.descriptor.model_card import package_models, read_model
from place_recognition_ros.descriptor.tensorrt.builder import BuildSettings, open_tensorrt
from place_recognition_ros.errors import PlaceRecognitionError
from place_recognition_ros.tools.terminal import use_utf8


def main() -> int:
    use_utf8()
    plain = BuildSettings()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models", nargs="*", metavar="MODEL.onnx", help="ONNX files, each with its card beside it"
    )
    parser.add_argument("--cache", default="", help=f"folder; default: {folders.cache()}")
    parser.add_argument("--workspace-mb", type=int, default=plain.workspace_mb)
    parser.add_argument("--precision", choices=("fp16", "fp32"), default=plain.precision)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings = BuildSettings(arguments.cache, arguments.workspace_mb, arguments.precision)
    try:
        for path in arguments.models or package_models():
            card, onnx = read_model(path, kind=None)
            engine = open_tensorrt(card, onnx, settings)
            engine.close()
            print(f"{path}: ready on {engine.name}")
    except PlaceRecognitionError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
