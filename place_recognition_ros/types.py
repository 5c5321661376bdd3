"""The values that pass between the parts of the package. None of them knows ROS."""

from enum import Enum, IntEnum
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from place_recognition_ros.poses import Pose


class FeatureKind(Enum):
    """How the descriptors of local features are compared."""

    ORB = "orb"  # 256 bits, Hamming distance
    NETWORK = "network"  # 32 × int8 of length 127, cosine


FEATURE = np.dtype(
    [
        ("x", "<f4"),  # pixels
        ("y", "<f4"),  # pixels
        ("depth", "<f4"),  # metres along the optical axis; NaN: not known
        ("descriptor", "u1", (32,)),  # what the bytes mean depends on the map's feature model
    ]
)
"""One local feature. A keyframe's features are an (N,) array of it; ``tobytes`` stores them."""


class Kind(IntEnum):
    """What a match means to a pose graph. The numbers are those of LoopCandidate.msg."""

    LOOP_CLOSURE = 0  # in the same session
    KIDNAP_RECOVERY = 1  # the first match after tracking was lost, in an earlier session
    INTER_SESSION = 2  # in an earlier session
    RELOCALIZATION = 3  # the result of a service request


class Status(IntEnum):
    """What was decided about a match. The numbers are those of LoopCandidate.msg."""

    RETRIEVED = 0  # similar; not examined further; 1 was CONSISTENT
    VERIFIED = 2  # the evidence along the trajectory suffices
    REJECTED = 3  # see reason


class Reason(IntEnum):
    """Why a match was rejected. The numbers are those of LoopCandidate.msg."""

    NONE = 0
    LOW_SIMILARITY = 1
    AMBIGUOUS = 2  # several places fit as well
    OUTRANKED = 3  # another place fits better; 4 was NOT_CONSISTENT
    FEW_MATCHES = 5  # of local features
    FEW_INLIERS = 6  # of one rigid scene
    DEGENERATE = 7  # the inliers are on one object, in a spot or on a line of the image
    CONTRADICTED = 8  # what should be visible is not: the view speaks against the match
    ODOMETRY_CONFLICT = 9  # the match needs a jump that odometry rules out
    TOO_RECENT = 10  # the camera has not left the place since
    NOT_YET = 11  # the evidence is still too weak


class TrackingState(IntEnum):
    """The state of the SLAM front end. The numbers are those of KidnapState.msg."""

    TRACKING = 0
    LOST = 1
    RECOVERED = 2  # was lost, and a match in an earlier session was found since


class Loss(Enum):
    """Why tracking was lost: who reported it. The values are those of ``KidnapState.cause``."""

    NONE = ""  # it never was
    FRONT_END = "tracking_ok"
    FEATURES = "tracked_features"
    VIEW = "view"  # the images show nothing: the lens is covered
    IMAGES = "images"  # they stopped
    ODOMETRY = "odom"  # it jumped


class Count(Enum):
    """What the node counts. The values are the names in /diagnostics."""

    KEYFRAME = "keyframes"
    CLOCK_JUMPED = "clock jumped back"  # each began a new session
    # why an image did not become a keyframe
    DROPPED = "dropped"  # a newer image came before the worker was free
    NO_STAMP = "without stamp"
    NOT_NEWER = "not newer than the last"
    WRONG_STAMP = "with a stamp that the next ones do not confirm (two publishers on one topic?)"
    TOO_SOON = "sooner than max_rate_hz"
    NOT_MOVED = "not moved"
    BAD_IMAGE = "bad images"
    # what was done with a keyframe
    STORED = "stored"
    FEW_FEATURES = "without enough features"  # nor searched for
    STANDING = "not stored: camera stands still"
    TRACKING_LOST = "not stored: tracking lost"
    MAPPING_OFF = "not stored: mapping is off"
    MAP_FULL = "not stored: map full"
    STORE_FAILED = "not stored: write failed"
    FAILED = "failed"  # an exception
    # what accompanied an image
    NO_POSE = "images without a pose"  # where one is expected
    BAD_POSE = "poses that cannot be used"
    POSE_JUMPED = "jumps of odom"
    CAMERA_CHANGED = "camera_info changed"
    BAD_CAMERA_INFO = "with a camera_info that cannot be used"
    DEPTH = "with depth"
    BAD_DEPTH = "with a depth image that cannot be used"
    BAD_MASK = "masks that cannot be used"
    # what the decisions about keyframes were
    ACCEPTED = "candidates accepted"
    CONFIRMED = "candidates of earlier keyframes accepted"
    RETRACTED = "candidates retracted"
    # what came through services
    QUERY = "service queries"


class Camera(NamedTuple):
    """The camera of a keyframe."""

    width: int  # pixels
    height: int  # pixels
    frame_id: str = ""  # the optical frame (REP 103: z forward)
    distortion_model: str = ""  # a name of sensor_msgs/CameraInfo; empty: not calibrated
    intrinsics: Optional[np.ndarray] = None  # (3, 3) float64, K, pixels
    distortion: Optional[np.ndarray] = None  # (n,) float64, D


class Keyframe(NamedTuple):
    """One image of the camera, as the SLAM system or the camera gives it."""

    image: np.ndarray  # (H, W, 3) uint8 BGR, or (H, W) uint8 gray
    stamp: int  # nanoseconds
    pose: Optional[Pose] = None  # of ``pose_frame`` in ``world_frame``
    camera: Optional[Camera] = None  # None: only the size of the image is known
    pose_frame: str = ""  # base_link, for example
    world_frame: str = ""  # odom, for example; one session has one
    base_to_camera: Optional[Pose] = None  # of the camera in ``pose_frame``
    depth: Optional[np.ndarray] = None  # aligned to the image: (H, W) float32 metres, uint16 mm; 0: not known
    jumps: int = 0  # of odometry before this pose; one more: the world frame is another one


