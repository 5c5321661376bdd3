"""Limits for whoever connects to this node: rospy has none.

Without them one silent connection keeps every later one out, because rospy reads the first bytes of all in
one thread; a wrong length is followed until the memory is full; a request that never comes keeps a thread;
and after one message that cannot be deserialised rospy never reads its topic again.
"""

import logging
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Any, Callable, Dict, List, Tuple

import genpy
import rospy
from rospy.impl import tcpros_base, tcpros_service

from place_recognition_ros.images import MAX_PIXELS

HANDSHAKE_TIMEOUT = 5.0  # seconds for the header of a connection
REQUEST_TIMEOUT = 10.0  # seconds for the request of a service client to arrive after it
IDLE_TIMEOUT = 600.0  # seconds for its response, and the next request where the connection is persistent
MAX_HEADER = 2**20  # bytes; it contains the definition of the message
MAX_MESSAGE = 8 * MAX_PIXELS + 2**20  # bytes: an image of four channels of 16 bits
MAX_WAITING = 100  # connections whose header has not arrived; one more is closed
MAX_SERVED = 100  # connections of service clients; one more is refused
PERIOD = 0.5  # seconds between two checks of the deadlines
LOG_PERIOD = 60.0  # seconds between two warnings

_LOG = logging.getLogger(__name__)


def limit_connections() -> None:
    """Set the limits, for all topics and services of this process; once, after ``rospy.init_node``."""
    deadlines = _Deadlines()
    protocol, service = tcpros_base.TCPROSTransportProtocol, tcpros_service.ServiceImpl
    server = tcpros_base._tcpros_server.tcp_ros_server
    server.inbound_handler = _limited_accept(server.inbound_handler, deadlines)
    protocol.read_messages = _limited_read(protocol.read_messages)
    service.handle = _limited_handle(service.handle, deadlines)
    service._handle_request = _noted_request(service._handle_request, deadlines)


class _Deadlines:
    """Closes connections on which something does not come in time."""

    def __init__(self) -> None:
        self._ends: Dict[Any, Tuple[float, socket.socket]] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, name="deadlines", daemon=True).start()

    def set(self, key: Any, sock: socket.socket, seconds: float) -> None:
        """Close a connection in so many seconds, instead of when it was set before with this key."""
        with self._lock:
            self._ends[key] = (time.monotonic() + seconds, sock)

    def clear(self, key: Any) -> None:
        """Do not close the connection."""
        with self._lock:
            self._ends.pop(key, None)

    def _watch(self) -> None:
        while True:
            time.sleep(PERIOD)
            now = time.monotonic()
            with self._lock:
                late = [(key, sock) for key, (end, sock) in self._ends.items() if end <= now]
                for key, _ in late:
                    del self._ends[key]
            for _, sock in late:
                with suppress(OSError):  # it is closed already
                    sock.shutdown(socket.SHUT_RDWR)  # ends the thread that reads from it


def _limited_accept(handle: Callable[..., None], deadlines: _Deadlines) -> Callable[..., None]:
    """Rospy's handler of a new connection, in a thread for each and with a deadline."""
    waiting = threading.Semaphore(MAX_WAITING)

    def greet(sock: socket.socket, address: Any) -> None:
        deadlines.set(sock, sock, HANDSHAKE_TIMEOUT)
        try:
            if _announced(sock) <= MAX_HEADER:
                handle(sock, address)
            else:
                sock.close()
        except OSError:
            sock.close()
        finally:
            deadlines.clear(sock)
            waiting.release()

    def accept(sock: socket.socket, address: Any) -> None:
        if waiting.acquire(blocking=False):
            threading.Thread(target=greet, args=(sock, address), daemon=True).start()
        else:
            sock.close()
            _warn("connection of %s closed: %d others wait for their header", address, MAX_WAITING)

    return accept


def _announced(sock: socket.socket) -> int:
    """Length of the header that follows, bytes; it is not read yet.

    Raises:
        OSError: if the connection ends before.
    """
    while True:
        start = sock.recv(4, socket.MSG_PEEK)
        if len(start) == 4:
            return int(struct.unpack("<I", start)[0])
        if not start:
            raise ConnectionError("closed")
        time.sleep(0.01)  # the rest of the four bytes


def _limited_read(read: Callable[..., None]) -> Callable[..., None]:
    """Rospy's reader of messages, which drops what it cannot use, so that the connection can begin again."""

    def read_messages(self: Any, buffer: Any, queue: List[Any], sock: socket.socket) -> None:
        with buffer.getbuffer() as content:
            size = struct.unpack_from("<I", content)[0]
        try:
            if size > MAX_MESSAGE:
                raise genpy.DeserializationError(f"expected at most {MAX_MESSAGE} bytes. Received: {size}")
            read(self, buffer, queue, sock)
        except genpy.DeserializationError as error:
            _warn("%s: a message cannot be read: %s", self.resolved_name, error)
            buffer.seek(0)
            buffer.truncate()
            raise

    return read_messages


def _limited_handle(handle: Callable[..., None], deadlines: _Deadlines) -> Callable[..., None]:
    """Rospy's handler of a service connection, with a deadline for its request."""
    served = threading.Semaphore(MAX_SERVED)

    def limited(self: Any, transport: Any, header: Any) -> None:
        try:
            if not served.acquire(blocking=False):
                _warn("%s: refused: %d clients are served already", self.resolved_name, MAX_SERVED)
                self._write_service_error(transport, f"busy: {MAX_SERVED} clients are served already")
                return
            try:
                deadlines.set(transport, transport.socket, REQUEST_TIMEOUT)
                handle(self, transport, header)
            finally:
                deadlines.clear(transport)
                served.release()
        except (rospy.exceptions.TransportException, OSError) as error:
            _LOG.debug("%s: %s", self.resolved_name, error)  # the client has gone
        finally:
            transport.close()

    return limited


def _noted_request(handle: Callable[..., None], deadlines: _Deadlines) -> Callable[..., None]:
    """Rospy's handler of a request, for which there is another deadline."""

    def handle_request(self: Any, transport: Any, request: Any) -> None:
        deadlines.set(transport, transport.socket, IDLE_TIMEOUT)
        handle(self, transport, request)

    return handle_request


def _warn(form: str, *values: Any) -> None:
    """Warn, at most once a minute: who connects decides how often."""
    global _warned  # noqa: PLW0603
    now = time.monotonic()
    if now - _warned >= LOG_PERIOD:
        _warned = now
        _LOG.warning(form, *values)


_warned = -LOG_PERIOD
