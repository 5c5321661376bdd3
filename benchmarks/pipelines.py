"""Compare whole pipelines on the same images, one core, in turn: keyframes per second and recall@1.

- this package: its default network, its index;
- OpenCV's bag of visual words with ORB, searched exactly with NumPy; the words are learned from other images;
- cartwheel_train's models, as its server calls them: Keras ``model.predict`` with one image, searched exactly
  with NumPy; and with ``predict_on_batch``, which its server could have called.

A keyframe is described, searched for, and added. It can match keyframes that are 10 s older or of an earlier
session; photographs those of an earlier session. Times are processor times on one core, and in the last
column the time of the clock. The image sets and models are those of ../shared/data; what is missing is
skipped, with the reason. The exit code is 1 if a pipeline of cartwheel_train's server is less than 10 times
slower, or finds more.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.bag_of_words import WORDS, BagOfWords
from benchmarks.decisions.sets import open_set
from benchmarks.figures import command, grid, machine, spread
from benchmarks.peer_indexes import Exact, Own, Peer
from benchmarks.peers import in_turn, versions
from place_recognition_ros.descriptor import open_extractor
from place_recognition_ros.descriptor.model_card import default_model_path
from place_recognition_ros.descriptor.preprocess import prepare
from training.data.recordings.recording import MIN_AGE_S, Recording, Verdict
from training.files import DATA

SETS = ("koe_landmarks", "rtabmap_corridor", "drive")
PHOTOGRAPHS = ("koe_landmarks",)  # not a path: the ones before show the same landmark
LEGACY = {
    "core_model": "core_model_keras2_hdf5.keras",
    "conv_pw_6": "mobilenet_conv_pw_6_bgr.h5",
    "v2 block_9": "mobilenetv2_block_9_gray.h5",
}
LEARN_FROM, LEARNED = (
    ("ie_tower", "outdoor"),
    150,
)  # sets that the visual words are learned from; images of each
BLOCK = 10  # keyframes of one pipeline before those of the next
WARM_UP = 3
OWN = "this package"
SERVER = ", predict"  # the end of the names of the pipelines with a target
FASTER = 10.0
HEADINGS = (
    *("images", "pipeline", "recall@1, %", "ms a keyframe, median (quartiles)", "keyframes/s"),
    *("times ours", "by the clock"),
)


class Pipeline(NamedTuple):
    """From an image to the most similar keyframe."""

    describe: Callable[[np.ndarray], np.ndarray]
    open_index: Callable[[int], Peer]


class Run(NamedTuple):
    """Result of a pipeline for a set."""

    found: list[int]  # of each image, the most similar one before it; -1: there was none
    work: list[float]  # processor time, seconds
    clock: float  # seconds in all

    @property
    def per_second(self) -> float:
        """Keyframes in a second of processor time."""
        return len(self.work) / sum(self.work)


def searchable(recording: Recording) -> list[int]:
    """Of each frame, how many frames from the first one on it can match."""
    frames = recording.frames
    age = np.inf if recording.name in PHOTOGRAPHS else MIN_AGE_S * 1e9
    return [
        sum(other.session < frame.session or frame.stamp - other.stamp >= age for other in frames[:number])
        for number, frame in enumerate(frames)
    ]


def recall(recording: Recording, known: Sequence[int], found: Sequence[int]) -> tuple[float, int]:
    """Share of the frames with a right keyframe to be found of which the most similar one is right; how many.

    Args:
        recording: has the truth.
        known: see ``searchable``.
        found: the most similar frame of each frame.
    """
    right = recording.verdicts == Verdict.RIGHT
    queries = [number for number in recording.revisits if right[number, : known[number]].any()]
    return float(np.mean([right[number, found[number]] for number in queries])), len(queries)


def measure(
    pipelines: Mapping[str, Pipeline], images: Sequence[np.ndarray], known: Sequence[int]
) -> dict[str, Run]:
    """Run all pipelines over the same images, in turn.

    Args:
        pipelines: by name.
        images: (H, W, 3) uint8 BGR each.
        known: see ``searchable``.
    """
    runs = {name: Run([], [], 0.0) for name in pipelines}
    sizes = {name: each.describe(images[0]).size for name, each in pipelines.items() for _ in range(WARM_UP)}
    indexes = {name: each.open_index(sizes[name]) for name, each in pipelines.items()}
    vectors: dict[str, list[np.ndarray]] = {name: [] for name in pipelines}
    added = dict.fromkeys(pipelines, 0)
    for first in range(0, len(images), BLOCK):
        for name in in_turn(pipelines, first // BLOCK):
            clock = time.perf_counter()
            for number in range(first, min(first + BLOCK, len(images))):
                work = time.process_time()
                vectors[name].append(pipelines[name].describe(images[number]))
                for row in range(added[name], known[number]):
                    indexes[name].add(row, vectors[name][row])
                added[name] = max(added[name], known[number])
                matches = indexes[name].search(vectors[name][number], 1) if known[number] else [-1]
                runs[name].work.append(time.process_time() - work)
                runs[name].found.append(matches[0])
            runs[name] = runs[name]._replace(clock=runs[name].clock + time.perf_counter() - clock)
    return runs


def rows(recording: Recording, known: Sequence[int], runs: Mapping[str, Run]) -> list[Sequence[str]]:
    """The rows of the table."""
    own = runs[OWN]
    return [
        (
            recording.name,
            name,
            f"{100 * recall(recording, known, run.found)[0]:.1f}",
            spread([1e3 * each for each in run.work]),
            f"{run.per_second:.3g}",
            f"{own.per_second / run.per_second:.3g}",
            f"{run.clock / own.clock:.3g}",
        )
        for name, run in runs.items()
    ]


def missed(recording: Recording, known: Sequence[int], runs: Mapping[str, Run]) -> Iterator[str]:
    """What misses the target, as sentences."""
    own = recall(recording, known, runs[OWN].found)[0]
    for name, run in runs.items():
        ratio, other = runs[OWN].per_second / run.per_second, recall(recording, known, run.found)[0]
        if name.endswith(SERVER) and (ratio < FASTER or other >= own):
            yield (
                f"{recording.name}, {name}: expected {FASTER:g} times its keyframes per second or more, and "
                f"more recall. Received: {ratio:.3g} times, recall@1 {100 * own:.1f} to {100 * other:.1f}"
            )


def own_pipeline() -> Pipeline:
    """The default network and the index, as in LoopDetector."""
    return Pipeline(open_extractor(default_model_path(), threads=1).describe, Own)


def classic_pipeline() -> Pipeline:
    """ORB and visual words.

    Raises:
        OSError: if the images that the words are learned from are absent.
    """
    images = []
    for name in LEARN_FROM:
        frames = open_set(name).frames
        images += [frame.load() for frame in frames[:: max(1, len(frames) // LEARNED)]]
    print(f"» Learning {WORDS:,} visual words from {len(images)} images …", file=sys.stderr)
    return Pipeline(BagOfWords(images).describe, Exact)


def legacy_pipelines() -> dict[str, Pipeline]:
    """Those of cartwheel_train's models.

    Raises:
        OSError: if a model is absent.
        ImportError: if TensorFlow is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    from training.legacy import load_legacy

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    found = {}
    for name, file in LEGACY.items():
        path = DATA / "legacy_models" / file
        if not path.is_file():
            raise FileNotFoundError(f"expected '{path}'. Received: nothing")
        network, spec = load_legacy(str(path))

        def predict(image, network=network, spec=spec):
            return network.predict(prepare(image, spec), verbose=0)[0]

        def predict_on_batch(image, network=network, spec=spec):
            return np.asarray(network.predict_on_batch(prepare(image, spec))[0])

        found[f"cartwheel_train {name}{SERVER}"] = Pipeline(predict, Exact)
        found[f"cartwheel_train {name}, predict_on_batch"] = Pipeline(predict_on_batch, Exact)
    return found


