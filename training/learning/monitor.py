"""What a training shows: a progress bar, the curve as CSV, TensorBoard."""

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

_SHOWN = 6  # hardest tuples
_TILE = (160, 120)  # pixels
_FIGURES = ("loss", "pairs_satisfied", "positive_set_deviation")  # the bar shows the newest, no mean of all


class SilentMonitor:
    """The monitor of a process that has nothing to say: another one of several says it."""

    def start(self, step):
        pass

    def learned(self, step, figures):
        pass

    def validated(self, step, figures, similarity):
        pass


class Monitor:
    """Writes the curve of a run; a resumed run goes on in the same files.

    Args:
        folder: of the run; gets curve.csv and TensorBoard's files under tensorboard/.
        steps: of the whole training.
        images: validation images by index, (H, W, 3) uint8 BGR, for the hardest tuples.
    """

    def __init__(self, folder, steps, images):
        self._curve = Path(folder) / "curve.csv"
        self._events = EventFileWriter(str(Path(folder) / "tensorboard"))
        self._bar = keras.utils.Progbar(steps, stateful_metrics=_FIGURES, unit_name="step")
        self._images = images

    def start(self, step):
        """Begin, or go on: points of the curve after ``step`` are of a run that was cut off, and dropped."""
        rows = []
        if self._curve.exists():
            with open(self._curve, encoding="utf-8", newline="") as file:
                rows = [row for row in csv.reader(file) if len(row) == 3 and int(row[0]) <= step]
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        write_atomically(self._curve, text.getvalue().encode())
        self._bar.update(step)

    def learned(self, step, figures):
        """A point of the curve: loss and metrics since the one before."""
        self._bar.update(step, list(figures.items()))
        self._write(step, figures)

    def validated(self, step, figures, similarity):
        """Recall, and the tuples that were hardest.

        Args:
            step: after which.
            figures: dict from name to recall.
            similarity: (N, N) float; the image of row i is asked for by an altered copy.
        """
        self._write(step, figures)
        shown = ", ".join(f"{name} {100 * share:.1f}" for name, share in figures.items() if "@1" in name)
        print(f"\nstep {step}: {shown}", flush=True)
        self._show(step, [Summary.Value(tag="hardest: right, found", image=_png(self._hardest(similarity)))])

    def _hardest(self, similarity):
        """The images that lose most clearly to a wrong one: (H, W, 3) uint8 BGR."""
        own = np.diag(similarity)
        rival = similarity - np.diag(np.full(len(own), np.inf))
        worst = np.argsort(own - rival.max(axis=1))[:_SHOWN]
        rows = [[asked, int(np.argmax(rival[asked]))] for asked in worst]
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
        """Write values of a step for TensorBoard."""
        self._events.add_event(Event(step=step, wall_time=time.time(), summary=Summary(value=values)))
        self._events.flush()


def _png(image):
    """(H, W, 3) uint8 BGR as TensorBoard keeps it."""
    height, width, channels = image.shape
    content = cv2.imencode(".png", image)[1].tobytes()
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=content)
