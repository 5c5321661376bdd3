"""A video, a ROS bag or a folder of frames in order: neighbours in time show the same place."""

import math
from pathlib import Path

import cv2

from training.data.images import list_images
from training.data.manifest import Record
from training.data.readers.bag import open_bag
from training.files import write_atomically

RATE = 2.0  # images a second; a person has then gone half a step
_QUALITY = 95  # JPEG


def read_frames(source, images, rate=RATE, fps=None, topic="", origin=None):
    """Images of one walk or drive, with their times.

    Args:
        source: path of a folder of frames in the natural order of their names, of a video that OpenCV can
            decode, or of a .bag file.
        images: folder that gets those of a video or bag as JPEG; those of a folder stay where they are.
        rate: images a second to take.
        fps: frames a second in the source; None: what the video says; of a folder: ``rate``.
        topic: of a bag with several image topics.
        origin: a :class:`Record` whose split, region and licence all get.

    Returns:
        list of :class:`Record`; the sequence is the source's name, the time counts from its first frame.

    Raises:
        ValueError: naming the source, if it cannot be read or holds no images.
    """
    source = Path(source)
    if rate <= 0 or not (fps is None or fps > 0):
        raise ValueError(f"expected rates above 0. Received: {rate} and {fps} a second")
    if source.is_dir():
        frames = ((number / (fps or rate), path) for number, path in enumerate(list_images(source)))
        taken = [(seconds, path) for seconds, path in _thinned(frames, rate)]
    elif not source.is_file():
        raise ValueError(f"expected a video, a bag or a folder of frames. Received: '{source}', missing")
    else:
        frames = open_bag(source, topic) if source.suffix.lower() == ".bag" else _open_video(source, fps)
        taken = list(_written(_thinned(frames, rate), Path(images)))
    if not taken:
        raise ValueError(f"expected frames in '{source}'. Received: none that decodes")
    origin = origin or Record(source)
    return [origin._replace(image=path, sequence=source.stem, time=seconds) for seconds, path in taken]


def _thinned(frames, rate):
    """Pairs (seconds, anything) that follow each other no faster than ``rate``; the first at 0 s."""
    first, due = None, -math.inf
    for seconds, frame in frames:
        first = seconds if first is None else first
        if seconds - first >= due - 1e-6:
            due = seconds - first + 1 / rate
            yield seconds - first, frame


def _written(frames, folder):
    for number, (seconds, decode) in enumerate(frames):
        path = folder / f"{number:06d}.jpg"
        done, content = cv2.imencode(".jpg", decode(), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise ValueError(f"expected an image that can be a JPEG as '{path}'. Received: one that cannot")
        write_atomically(path, content.tobytes())
        yield seconds, path


def _open_video(path, fps):
    """Pairs (seconds, function that decodes that frame); each is to be used before the next is asked for."""
    video = cv2.VideoCapture(str(path))
    try:
        if not video.isOpened():
            raise ValueError(f"expected a video that OpenCV can decode. Received: '{path}'")
        fps = fps or video.get(cv2.CAP_PROP_FPS)
        if not fps > 0:
            raise ValueError(f"expected '{path}' to say its frames a second (or fps). Received: {fps}")
        number = 0
        while video.grab():
            yield number / fps, lambda: video.retrieve()[1]
            number += 1
    finally:
        video.release()
