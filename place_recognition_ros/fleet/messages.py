"""What robot and server send each other, and its bytes."""

import hashlib
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from place_recognition_ros.errors import FleetError
from place_recognition_ros.fleet import codec
from place_recognition_ros.fleet.frame import Fields, pack, unpack
from place_recognition_ros.poses import Pose
from place_recognition_ros.types import (
    Camera,
    Candidate,
    Evidence,
    FeatureKind,
    Kind,
    Reason,
    RelativePose,
    Status,
)

MAX_KEYFRAMES = 64  # of one message
MAX_VIEWS = 8
MAX_FEATURES = 10000  # of a view
MAX_CANDIDATES = 50
MAX_ID = 2**32 - 1  # of a keyframe in a robot's map
MAX_SESSION = 2**31 - 1
_UPPER = np.triu_indices(6)


class Models(NamedTuple):
    """What robots and server must have in common."""

    model_id: str
    descriptor_size: int
    feature_model: str
    feature_kind: FeatureKind

    @property
    def digest(self) -> str:
        """Tells in few bytes whether two sides have the same."""
        return hashlib.sha256("\n".join(self[:1] + self[2:3]).encode("utf-8")).hexdigest()[:12]


class Batch(NamedTuple):
    """What a robot sends: some keyframes of one session, and local features that the server asked for."""

    robot: str
    map_id: str
    digest: str  # of the models
    server: str = ""  # the server's map, as its newest reply named it; what follows counts for this map only
    received: int = -1  # number of the newest loop that the robot has; -1: the server knows it
    after: int = 0  # the position in the newest reply: all keyframes up to it need not be sent
    session: int = 0  # of the keyframes, in the robot's map
    session_uuid: str = ""
    camera: Optional[Camera] = None
    ids: List[int] = []  # noqa: RUF012  rising
    stamps: List[int] = []  # noqa: RUF012  nanoseconds
    descriptors: np.ndarray = np.zeros((0, 0), np.float32)  # (N, D)
    views: Dict[int, np.ndarray] = {}  # noqa: RUF012  id of a keyframe → (n,) FEATURE; none: it has none


class Loop(NamedTuple):
    """A place that two robots have seen; sessions and ids are those of the robots' maps."""

    number: int  # rises with each loop of the server
    candidate: Candidate
    query_map: str
    match_map: str
    frame_id: str  # the optical frame of the query


class Reply(NamedTuple):
    """What the server returns."""

    server: str  # its map: another one has other positions
    position: int  # id of the newest keyframe that is safely stored, or need not be sent
    known: bool = False  # the session of the keyframes is that of another map, and is not stored again
    wanted: List[int] = []  # noqa: RUF012  keyframes whose local features the server asks for
    loops: List[Loop] = []  # noqa: RUF012


def pack_batch(batch: Batch, kind: FeatureKind) -> bytes:
    """The bytes of a batch."""
    fields: Dict[str, Any] = {"robot": batch.robot, "map": batch.map_id, "models": batch.digest}
    if batch.server:
        fields.update(server=batch.server, after=batch.after)
    if batch.received >= 0:
        fields["received"] = batch.received
    content = b""
    if batch.ids:
        fields.update(session=batch.session, uuid=batch.session_uuid, count=len(batch.ids))
        if batch.camera is not None:
            fields["camera"] = _from_camera(batch.camera)
        rows = [np.array(each, "<i8").tobytes() for each in (batch.ids, batch.stamps)]
        content += b"".join(rows) + codec.pack_descriptors(batch.descriptors)
    if batch.views:
        fields["views"] = list(batch.views)
        fields["counts"] = [len(each) for each in batch.views.values()]
        content += b"".join(codec.pack_features(each, kind) for each in batch.views.values())
    return pack(fields, content)


def unpack_batch(sent: bytes, models: Models) -> Batch:
    """The batch of a message.

    Raises:
        FleetError: if something in it is not as it should be, or it is of other models.
    """
    fields, content = unpack(sent)
    batch = Batch(fields.text("robot", 1), fields.text("map", 1), fields.text("models", 1))
    if batch.digest != models.digest:
        raise FleetError(
            f"expected keyframes of the models {models.model_id} and {models.feature_model}. "
            f"Received: those of others, from robot '{batch.robot}'"
        )
    if fields.has("server"):
        batch = batch._replace(server=fields.text("server"), after=fields.integer("after", 0, MAX_ID))
    if fields.has("received"):
        batch = batch._replace(received=fields.integer("received"))
    count = fields.integer("count", 1, MAX_KEYFRAMES) if fields.has("count") else 0
    views = fields.integers("views", MAX_VIEWS, 1, MAX_ID)
    counts = fields.integers("counts", MAX_VIEWS, 0, MAX_FEATURES)
    sizes = [each * codec.PACKED.itemsize for each in counts]
    keyframes = count * (16 + models.descriptor_size)
    if len(content) != keyframes + sum(sizes) or len(counts) != len(views):
        raise FleetError(f"expected {keyframes + sum(sizes)} bytes of numbers. Received: {len(content)}")
    if count:
        ids, stamps = np.frombuffer(content[: 16 * count], "<i8").reshape(2, count).tolist()
        if sorted(set(ids)) != ids or ids[0] < 1 or ids[-1] > MAX_ID or min(stamps) < 0:
            raise FleetError(f"expected rising ids up to {MAX_ID}, and stamps. Received: {str(ids)[:100]}")
        batch = batch._replace(
            session=fields.integer("session", 0, MAX_SESSION),
            session_uuid=fields.text("uuid", 1),
            camera=_to_camera(fields.inner("camera")) if fields.has("camera") else None,
            ids=ids,
            stamps=stamps,
            descriptors=codec.unpack_descriptors(content[16 * count : keyframes], count),
        )
    borders = np.cumsum([keyframes, *sizes]).tolist()
    features = [
        codec.unpack_features(content[start:stop], models.feature_kind)
        for start, stop in zip(borders, borders[1:])
    ]
    return batch._replace(views=dict(zip(views, features)))


