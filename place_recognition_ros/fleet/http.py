"""The way between robots and server: HTTP, one POST per exchange, begun by the robot.

So it works through NAT, and a reverse proxy adds TLS and passwords where they are needed. Every wait has a
deadline, every message a largest size, and every address a largest number of connections: a robot that is
slow or hostile keeps nobody else waiting.
"""

import http.client
import io
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any, Callable, Optional, Tuple
from typing import Counter as CounterType
from urllib.parse import urlsplit

from place_recognition_ros.errors import FleetError, PlaceRecognitionError, WorkerBusy
from place_recognition_ros.fleet.frame import MAX_SENT

PATH = "/exchange"
DEADLINE = 30.0  # seconds from one request to the end of the next one, for the server
ANSWER_DEADLINE = 10.0  # seconds in which a robot has to take a reply
CLIENT_DEADLINE = 10.0  # seconds for a whole exchange, for a robot
MAX_CONNECTIONS = 256
MAX_PER_ADDRESS = 64
_CHUNK = 1 << 16


class Client:
    """Sends messages to the server over one connection, which it opens again where that is needed.

    Args:
        uri: of the server, ``http://host:port`` or ``https://…``.
        deadline: seconds for an exchange.
    """

    def __init__(self, uri: str, deadline: float = CLIENT_DEADLINE) -> None:
        parts = urlsplit(uri)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise FleetError(
                f"expected http://HOST:PORT or https://HOST:PORT as the server. Received: '{uri}'"
            )
        self._uri, self._deadline = uri, deadline
        secure = parts.scheme == "https"
        self._kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._host, self._port, self._path = parts.hostname, port, parts.path.rstrip("/") + PATH
        self._connection: Optional[http.client.HTTPConnection] = None

    def exchange(self, sent: bytes) -> bytes:
        """Send a message; returns the reply.

        Raises:
            FleetError: if the server cannot be reached in time, or refuses the message.
        """
        end = time.monotonic() + self._deadline
        try:
            status, content = self._post(sent, end)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise FleetError(f"expected a reply of '{self._uri}'. Received: {error!r}") from error
        if status != http.client.OK:
            self.close()
            text = content[:300].decode("utf-8", "replace")
            raise FleetError(f"expected the server to take the message. Received: {status}, {text}")
        return content

    def _post(self, sent: bytes, end: float) -> Tuple[int, bytes]:
        if self._connection is None:
            self._connection = self._kind(self._host, self._port, timeout=self._deadline)
        connection = self._connection
        connection.putrequest("POST", self._path, skip_accept_encoding=True)
        connection.putheader("Content-Length", str(len(sent)))
        connection.endheaders(sent)
        response = connection.getresponse()
        content = b""
        while len(content) <= MAX_SENT:
            if connection.sock is not None:
                connection.sock.settimeout(max(0.001, end - time.monotonic()))
            part = response.read(_CHUNK)
            if not part:
                return response.status, content
            content += part
        raise http.client.HTTPException(f"more than {MAX_SENT} bytes")

    def close(self) -> None:
        """Close the connection; the next exchange opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Server(ThreadingMixIn, HTTPServer):
    """Takes the messages of robots, each connection in a thread of its own.

    Args:
        host: the address to listen on.
        port: 0: any free one.
        exchange: returns the reply to a message; is called by many threads at once. FleetError: the message
            is refused; any other PlaceRecognitionError: the robot shall try again.

    Raises:
        FleetError: if nothing can listen there.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, exchange: Callable[[bytes], bytes]) -> None:
        self.exchange = exchange
        self._counting = threading.Lock()
        self._connections: CounterType[str] = Counter()
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise FleetError(f"expected to listen on {host}:{port}. Received: {error}") from error

    def server_bind(self) -> None:
        """Bind without looking the name of the host up, which may wait for a name server."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection, unless there are too many."""
        address = str(client_address[0])
        with self._counting:
            refused = (
                self._connections[address] >= MAX_PER_ADDRESS
                or sum(self._connections.values()) >= MAX_CONNECTIONS
            )
            if not refused:
                self._connections[address] += 1
        if refused:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._counting:
                self._connections[str(client_address[0])] -= 1
                self._connections += Counter()  # without those that have none

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is what robots' connections do."""


class _Timed(io.RawIOBase):
    """What a socket receives until a deadline."""

    def __init__(self, connection: Any) -> None:
        self._socket = connection
        self.end = time.monotonic() + DEADLINE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.end - time.monotonic()
        if left <= 0:
            raise socket.timeout("too slow")
        self._socket.settimeout(left)
        return int(self._socket.recv_into(buffer))


class _Handler(BaseHTTPRequestHandler):
    """One connection of a robot."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timed = _Timed(self.connection)
        self.rfile = io.BufferedReader(self._timed)

    def handle_one_request(self) -> None:
        self._timed.end = time.monotonic() + DEADLINE
        super().handle_one_request()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not length.isdigit() or len(length) > 9 or int(length) > MAX_SENT:
            self._answer(400, f"expected POST {PATH} with up to {MAX_SENT} bytes".encode())
            return
        sent = self.rfile.read(int(length))
        if len(sent) < int(length):
            self.close_connection = True
            return
        try:
            self._answer(200, self.server.exchange(sent))
        except WorkerBusy as error:
            self._answer(503, str(error).encode("utf-8"))
        except FleetError as error:
            self._answer(400, str(error).encode("utf-8"))
        except PlaceRecognitionError as error:  # a full disk, for example
            self._answer(503, str(error).encode("utf-8"))

    def _answer(self, status: int, content: bytes) -> None:
        self.close_connection = self.close_connection or status != 200
        self.connection.settimeout(ANSWER_DEADLINE)
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Diagnostics tell what matters."""
