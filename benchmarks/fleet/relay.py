"""A link that can be cut: a TCP relay that counts the bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from functools import partial

CHUNK = 1 << 16


class Relay:
    """Passes connections on to a server, in threads, while it is up.

    Args:
        port: of the server on this machine.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._up = True
        self.bytes = 0
        """That were passed on, in both directions."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        with self._lock:
            self._up = False
            for each in self._open:
                _close(each)
            self._open.clear()

    def restore(self) -> None:
        """Pass connections on again."""
        self._up = True

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                if not self._up:
                    raise OSError
                server = socket.create_connection(("127.0.0.1", self._target), 1.0)
            except OSError:
                _close(client)
                continue
            with self._lock:
                self._open |= {client, server}
            for source, target in ((client, server), (server, client)):
                source.settimeout(None)
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for content in iter(partial(source.recv, CHUNK), b""):
                with self._lock:
                    self.bytes += len(content)
                target.sendall(content)
        with self._lock:
            self._open -= {source, target}
        _close(source)
        _close(target)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