def pack_reply(reply: Reply) -> bytes:
    """The bytes of a reply."""
    fields: Dict[str, Any] = {"server": reply.server, "position": reply.position}
    if reply.known:
        fields["known"] = 1
    if reply.wanted:
        fields["wanted"] = reply.wanted
    if reply.loops:
        fields["loops"] = [from_loop(each) for each in reply.loops]
    return pack(fields, b"")


def unpack_reply(sent: bytes) -> Reply:
    """The reply of a message.

    Raises:
        FleetError: if something in it is not as it should be.
    """
    fields, _ = unpack(sent)
    return Reply(
        fields.text("server", 1),
        fields.integer("position", 0, MAX_ID),
        fields.has("known"),
        fields.integers("wanted", MAX_VIEWS, 1, MAX_ID),
        [to_loop(each) for each in fields.inners("loops", MAX_CANDIDATES)],
    )


def from_loop(loop: Loop) -> Dict[str, Any]:
    """A loop as JSON."""
    found = loop.candidate
    fields = {
        "number": loop.number,
        "ids": [found.query_id, found.match_id],
        "stamps": [found.query_stamp, found.match_stamp],
        "sessions": [found.query_session, found.match_session],
        "query_robot": found.query_robot,
        "match_robot": found.match_robot,
        "query_map": loop.query_map,
        "match_map": loop.match_map,
        "frame": loop.frame_id,
        "evidence": [round(found.similarity, 3), round(found.margin, 3), round(found.confidence, 4)],
        "counts": [found.matches, found.inliers],
    }
    if found.pose is not None:
        numbers = (*found.pose.pose.position, *found.pose.pose.orientation)
        fields["pose"] = [float(f"{each:.7g}") for each in numbers]
        fields["covariance"] = [float(f"{each:.3g}") for each in found.pose.covariance[_UPPER]]
        fields["scale"] = int(found.pose.scale_known)
    return fields


def to_loop(fields: Fields) -> Loop:
    """The loop in JSON.

    Raises:
        FleetError: if something in it is not as it should be.
    """
    pairs = [fields.integers(name, 2) for name in ("ids", "stamps", "sessions")]
    evidence, counts = fields.numbers("evidence", 3), fields.integers("counts", 2, -1)
    if [*map(len, pairs), len(evidence), len(counts)] != [2, 2, 2, 3, 2]:
        raise FleetError(f"expected the numbers of a loop. Received: {pairs}, {evidence}, {counts}")
    (query_id, match_id), (query_stamp, match_stamp), (query_session, match_session) = pairs
    candidate = Candidate(
        Kind.INTER_SESSION, Status.VERIFIED, Reason.NONE,
        query_id, match_id, query_stamp, match_stamp, query_session, match_session,
        fields.text("query_robot"), fields.text("match_robot"),
        Evidence(evidence[0], evidence[1], counts[0], counts[1]), evidence[2], _to_pose(fields),
    )  # fmt: skip
    maps = fields.text("query_map"), fields.text("match_map")
    return Loop(fields.integer("number", 1), candidate, *maps, frame_id=fields.text("frame"))


def _to_pose(fields: Fields) -> Optional[RelativePose]:
    if not fields.has("pose"):
        return None
    numbers, upper = np.array(fields.numbers("pose", 7)), fields.numbers("covariance", 21)
    if len(numbers) != 7 or len(upper) != 21 or not 0.99 < np.linalg.norm(numbers[3:]) < 1.01:
        raise FleetError(f"expected a pose and its covariance. Received: {numbers}, {len(upper)} numbers")
    covariance = np.zeros((6, 6))
    covariance[_UPPER] = upper
    covariance += np.triu(covariance, 1).T
    return RelativePose(Pose(numbers[:3], numbers[3:]), covariance, bool(fields.integer("scale", 0, 1)))


def _from_camera(camera: Camera) -> Dict[str, Any]:
    fields: Dict[str, Any] = {"size": [camera.width, camera.height], "frame": camera.frame_id}
    if camera.intrinsics is not None and camera.distortion is not None:
        fields["model"] = camera.distortion_model
        fields["k"] = np.ravel(camera.intrinsics).tolist()
        fields["d"] = np.ravel(camera.distortion).tolist()
    return fields


def _to_camera(fields: Fields) -> Camera:
    size = fields.integers("size", 2, 1, 65535)
    if len(size) != 2:
        raise FleetError(f"expected width and height of a camera. Received: {size}")
    camera = Camera(size[0], size[1], fields.text("frame"))
    if not fields.has("k"):
        return camera
    k, d = fields.numbers("k", 9, 1e6), fields.numbers("d", 14, 1e6)
    if len(k) != 9:
        raise FleetError(f"expected 9 intrinsics of a camera. Received: {len(k)}")
    return camera._replace(
        distortion_model=fields.text("model"), intrinsics=np.reshape(k, (3, 3)), distortion=np.array(d)
    )