def main() -> int:
    parser = command("pipelines", __doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    arguments = parser.parse_args()
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    cv2.setNumThreads(1)
    where, pipelines, skipped = machine(), {OWN: own_pipeline()}, []
    try:
        pipelines["ORB, visual words"] = classic_pipeline()
    except OSError as error:
        skipped.append(f"ORB, visual words: {error}")
    try:
        pipelines.update(legacy_pipelines())
    except (OSError, ImportError) as error:
        skipped.append(f"cartwheel_train: {error}")
    table: list[Sequence[str]] = []
    below: list[str] = []
    sizes: list[str] = []
    for name in arguments.sets:
        try:
            recording = open_set(name)
            images = [frame.load() for frame in recording.frames]
        except OSError as error:
            skipped.append(f"{name}: {error}")
            continue
        print(f"» Measuring {len(images)} images of {name} …", file=sys.stderr)
        known = searchable(recording)
        runs = measure(pipelines, images, known)
        table += rows(recording, known, runs)
        below += missed(recording, known, runs)
        sizes.append(f"{name}: {len(images)} images, {recall(recording, known, runs[OWN].found)[1]} revisits")
    print(grid(HEADINGS, table, arguments.markdown, right=range(2, len(HEADINGS))))
    print(f"\n{'; '.join(sizes)}; one core, on {', '.join([where, *versions(['keras', 'tensorflow'])])}")
    for each in skipped:
        print(f"skipped: {each}")
    for each in below:
        print(f"✗ {each}", file=sys.stderr)
    return int(bool(below))


if __name__ == "__main__":
    sys.exit(main())
