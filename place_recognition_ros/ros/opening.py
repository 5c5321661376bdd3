"""Opens the model and the map in the worker's thread: minutes, or until another process frees the map."""

import os
import sqlite3
import time
from contextlib import suppress
from typing import Any, Optional

import rospy

from place_recognition_ros.config import Config
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.errors import StoreBusy, WorkerBusy
from place_recognition_ros.worker import Worker

RETRY_PERIOD = 0.5  # seconds between two looks whether the map is free


class Opening:
    """Opens a detector and keeps ``worker.opening`` up to date.

    A map that another process holds is waited for. To end instead would help nobody: a supervisor starts the
    node again and again, with the same result, and each time opens the model for nothing. So it works as soon
    as the other one has ended, and reports until then why it does not.

    Args:
        config: the parameters.
        worker: whose thread calls :meth:`detector`.
    """

    def __init__(self, config: Config, worker: Worker) -> None:
        self._config = config
        self._worker = worker

    def detector(self) -> LoopDetector:
        """The detector.

        Raises:
            ModelError, EngineError, StoreError: what cannot be opened, and why.
            WorkerBusy: if the worker is to stop before the map is read, or free.
        """
        try:
            return LoopDetector.open(self._config, progress=self._report)
        except StoreBusy as error:
            self._wait(error)
        return self.detector()

    def _report(self, read: int, total: int) -> None:
        self._check_stop()
        self._worker.opening = f"the map is being read, {read:,} of {total:,} keyframes"

    def _wait(self, error: StoreBusy) -> None:
        path = os.path.expanduser(self._config.map_path)
        self._worker.opening = f"another process uses the map '{path}': end it, or set another map_path"
        rospy.logwarn("Waiting for the map: %s. End the other process, or set another map_path", error)
        while is_taken(path):
            self._check_stop()
            time.sleep(RETRY_PERIOD)
        rospy.loginfo("The map is free")

    def _check_stop(self) -> None:
        if self._worker.is_stopping:
            raise WorkerBusy("expected time to open the map. Received: a request to stop")


def is_taken(path: str) -> bool:
    """Whether another process holds a map; it is not changed, and no model is needed to find out."""
    connection: Optional[Any] = None
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(path, timeout=0)
    if connection is None:
        return False  # opening it tells what is wrong
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return "locked" in str(error)
    finally:
        connection.close()
    return False
