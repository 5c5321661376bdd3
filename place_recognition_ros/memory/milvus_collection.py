"""A collection of Milvus, through pymilvus: milvus-lite in this process, or a server.

pymilvus is imported only here, and only when a collection is opened; it needs a newer Python than the rest.
"""

import logging
import os
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from place_recognition_ros.errors import ConfigError, MapMismatch, StoreError

MOST_RETURNED = 16384  # of one search or query: a limit of Milvus
PART_LENGTH = 1024  # bytes of the name of a part
PARTITIONS = 64  # that parts are distributed to
CONNECT_S, SEARCH_S, WRITE_S = 5.0, 2.0, 30.0  # how long a call may take
LITE = "milvus_lite"  # its server's version begins with this

EXACT = {"index_type": "FLAT", "params": {}}
APPROXIMATE = {"index_type": "HNSW_SQ", "params": {"M": 32, "efConstruction": 200, "sq_type": "SQ8"}}
EF = 256  # candidates of the graph that a search follows, at least


class Row(NamedTuple):
    """A keyframe as it is written."""

    id: int
    part: str  # rows of one part are stored together
    vector: np.ndarray  # (D,), unit norm


class MilvusCollection:
    """An open collection. Searches may run while another thread writes.

    Args:
        uri: ``http://host:19530`` of a server, or the path of milvus-lite's folder, which ends with ``.db``.
        name: of the collection; it is created if it does not exist.
        descriptor_size: length D of the vectors.
        owner: what the collection belongs to, by name: the model, the map.

    Raises:
        ConfigError: if the address has another form, or pymilvus or milvus-lite is not installed.
        MapMismatch: if the collection has vectors of another length or belongs to something else.
        StoreError: if Milvus cannot be reached.
    """

    def __init__(self, uri: str, name: str, descriptor_size: int, owner: Mapping[str, str]) -> None:
        self._uri, self._name = checked_uri(uri), name
        self._failures = failures_of_milvus()
        with self._reported("open"):
            self._client = open_client(self._uri)
            try:
                self.is_lite = str(self._client.get_server_version(timeout=CONNECT_S)).startswith(LITE)
                self.is_exact = self.is_lite
                """Whether the scores are exact, or come from an approximate index."""
                self.is_new = not self._client.has_collection(name, timeout=CONNECT_S)
                """Whether it was made just now."""
                if self.is_new:
                    self._create(descriptor_size, owner)
                self._check(descriptor_size, owner)
                self._client.load_collection(name, timeout=WRITE_S)
            except BaseException:
                self.close()
                raise

    @contextmanager
    def _reported(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            text = " ".join(str(error).split())[:300]
            raise StoreError(
                f"expected to {what} collection '{self._name}' of Milvus at {self._uri}. Received: {text}"
            ) from error

    def _create(self, descriptor_size: int, owner: Mapping[str, str]) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("part", DataType.VARCHAR, max_length=PART_LENGTH, is_partition_key=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=descriptor_size)
        index = self._client.prepare_index_params()
        index.add_index("vector", metric_type="IP", **(EXACT if self.is_exact else APPROXIMATE))
        self._client.create_collection(
            self._name,
            schema=schema,
            index_params=index,
            num_partitions=PARTITIONS,
            consistency_level="Bounded",
            properties={f"place_recognition.{key}": value for key, value in owner.items()},
            timeout=WRITE_S,
        )

    def _check(self, descriptor_size: int, owner: Mapping[str, str]) -> None:
        found = self._client.describe_collection(self._name, timeout=CONNECT_S)
        sizes = [field["params"].get("dim") for field in found["fields"] if field["name"] == "vector"]
        if sizes != [descriptor_size]:
            raise self._mismatch(f"vectors of {descriptor_size} numbers", f"of {sizes}")
        properties: Dict[str, str] = found["properties"]
        for key, value in owner.items():
            received = properties.get(f"place_recognition.{key}", "")
            if received != value:
                raise self._mismatch(f"{key} '{value}'", f"'{received}'")

    def _mismatch(self, expected: str, received: str) -> MapMismatch:
        return MapMismatch(
            f"collection '{self._name}' of Milvus at {self._uri}: expected {expected}. Received: {received}"
        )

    def write(self, rows: Sequence[Row]) -> None:
        """Store rows, in place of those with the same ids; StoreError if that failed, then perhaps a part."""
        data = [{"id": row.id, "part": row.part, "vector": row.vector.astype(np.float32)} for row in rows]
        with self._reported("write to"):
            if data:
                self._client.upsert(self._name, data, timeout=WRITE_S)
            if data and self.is_lite:  # it needs 0.2 ms per search for each row that is not in a file yet
                self._client.flush(self._name, timeout=WRITE_S)

    def delete(self, ids: Sequence[int]) -> None:
        """Remove rows, if they exist; StoreError if that failed."""
        with self._reported("delete from"):
            if ids:
                self._client.delete(self._name, ids=list(ids), timeout=WRITE_S)

    def search(self, vector: np.ndarray, limit: int) -> List[Tuple[int, float]]:
        """The most similar rows, (id, cosine), best first; StoreError if that failed."""
        limit = min(limit, MOST_RETURNED)
        with self._reported("search"):
            (hits,) = self._client.search(
                self._name,
                data=[vector.astype(np.float32)],
                limit=limit,
                search_params={"params": {} if self.is_exact else {"ef": max(EF, limit)}},
                consistency_level="Bounded",
                timeout=SEARCH_S,
            )
        return [(int(hit["id"]), float(hit["distance"])) for hit in hits]

    def ids(self) -> np.ndarray:
        """(n,) int64: the ids of all rows, sorted; StoreError if they cannot be read."""
        parts = [np.empty(0, np.int64)]
        with self._reported("read"):
            rows = self._client.query_iterator(
                self._name,
                batch_size=MOST_RETURNED,
                output_fields=["id"],
                consistency_level="Strong",
                timeout=WRITE_S,
            )
            while True:
                some = rows.next()
                if not some:
                    break
                parts.append(np.array([row["id"] for row in some], np.int64))
            rows.close()
        return np.unique(np.concatenate(parts))

    def close(self) -> None:
        """Close the connection, and milvus-lite with it."""
        with suppress(Exception):  # it may be broken
            self._client.close()
        if self._uri.endswith(".db"):
            from milvus_lite.server_manager import server_manager_instance

            server_manager_instance.release_server(self._uri)


def checked_uri(uri: str) -> str:
    """An address as pymilvus takes it; ConfigError if it has another form."""
    if uri.startswith(("http://", "https://")):
        return uri
    path = os.path.abspath(os.path.expanduser(uri))
    if not path.endswith(".db") or not os.path.isdir(os.path.dirname(path)):
        raise ConfigError(
            "index_uri: expected http://HOST:PORT of a Milvus server, or a path for milvus-lite that ends "
            f"with .db, in a folder that exists. Received: '{uri[:200]}'"
        )
    return path


def failures_of_milvus() -> Tuple[Any, ...]:
    """The exceptions of pymilvus; ConfigError if it is not installed."""
    try:
        import grpc
        from pymilvus.exceptions import MilvusException
    except ImportError as error:
        raise _not_installed(error) from error
    for name in ("pymilvus", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # errors are reported where they are caught
    return MilvusException, grpc.RpcError


def open_client(uri: str) -> Any:
    """A client with a connection of its own; ConfigError if milvus-lite is needed and not installed."""
    from pymilvus import MilvusClient

    if uri.endswith(".db"):
        try:
            import milvus_lite  # noqa: F401
        except ImportError as error:
            raise _not_installed(error) from error
    return MilvusClient(uri, timeout=CONNECT_S, dedicated=True)


def _not_installed(error: ImportError) -> ConfigError:
    return ConfigError(
        "index_uri: expected pymilvus and milvus-lite in the Python environment of the node, "
        f"pip install -r requirements/milvus.txt (Python 3.10 or newer). Received: {error}"
    )
