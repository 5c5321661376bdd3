"""Every exception that the package raises on purpose.

::

    PlaceRecognitionError
    ├── ConfigError        a parameter is unknown, of another type or out of its range
    ├── ImageError         an image cannot be decoded: encoding, size, step or content
    ├── KeyframeError      a keyframe's stamp or pose is not usable
    ├── CameraError        a calibration cannot be that of the image
    ├── BagError           a ROS bag cannot be read or has no such image topic
    ├── InputError         a recording, a folder, a video or a file of ground truth cannot be read
    ├── ModelError         a model or its card is missing, damaged or of another shape
    ├── EngineError        an inference engine cannot be opened or fails
    ├── StoreError         the map on disk cannot be opened, read or written
    │   ├── StoreBusy      another process holds it
    │   └── MapMismatch    it was made by another model or another schema
    ├── FleetError         a message of the fleet cannot be used, or the other side cannot be reached
    ├── CalibrationError   too few matches are known to be right or wrong
    └── WorkerBusy         the worker cannot take or finish a request in time

A message says what was expected and what was received: ``expected …. Received: encoding='rgb16'``.
"""


class PlaceRecognitionError(Exception):
    """Base of all errors of this package; catch it to catch them all."""


class ConfigError(PlaceRecognitionError):
    """A parameter is unknown, of another type or out of its range."""


class ImageError(PlaceRecognitionError):
    """An image cannot be decoded: encoding, size, step or content."""


class KeyframeError(PlaceRecognitionError):
    """A keyframe's stamp or pose is not usable."""


class CameraError(PlaceRecognitionError):
    """A calibration cannot be that of the image."""


class BagError(PlaceRecognitionError):
    """A ROS bag cannot be read or has no such image topic."""


class InputError(PlaceRecognitionError):
    """A recording, a folder, a video or a file of ground truth cannot be read."""


class ModelError(PlaceRecognitionError):
    """A model or its card is missing, damaged or of another shape."""


class EngineError(PlaceRecognitionError):
    """An inference engine cannot be opened or fails."""


class StoreError(PlaceRecognitionError):
    """The map on disk cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another process holds the map."""


class MapMismatch(StoreError):
    """The map was made by another model or another schema."""


class FleetError(PlaceRecognitionError):
    """A message of the fleet cannot be used, or the other side cannot be reached."""


class CalibrationError(PlaceRecognitionError):
    """Too few matches are known to be right or wrong."""


class WorkerBusy(PlaceRecognitionError):
    """The worker cannot take or finish a request in time."""
