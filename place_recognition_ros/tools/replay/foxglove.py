"""A run as an MCAP file for Foxglove: images, candidates, and the path with its loops."""

import base64
import json
from typing import Any, BinaryIO, Dict, List, Optional

from place_recognition_ros.errors import InputError
from place_recognition_ros.tools.replay.run import Entry, Run
from place_recognition_ros.types import Candidate

IMAGE, CANDIDATES, SCENE = "/image", "/loop_candidates", "/loops"
FRAME = "odom"
PATH_COLOUR, LOOP_COLOUR = (0.35, 0.45, 0.55, 1.0), (0.1, 0.45, 0.95, 1.0)  # red, green, blue, opacity
_TIME = {"type": "object", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}}
_LIST = {"type": "array", "items": {"type": "object"}}
SCHEMAS: Dict[str, Any] = {  # JSON schemas by the names that Foxglove knows, and one of this package
    "foxglove.CompressedImage": {
        "timestamp": _TIME,
        "frame_id": {"type": "string"},
        "data": {"type": "string", "contentEncoding": "base64"},
        "format": {"type": "string"},
    },
    "foxglove.SceneUpdate": {"deletions": _LIST, "entities": _LIST},
    "place_recognition_ros.LoopCandidates": {
        "stamp": _TIME,
        "outcome": {"type": "string"},
        "candidates": _LIST,
    },
}
TOPICS = dict(zip((IMAGE, SCENE, CANDIDATES), SCHEMAS))


def write_mcap(path: str, run: Run) -> None:
    """Write a run.

    Args:
        path: of the file.
        run: the results.

    Raises:
        InputError: if it cannot be written, or the package mcap is missing.
    """
    try:
        from mcap.writer import Writer

        with open(path, "wb") as stream:
            _write(stream, Writer, run)
    except (ImportError, OSError) as error:
        raise InputError(
            "expected the package mcap (pip install -r requirements/replay.txt), and a path where a file can "
            f"be written. Received: {error}"
        ) from error


def _write(stream: BinaryIO, writer_of: Any, run: Run) -> None:
    writer = writer_of(stream)
    writer.start("", "place_recognition_ros")
    channels = {}
    for topic, name in TOPICS.items():
        schema = {"title": name, "type": "object", "properties": SCHEMAS[name]}
        number = writer.register_schema(name, "jsonschema", json.dumps(schema).encode())
        channels[topic] = writer.register_channel(topic, "json", number)
    previous: Optional[Entry] = None
    entries = {entry.result.query.id: entry for entry in run.entries if entry.result.query}
    for entry in run.entries:
        messages = {IMAGE: _image(entry), CANDIDATES: _candidates(entry)}
        scene = _scene(entry, previous, entries)
        if scene is not None:
            messages[SCENE] = scene
        for topic, message in messages.items():
            data = json.dumps(message, allow_nan=False).encode()
            writer.add_message(channels[topic], entry.stamp, data, entry.stamp)
        previous = entry
    writer.finish()


def _time(stamp: int) -> Dict[str, int]:
    return {"sec": stamp // 10**9, "nsec": stamp % 10**9}


def _image(entry: Entry) -> Dict[str, Any]:
    data = base64.b64encode(entry.thumbnail).decode()
    frame = entry.result.query.frame_id if entry.result.query else ""
    return {"timestamp": _time(entry.stamp), "frame_id": frame or "camera", "data": data, "format": "jpeg"}


def _candidates(entry: Entry) -> Dict[str, Any]:
    return {
        "stamp": _time(entry.stamp),
        "outcome": entry.result.outcome.value,
        "candidates": [_candidate(each) for each in entry.result.candidates],
        "confirmed": [_candidate(each) for each in entry.result.confirmed],
        "retracted": [_candidate(each) for each in entry.result.retracted],
    }


def _candidate(candidate: Candidate) -> Dict[str, Any]:
    """The fields of LoopCandidate.msg, as names where that has numbers; null: not known."""
    confidence = candidate.confidence
    return {
        "kind": candidate.kind.name,
        "status": candidate.status.name,
        "reason": candidate.reason.name,
        "query_id": candidate.query_id,
        "match_id": candidate.match_id,
        "query_stamp": _time(candidate.query_stamp),
        "match_stamp": _time(candidate.match_stamp),
        "query_session": candidate.query_session,
        "match_session": candidate.match_session,
        "similarity": round(float(candidate.similarity), 4),
        "confidence": None if confidence != confidence else round(float(confidence), 5),
        "matches": candidate.matches,
        "inliers": candidate.inliers,
    }


def _scene(entry: Entry, previous: Optional[Entry], entries: Dict[int, Entry]) -> Optional[Dict[str, Any]]:
    """What a keyframe adds to the path and its loops; None without positions."""
    if entry.position is None:
        return None
    stamp, added = _time(entry.stamp), []
    same = previous is not None and previous.result.tracking.session == entry.result.tracking.session
    if same and previous is not None and previous.position is not None:
        added.append(
            _line(f"path {entry.stamp}", stamp, [previous.position, entry.position], PATH_COLOUR, 0.05)
        )
    for each in [*entry.result.accepted, *entry.result.confirmed]:
        ends = [entries[number].position for number in (each.query_id, each.match_id) if number in entries]
        if len(ends) == 2 and all(end is not None for end in ends):
            added.append(_line(_name(each), stamp, ends, LOOP_COLOUR, 0.08))
    deleted = [{"timestamp": stamp, "type": 0, "id": _name(each)} for each in entry.result.retracted]
    return {"deletions": deleted, "entities": added}


def _name(candidate: Candidate) -> str:
    return f"loop {candidate.query_stamp} {candidate.match_id}"


def _line(
    name: str, stamp: Dict[str, int], points: List[Any], colour: "tuple[float, ...]", metres: float
) -> Dict[str, Any]:
    still = {"position": dict.fromkeys("xyz", 0.0), "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}}
    line = {
        "type": 0,  # a strip
        "pose": still,
        "thickness": metres,
        "scale_invariant": False,
        "points": [dict(zip("xyz", map(float, point))) for point in points],
        "color": dict(zip("rgba", colour)),
        "colors": [],
        "indices": [],
    }
    empty: Dict[str, Any] = {
        name: []
        for name in ("metadata", "arrows", "cubes", "spheres", "cylinders", "triangles", "texts", "models")
    }
    return {
        "timestamp": stamp,
        "frame_id": FRAME,
        "id": name,
        "lifetime": {"sec": 0, "nsec": 0},
        "frame_locked": False,
        **empty,
        "lines": [line],
    }
