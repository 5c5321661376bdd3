"""Write the descriptors of images to a file, and plot their similarities.

Usage: python3 -m training.describe models/default.onnx IMAGES… --similarity similarity.png

MODEL is as for training.evaluate. IMAGES are files, folders (searched recursively) and manifests (.csv). The
names of the images are written beside the descriptors, one per line, in the same order.
"""

import argparse
import io
import os
from pathlib import Path

if not __package__:  # started as a file, python3 training/describe.py
    from script import run_as_module  # type: ignore[import-not-found]  # beside this file

    run_as_module(__file__)

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on CPUs without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from training.console import command_line, run_script
from training.data.images import find_images
from training.evaluation.models import open_model
from training.evaluation.plot import plot_similarity
from training.evaluation.retrieval import DescriptorCache
from training.evaluation.tasks.images import TaskImage
from training.files import write_atomically


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGES")
    parser.add_argument("--output", type=Path, default=Path("descriptors.npy"), help="(N, D) float32")
    parser.add_argument("--similarity", type=Path, help="plot (.png, .svg, .pdf) of the cosines of all pairs")
    arguments = parser.parse_args(command_line())
    paths = find_images(arguments.images)
    model = open_model(arguments.model)
    descriptors = DescriptorCache(model.describe_many)([TaskImage(path) for path in paths])
    content = io.BytesIO()
    np.save(content, descriptors, allow_pickle=False)
    names = arguments.output.with_suffix(".txt")
    write_atomically(arguments.output, content.getvalue())
    write_atomically(names, "".join(f"{path}\n" for path in paths).encode())
    print(f"{arguments.output}: {descriptors.shape} float32; names in {names}")
    if arguments.similarity:
        labels = [path.stem for path in paths]
        image = plot_similarity(descriptors @ descriptors.T, labels, arguments.similarity.suffix[1:])
        write_atomically(arguments.similarity, image)
        print(arguments.similarity)


if __name__ == "__main__":
    run_script(main)
