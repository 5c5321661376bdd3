"""The server as a running thing: one thread owns the map, the threads of the connections wait for it."""

import os
import threading
from typing import Callable, Optional

from place_recognition_ros.errors import PlaceRecognitionError, StoreError
from place_recognition_ros.fleet.http import Server
from place_recognition_ros.fleet.matching import Matching
from place_recognition_ros.fleet.server import FleetServer, Status
from place_recognition_ros.memory.store import KeyframeStore
from place_recognition_ros.worker import Worker

TIMEOUT = 8.0  # seconds for a message, less than robots wait
TICK = 0.5  # seconds: how late something may be noticed that only needs time
STOP_TIMEOUT = 4.0  # seconds
_MORE = object()


class Host:
    """Opens the map and listens.

    Args:
        matching: how keyframes are compared.
        feature_bytes: of local features for each keyframe that a robot may be asked for.
        host, port: where to listen; port 0: any free one.
        on_error: gets what fails beside messages; it is tried again.

    Raises:
        FleetError: if nothing can listen there.
    """

    def __init__(
        self,
        matching: Matching,
        feature_bytes: int,
        host: str,
        port: int,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._matching, self._feature_bytes = matching, feature_bytes
        self._on_error = on_error
        self._worker: Worker[FleetServer, object, Status] = Worker(
            self._open, self._work, FleetServer.status, on_error
        )
        self._http = Server(host, port, self._exchange)
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in (("http", self._http.serve_forever), ("tick", self._tick))
        ]

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._http.port

    @property
    def status(self) -> Optional[Status]:
        """The newest status; None: the map is not open yet.

        Raises:
            PlaceRecognitionError: why it cannot be opened.
        """
        return self._worker.status if self._worker.is_open else None

    @property
    def is_alive(self) -> bool:
        """Whether the thread that owns the map runs."""
        return self._worker.is_alive

    def start(self) -> None:
        """Start; robots are refused until the map is open, and try again."""
        self._worker.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> bool:
        """Close the map; returns whether that was done in time."""
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()
        return self._worker.stop(STOP_TIMEOUT)

    def _open(self) -> FleetServer:
        config, models = self._matching.config, self._matching.models
        path = os.path.expanduser(config.map_path)
        store = KeyframeStore(path, models.model_id, models.descriptor_size, models.feature_model)
        try:
            return FleetServer(store, self._matching, self._feature_bytes)
        except BaseException:
            store.close()
            raise

    def _exchange(self, sent: bytes) -> bytes:
        try:
            received: bytes = self._worker.call(lambda server: server.exchange(sent), TIMEOUT)
        except PlaceRecognitionError:
            raise
        except Exception as error:  # a fault of the server, which must not cost it the robots
            self._on_error(error)
            raise StoreError(
                "expected the server to take the message. Received: a fault of the server"
            ) from error
        self._worker.offer(_MORE)
        return received

    def _work(self, server: FleetServer, _: object) -> None:
        if server.work():
            self._worker.offer(_MORE)

    def _tick(self) -> None:
        while not self._ended.wait(TICK):
            self._worker.offer(_MORE)
