"""Progress of a training: progress bar, learning curve as CSV, TensorBoard."""

import csv
import io
import time
from pathlib import Path

import cv2
import keras
import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from training.files import write_atomically

_SHOWN = 6  # hardest queries
_TILE = (160, 120)  # pixels
_FIGURES = (
    "loss",
    "pairs_satisfied",
    "positive_set_deviation",
)  # the bar shows the last value


class SilentMonitor:
    """The monitor of the processes that do not log."""

    def start(self, step):
        pass

    def learned(self, step, figures):
        pass

    def validated(self, step, figures, similarity):
        pass


class Monitor:
    """Writes the learning curve of a run; a resumed run continues the same files.

    Args:
        folder: of the run; curve.csv and tensorboard/ are written to it.
        steps: number of steps of the whole training.
        images: sequence of the validation images, (H, W, 3) uint8 BGR, to show the hardest queries.
    """

    def __init__(self, folder, steps, images):
        self._curve = Path(folder) / "curve.csv"
        self._events = EventFileWriter(str(Path(folder) / "tensorboard"))
        self._bar = keras.utils.Progbar(steps, stateful_metrics=_FIGURES, unit_name="step")
        self._images = images

    def start(self, step):
        """Start or resume; points of the curve after ``step`` are dropped, they were not checkpointed."""
        rows = []
        if self._curve.exists():
            with open(self._curve, encoding="utf-8", newline="") as file:
                rows = [row for row in csv.reader(file) if len(row) == 3 and int(row[0]) <= step]
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        write_atomically(self._curve, text.getvalue().encode())
        self._bar.update(step)

    def learned(self, step, figures):
        """Add a point of the curve: mean loss and metrics since the last point, by name."""
        self._bar.update(step, list(figures.items()))
        self._write(step, figures)

    def validated(self, step, figures, similarity):
        """Add the recall of a validation, and show the hardest queries.

        Args:
            step: number of steps done.
            figures: dict from name to recall.
            similarity: (N, N) float; row i is an augmented copy of image i, queried against all images.
        """
        self._write(step, figures)
        shown = ", ".join(f"{name} {100 * share:.1f}" for name, share in figures.items() if "@1" in name)
        print(f"\nstep {step}: {shown}", flush=True)
        self._show(step, [Summary.Value(tag="hardest: right, found", image=_png(self._hardest(similarity)))])

    def _hardest(self, similarity):
        """The queries with the largest margin of a wrong image over the right one: (H, W, 3) uint8 BGR."""
        own = np.diag(similarity)
        rival = similarity - np.diag(np.full(len(own), np.inf))
        worst = np.argsort(own - rival.max(axis=1))[:_SHOWN]
        rows = [[query, int(np.argmax(rival[query]))] for query in worst]
        tiles = [
            np.hstack([cv2.resize(self._images[i], _TILE, interpolation=cv2.INTER_AREA) for i in row])
            for row in rows
        ]
        return np.vstack(tiles)

    def _write(self, step, figures):
        with open(self._curve, "a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([step, name, repr(value)] for name, value in figures.items())
        self._show(
            step,
            [
                Summary.Value(tag=name.replace("@", " at "), simple_value=value)
                for name, value in figures.items()
            ],
        )

    def _show(self, step, values):
        """Write values of a step to TensorBoard."""
        self._events.add_event(Event(step=step, wall_time=time.time(), summary=Summary(value=values)))
        self._events.flush()


def _png(image):
    """(H, W, 3) uint8 BGR → an image of TensorBoard."""
    height, width, channels = image.shape
    content = cv2.imencode(".png", image)[1].tobytes()
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=content)
