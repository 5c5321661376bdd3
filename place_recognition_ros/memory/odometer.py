"""How far the camera has travelled."""

from typing import Optional

from place_recognition_ros.poses import Pose, distance


class Odometer:
    """Metres along the path of the present session, where poses are known; a new session begins at 0."""

    def __init__(self) -> None:
        self.travelled = 0.0
        self._session = 0
        self._last: Optional[Pose] = None

    def move(self, session: int, pose: Optional[Pose]) -> float:
        """Follow the camera; returns the metres travelled."""
        if session != self._session:
            self._session, self._last, self.travelled = session, None, 0.0
        if pose is not None and self._last is not None:
            self.travelled += distance(self._last, pose)
        self._last = pose or self._last
        return self.travelled

    def since(self, travelled: float) -> Optional[float]:
        """Metres since an earlier moment of the session; None where poses are not known."""
        return None if self._last is None else self.travelled - travelled
