"""The transport: deadlines, sizes, and robots that are slow or hostile."""

import socket
import threading
import time
from contextlib import suppress

import pytest

from place_recognition_ros.errors import FleetError, StoreError, WorkerBusy
from place_recognition_ros.fleet import http
from place_recognition_ros.fleet.frame import MAX_SENT
from place_recognition_ros.fleet.http import Client, Server


@pytest.fixture
def serve():
    """``serve(exchange)`` → a Server that runs in a thread until the end of the test."""
    servers = []

    def serve(exchange=bytes.upper):
        servers.append(Server("127.0.0.1", 0, exchange))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return servers[-1]

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def client_of(server, deadline=5.0):
    return Client(f"http://127.0.0.1:{server.port}", deadline)


def ends(connection):
    """Whether the server closes a connection within some seconds."""
    connection.settimeout(10)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def test_messages_of_any_size_come_back(serve):
    client = client_of(serve())
    for size in (0, 1, 70000, MAX_SENT):
        assert client.exchange(b"a" * size) == b"A" * size
    client.close()


def test_one_connection_serves_all_messages(serve):
    server = serve()
    client = client_of(server)
    ports = set()
    for _ in range(3):
        client.exchange(b"a")
        ports.add(client._connection.sock.getsockname()[1])
    assert len(ports) == 1


def test_a_connection_that_broke_is_opened_again(serve):
    client = client_of(serve())
    client.exchange(b"a")
    client._connection.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(FleetError, match="expected a reply"):
        client.exchange(b"a")
    assert client.exchange(b"a") == b"A"


def test_a_message_that_is_too_long_is_refused_before_it_is_read(serve):
    server = serve()
    client = client_of(server)
    with pytest.raises(FleetError):
        client.exchange(b"a" * (MAX_SENT + 1))
    assert client.exchange(b"a") == b"A"


@pytest.mark.parametrize("error", [WorkerBusy("busy"), FleetError("busy"), StoreError("busy")])
def test_the_robot_is_informed_why_a_message_is_not_taken(serve, error):
    def refuse(_):
        raise error

    with pytest.raises(FleetError, match="busy"):
        client_of(serve(refuse)).exchange(b"a")


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /other HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
        b"POST /exchange HTTP/1.1\r\n\r\n",
        b"POST /exchange HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /exchange HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /exchange HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /exchange HTTP/1.1\r\nContent-Length: \xc2\xb2\r\n\r\n",
        b"x" * 100000,
        b"POST /exchange HTTP/1.1\r\n" + b"a: b\r\n" * 1000,
        bytes(range(256)),
    ],
    ids=lambda sent: repr(sent[:60]),
)
def test_what_is_not_such_a_request_ends_the_connection_only(serve, sent):
    called = []
    server = serve(lambda received: called.append(received) or b"")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        with suppress(OSError):  # it may have ended the connection before it has everything
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        assert ends(connection)
    assert not called
    assert client_of(server).exchange(b"a") == b""


@pytest.mark.parametrize(
    "start", [b"", b"POST /exch", b"POST /exchange HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"]
)
def test_a_robot_that_stops_in_the_middle_is_cut_off_and_disturbs_nobody(serve, monkeypatch, start):
    monkeypatch.setattr(http, "DEADLINE", 1.0)
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(start)
        assert client_of(server).exchange(b"a") == b"A"
        assert ends(connection)


def test_a_robot_that_sends_a_byte_now_and_then_is_cut_off(serve, monkeypatch):
    monkeypatch.setattr(http, "DEADLINE", 1.0)
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        with pytest.raises(OSError):
            for _ in range(100):
                connection.sendall(b"P")
                time.sleep(0.1)
        assert client_of(server).exchange(b"a") == b"A"


def test_one_address_has_so_many_connections_and_no_more(serve, monkeypatch):
    monkeypatch.setattr(http, "MAX_PER_ADDRESS", 3)
    server = serve()
    open_connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    with pytest.raises(FleetError):
        for _ in range(20):  # the threads of the first ones may not have begun
            client_of(server).exchange(b"a")
    for connection in open_connections:
        connection.close()
    end = time.monotonic() + 10
    while server._connections and time.monotonic() < end:
        time.sleep(0.01)
    assert client_of(server).exchange(b"a") == b"A"


def test_the_robot_waits_no_longer_than_its_deadline():
    with (
        socket.create_server(("127.0.0.1", 0)) if hasattr(socket, "create_server") else socket.socket()
    ) as deaf:
        if not deaf.getsockname()[1]:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(1)
        client = Client(f"http://127.0.0.1:{deaf.getsockname()[1]}", 0.3)
        with pytest.raises(FleetError, match="expected a reply"):
            client.exchange(b"a")


@pytest.mark.parametrize(
    "uri", ["", "127.0.0.1:7117", "ftp://host:1", "http://", "http://host:x", "http://host:99999"]
)
def test_a_server_that_cannot_be_named_so_is_refused(uri):
    with pytest.raises(FleetError, match="http://HOST:PORT"):
        Client(uri)


def test_an_address_that_is_in_use_is_refused(serve):
    server = serve()
    with pytest.raises(FleetError, match="expected to listen"):
        Server("127.0.0.1", server.port, bytes.upper)
