"""Describe pictures: their descriptors to a file, and how alike they are to a picture.

Usage: python3 training/describe.py models/default.onnx PICTURES… --similarity similarity.png

MODEL is what training/evaluate.py takes. PICTURES are files, folders (with all that is in them) and manifests
(.csv). The names of the pictures go beside the descriptors, one a line, in their order.
"""

import argparse
import io
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works as a script, from any folder
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on a CPU without AVX-512
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from training.console import run_script
from training.data.pictures import find_pictures
from training.evaluation.models import open_model
from training.evaluation.plot import plot_similarity
from training.files import write_atomically
from training.retrieval import DescriptorCache
from training.tasks.pictures import Picture


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURES")
    parser.add_argument("--output", type=Path, default=Path("descriptors.npy"), help="(N, D) float32")
    parser.add_argument(
        "--similarity", type=Path, help="picture (.png, .svg, .pdf) of the cosines of all pairs"
    )
    arguments = parser.parse_args()
    paths = find_pictures(arguments.pictures)
    model = open_model(arguments.model)
    descriptors = DescriptorCache(model.describe_many)([Picture(path) for path in paths])
    content = io.BytesIO()
    np.save(content, descriptors, allow_pickle=False)
    names = arguments.output.with_suffix(".txt")
    write_atomically(arguments.output, content.getvalue())
    write_atomically(names, "".join(f"{path}\n" for path in paths).encode())
    print(f"{arguments.output}: {descriptors.shape} float32; names in {names}")
    if arguments.similarity:
        labels = [path.stem for path in paths]
        picture = plot_similarity(descriptors @ descriptors.T, labels, arguments.similarity.suffix[1:])
        write_atomically(arguments.similarity, picture)
        print(arguments.similarity)


if __name__ == "__main__":
    run_script(main)
