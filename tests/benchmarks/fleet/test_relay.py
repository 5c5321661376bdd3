"""The relay that cuts links."""

import contextlib
import socket
import socketserver
import threading

import pytest

from benchmarks.fleet.relay import Relay


class Echo(socketserver.BaseRequestHandler):
    """Returns what it receives."""

    def handle(self):
        with contextlib.suppress(OSError):
            for content in iter(lambda: self.request.recv(1000), b""):
                self.request.sendall(content)


@pytest.fixture
def echo():
    """Port of a server that returns what it receives."""
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def relay(echo):
    relay = Relay(echo)
    yield relay
    relay.close()


def connect(relay):
    connection = socket.create_connection(("127.0.0.1", relay.port))
    connection.settimeout(5)
    return connection


def is_broken(connection):
    try:
        connection.sendall(b"x")
        return not connection.recv(1)
    except OSError:
        return True


def test_it_passes_bytes_on_and_counts_them(relay):
    with connect(relay) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"
    assert relay.bytes == 10


def test_a_cut_breaks_connections_until_it_is_restored(relay):
    with connect(relay) as connection:
        connection.sendall(b"a")
        assert connection.recv(1) == b"a"
        relay.cut()
        assert is_broken(connection)
    with connect(relay) as connection:
        assert is_broken(connection)
    relay.restore()
    with connect(relay) as connection:
        connection.sendall(b"b")
        assert connection.recv(1) == b"b"
