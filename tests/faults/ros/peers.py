"""Peers on the network that do not keep to the protocol of ROS."""

import re
import socket
import struct
import threading
from socketserver import ThreadingMixIn
from xmlrpc.server import SimpleXMLRPCServer

import rosgraph
from rosgraph.network import decode_ros_handshake_header, encode_ros_handshake_header


def connect(service):
    """A connection to the node that provides a service; nothing has been sent."""
    uri = rosgraph.Master("/tests").lookupService(service)
    host, port = re.match(r"rosrpc://(.*):(\d+)", uri).groups()
    return socket.create_connection((host, int(port)), timeout=30)


def service_header(service, kind, **fields):
    """The first bytes of a service client."""
    return encode_ros_handshake_header(
        {"service": service, "md5sum": kind._md5sum, "callerid": "/peer", **fields}
    )


def is_closed(connection, timeout=30):
    """Whether the other side closes the connection within a time, in seconds; what it sends is dropped."""
    connection.settimeout(timeout)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        return True
    except socket.timeout:
        return False
    return True


class _Server(ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True


class LyingPublisher:
    """A publisher of a topic that sends any bytes instead of messages.

    Args:
        topic: name with its namespace.
        kind: class of the messages.
        data: ``data(number)`` → what it sends on its nth connection, from 0 on, after the header.
    """

    def __init__(self, topic, kind, data):
        self._topic, self._kind, self._data = topic, kind, data
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self._node = _Server(("127.0.0.1", 0), logRequests=False, allow_none=True)
        self._node.register_function(lambda *_: [1, "", ["TCPROS", "127.0.0.1", port]], "requestTopic")
        self._node.register_function(lambda *_: [1, "", [[topic, kind._type]]], "getPublications")
        self._uri = f"http://127.0.0.1:{self._node.server_address[1]}/"
        for target in (self._node.serve_forever, self._accept):
            threading.Thread(target=target, daemon=True).start()
        self._master = rosgraph.Master("/lying_publisher")
        self._master.registerPublisher(topic, kind._type, self._uri)

    def close(self):
        self._master.unregisterPublisher(self._topic, self._uri)
        self._node.shutdown()
        self._node.server_close()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        size = struct.unpack("<I", connection.recv(4, socket.MSG_WAITALL))[0]
        decode_ros_handshake_header(struct.pack("<I", size) + connection.recv(size, socket.MSG_WAITALL))
        header = {"type": self._kind._type, "md5sum": self._kind._md5sum, "callerid": "/lying_publisher"}
        data = self._data(self.connections)
        self.connections += 1
        try:
            connection.sendall(encode_ros_handshake_header({"topic": self._topic, **header}))
            connection.sendall(data)
            connection.recv(1)  # until the other side closes
        except OSError:
            pass
        connection.close()