class View(NamedTuple):
    """What geometric verification needs of an image."""

    features: np.ndarray  # (N,) FEATURE, in pixels of the original image
    camera: Optional[Camera] = None  # None: the size is not known (keyframes from a map of schema 1)
    pose: Optional[Pose] = None  # of the camera in the world frame of its session; None: not known


class RelativePose(NamedTuple):
    """The query camera in the match camera's optical frame."""

    pose: Pose  # position: metres; where the scale is not known of length 1, or 0: only the rotation is known
    covariance: np.ndarray  # (6, 6) float64 of x y z and the rotation about the match's x y z; m², rad²
    scale_known: bool


class WorldPose(NamedTuple):
    """A camera in a world frame."""

    pose: Pose
    covariance: np.ndarray  # (6, 6) float64, as that of a RelativePose, along the axes of the world frame
    frame_id: str
    stamp: int = 0  # of the image, nanoseconds


class Query(NamedTuple):
    """An image for which the map was searched."""

    id: int  # of the keyframe that shows it; 0: not stored
    stamp: int  # nanoseconds
    session: int
    robot: str
    frame_id: str  # the camera's optical frame
    descriptor: np.ndarray  # (D,) float32, unit norm


class Evidence(NamedTuple):
    """What is known for and against one match; None or −1: not examined, or without meaning here."""

    similarity: float  # cosine of the global descriptors, −1 to 1
    margin: float  # similarity minus that of the best other place (−1 where there is none)
    matches: int = -1  # of local features
    inliers: int = -1  # of these, how many fit one rigid scene
    coverage: float = 0.0  # inliers among all features of the common region, the lower of both images; 0 to 1
    spread: bool = False  # whether the inliers spread over both images
    breadth: float = 0.0  # share of the image that is found again, the lower of both images; 0 to 1
    shift: float = 0.0  # median distance between the pixels of an inlier, of the image's longer side
    aliasing: float = 0.0  # strength that wrong matches of this map typically have, see loops.evidence
    rolled: float = 0.0  # how much higher the coverage of the other image is, where one camera was rolled
    possible: Optional[bool] = None  # whether odometry allows the jump that the match needs


NO_PAIRS = np.zeros((0, 2), int)


class Candidate(NamedTuple):
    """A query and a keyframe of the map that may show the same place."""

    kind: Kind
    status: Status
    reason: Reason
    query_id: int  # of the keyframe that shows the query; 0: it is not stored
    match_id: int
    query_stamp: int  # nanoseconds
    match_stamp: int  # nanoseconds
    query_session: int
    match_session: int
    query_robot: str
    match_robot: str
    evidence: Evidence
    confidence: float = float("nan")  # calibrated probability that the match is right; NaN: not weighed
    pose: Optional[RelativePose] = None  # None: not known
    world_pose: Optional[WorldPose] = None  # of the query camera in the match's world; None: not known
    pairs: np.ndarray = NO_PAIRS  # (inliers, 2) int, rows of the features of query and match

    @property
    def accepted(self) -> bool:
        """Whether a pose graph may trust it."""
        return self.status == Status.VERIFIED

    @property
    def similarity(self) -> float:
        """Cosine of the global descriptors, −1 to 1."""
        return self.evidence.similarity

    @property
    def margin(self) -> float:
        """Similarity minus that of the best other place."""
        return self.evidence.margin

    @property
    def matches(self) -> int:
        """Matched local features; −1: geometry was not run."""
        return self.evidence.matches

    @property
    def inliers(self) -> int:
        """Matched features that fit one rigid scene; −1: geometry was not run."""
        return self.evidence.inliers


class Tracking(NamedTuple):
    """The tracking state and the session that it belongs to."""

    state: TrackingState
    since: int  # when the state was entered, nanoseconds; 0: at the start
    session: int
    cause: Loss = Loss.NONE  # of the latest loss of tracking
    lost: int = 0  # when that was, nanoseconds


class QueryResult(NamedTuple):
    """Everything that anybody needs to know of one query."""

    query: Optional[Query]  # None: relocalization before the first keyframe
    candidates: List[Candidate]  # best first, the rejected ones too
    tracking: Tracking  # after this query
    outcome: Count  # STORED, or why it was not; QUERY: not a keyframe
    map_id: str
    model_id: str
    confirmed: List[Candidate] = []  # noqa: RUF012  of earlier queries of the same run, accepted only now
    retracted: List[Candidate] = []  # noqa: RUF012  accepted earlier, and refuted now
    pose: Optional[WorldPose] = None  # of the camera, in the oldest world that is tied to the best match's
    view: Optional[View] = None  # of the query
    durations: Dict[str, float] = {}  # noqa: RUF012  stage → seconds

    @property
    def accepted(self) -> List[Candidate]:
        """The candidates that are accepted, best first."""
        return [each for each in self.candidates if each.accepted]


class DetectorStatus(NamedTuple):
    """A snapshot of a detector for diagnostics; nothing in it changes."""

    model_id: str
    engine: str
    fallback: str  # why the engine is not the preferred one; empty: it is
    map_id: str
    keyframes: int  # in the map
    waiting: int  # of them in the present visit, not searched yet
    damaged: int  # keyframes of the map that were left out because of a wrong CRC
    tracking: Tracking
    durations: Dict[str, Tuple[float, ...]]  # stage → latest durations, seconds
    moved_aside: str = (
        ""  # where the damaged file is now that was the map at the start; empty: there was none
    )
    settled: bool = True  # whether what the front end reports has lasted; else time may change ``tracking``
