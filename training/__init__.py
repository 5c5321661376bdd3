"""From images to an engine-ready network: backbones, layers, fitting, export and evaluation.

Python 3.10+, Keras 3 with ``keras.ops``. It may import ``place_recognition_ros``, never the other way round.
"""

import os

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # albumentations would ask for a newer version of it
