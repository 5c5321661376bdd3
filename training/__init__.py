"""Training, evaluation and export of networks: from images to an ONNX model with its card.

Commands: train, evaluate, export, describe, make_manifest, render_world, compare. Sub-packages: network,
learning, data, evaluation, export, legacy. Python 3.10+, Keras 3 with ``keras.ops``. The package may import
``place_recognition_ros``, never the other way round.
"""

import os

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # albumentations would look for a newer version online
