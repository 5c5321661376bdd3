"""Videos, ROS bags and folders of frames; frames that are close in time show the same place."""

import math
from pathlib import Path

import cv2

from training.data.images import list_images
from training.data.manifest import Record
from training.files import write_atomically

RATE = 2.0  # images per second; a person walks half a step in that time
_QUALITY = 95  # JPEG


def read_frames(source, images, rate=RATE, fps=None, topic="", origin=None):
    """Images of a walk or drive, with their times.

    Args:
        source: path of a folder of frames, in natural order of their names, of a video that OpenCV can
            decode, or of a .bag file.
        images: folder to which images of a video or bag are written as JPEG; not used for a folder.
        rate: images per second to take.
        fps: frames per second of the source; None: as stated in the video; for a folder: ``rate``.
        topic: image topic of a bag with several.
        origin: a :class:`Record` with the split, region and licence of all images.

    Returns:
        list of :class:`Record`; the sequence is the name of the source, the time starts at its first frame.

    Raises:
        ValueError, BagError: naming the source, if it cannot be read or contains no images.
    """
    source = Path(source)
    if rate <= 0 or not (fps is None or fps > 0):
        raise ValueError(f"expected rates above 0. Received: {rate} and {fps} per second")
    if source.is_dir():
        frames = ((number / (fps or rate), path) for number, path in enumerate(list_images(source)))
        taken = [(seconds, path) for seconds, path in _thin(frames, rate)]
    elif not source.is_file():
        raise ValueError(f"expected a video, a bag or a folder of frames. Received: '{source}', missing")
    else:
        frames = _open_bag(source, topic) if source.suffix.lower() == ".bag" else _open_video(source, fps)
        taken = list(_write(_thin(frames, rate), Path(images)))
    if not taken:
        raise ValueError(f"expected frames in '{source}'. Received: none that can be decoded")
    origin = origin or Record(source)
    return [origin._replace(image=path, sequence=source.stem, time=seconds) for seconds, path in taken]


def _thin(frames, rate):
    """The pairs (seconds, frame) at no more than ``rate`` per second; the first at 0 s."""
    first, due = None, -math.inf
    for seconds, frame in frames:
        first = seconds if first is None else first
        if seconds - first >= due - 1e-6:
            due = seconds - first + 1 / rate
            yield seconds - first, frame


def _write(frames, folder):
    for number, (seconds, decode) in enumerate(frames):
        path = folder / f"{number:06d}.jpg"
        done, content = cv2.imencode(".jpg", decode(), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise ValueError(f"expected an image that can be a JPEG as '{path}'. Received: one that cannot")
        write_atomically(path, content.tobytes())
        yield seconds, path


def _open_bag(path, topic):
    """Pairs (seconds, function that decodes that image)."""
    try:
        from place_recognition_ros.ros.bag import BagImages  # only bags need ROS
    except ImportError as error:
        raise ValueError(f"expected ROS's python3-rosbag to read '{path}'. Received: {error}") from error
    return ((image.stamp / 1e9, image.decode) for image in BagImages(str(path), topic))


def _open_video(path, fps):
    """Pairs (seconds, function that decodes the frame), valid until the next pair is read."""
    video = cv2.VideoCapture(str(path))
    try:
        if not video.isOpened():
            raise ValueError(f"expected a video that OpenCV can decode. Received: '{path}'")
        fps = fps or video.get(cv2.CAP_PROP_FPS)
        if not fps > 0:
            raise ValueError(f"expected the frame rate in '{path}', or --fps. Received: {fps}")
        number = 0
        while video.grab():
            yield number / fps, lambda: video.retrieve()[1]
            number += 1
    finally:
        video.release()
