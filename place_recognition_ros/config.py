"""Every parameter, once: name, type, default, unit, range and purpose.

``config/default.yaml`` and the table in docs/interface.md are written from this file by
``python3 -m place_recognition_ros.tools.parameters``; a test keeps them equal.
"""

from typing import Any, Dict, List, Mapping

from place_recognition_ros.errors import ConfigError
from place_recognition_ros.parameter import SHORT, Parameter, parameter
from place_recognition_ros.renamed import present

BACKENDS = ("auto", "onnx", "tensorrt")
"""Inference engines; the names of the table in ``descriptor/extractor.py``, which a test compares."""


class Config:
    """The parameters with their values; unknown names and bad values are refused by name.

    The parts of the program keep this object and read what is live when they need it.

    >>> Config(max_rate_hz=2.0).max_rate_hz
    2.0
    """

    model: str = parameter(
        "", "path of the model, an ONNX file with its card beside it; empty: models/default.onnx"
    )
    backend: str = parameter(
        "auto",
        "inference engine; auto: TensorRT if it works, else ONNX Runtime",
        choices=BACKENDS,
    )
    engine_cache: str = parameter(
        "", "folder for the engines that TensorRT builds; empty: ~/.cache/place_recognition_ros"
    )
    engine_workspace_mb: int = parameter(
        256, "memory that TensorRT may use while it chooses kernels", unit="MB", low=1, high=65536
    )
    threads: int = parameter(
        1, "CPU threads for one inference; the other cores are left to SLAM", low=1, high=64
    )
    map_path: str = parameter(
        "",
        "file of the map; empty or none: a temporary map, lost at exit; default: named after the node, in "
        "ROS_HOME (~/.ros)",
    )
    index_uri: str = parameter(
        "",
        "similarity search; empty: FAISS, in memory; http://HOST:PORT or FOLDER.db: Milvus, docs/milvus.md",
    )
    robot: str = parameter(
        "", "name of this robot, stored with its sessions and published with its candidates"
    )
    max_keyframes: int = parameter(
        100000,
        "maximum number of keyframes stored; then those that show least give way; bounds memory",
        low=1,
        high=10000000,
        live=True,
    )
    max_map_mb: int = parameter(
        0,
        "the same for the size of the map's file; 0: no limit",
        unit="MB",
        low=0,
        high=1000000,
        live=True,
    )

    rotate_image: int = parameter(
        0,
        "rotation of each image, clockwise, for a camera mounted upside down or on its side",
        unit="degrees",
        choices=(0, 90, 180, 270),
    )
    image_rectified: bool = parameter(
        False, "the images are rectified (image_rect): of camera_info, P is used, and no distortion"
    )
    max_depth_m: float = parameter(
        10.0,
        "depth that the sensor measures reliably; what is farther is not used",
        unit="m",
        low=0.1,
        high=1000,
    )
    use_tf: bool = parameter(
        True, "take the pose of the camera on the robot from tf; needs odom with its child_frame_id"
    )
    learn_overlay: bool = parameter(
        True, "leave out what is in every image: a hood, an arm, a time stamp; learned while the camera moves"
    )
    sixteen_bit_min: int = parameter(
        0, "value of 16-bit images that becomes black, where sixteen_bit_max is given", low=0, high=65535
    )
    sixteen_bit_max: int = parameter(
        0,
        "value of 16-bit images that becomes white, 4095 for 12 bits; 0: the range in use, learned",
        low=0,
        high=65535,
    )

    max_rate_hz: float = parameter(
        0.0,
        "maximum rate of keyframes picked from a camera stream; 0: every image is a keyframe",
        unit="Hz",
        low=0,
        high=1000,
        live=True,
    )
    min_motion_m: float = parameter(
        0.0,
        "distance between keyframes; either this or min_rotation_rad is enough; 0: off; needs odom",
        unit="m",
        low=0,
        high=1000,
        live=True,
    )
    min_rotation_rad: float = parameter(
        0.0,
        "rotation between keyframes; either this or min_motion_m is enough; 0: off; needs odom",
        unit="rad",
        low=0,
        high=3.15,
        live=True,
    )

    session_gap_s: float = parameter(
        60.0,
        "time without images after which the camera may be anywhere: a new session begins, unless poses or "
        "the front end show that it is tracked; 0: never",
        unit="s",
        low=0,
        high=86400,
    )
    min_tracked_features: int = parameter(
        10,
        "tracking counts as lost while tracked_features is lower; 0: it is not used",
        low=0,
        high=10000,
        live=True,
    )

    top_k: int = parameter(10, "most similar keyframes retrieved per query", low=1, high=1000, live=True)
    min_similarity: float = parameter(
        -1.0,
        "cosine below which a match is rejected as LOW_SIMILARITY; -1: the model card's value",
        low=-1,
        high=1,
        live=True,
    )
    min_loop_interval_s: float = parameter(
        10.0, "minimum age of a keyframe before it can be matched", unit="s", low=0, high=86400
    )
    min_loop_distance_m: float = parameter(
        0.0,
        "minimum path length between match and query in one session; needs odom",
        unit="m",
        low=0,
        high=100000,
    )

    accept_confidence: float = parameter(
        0.99, "probability that a match is right, from which it is accepted", low=0.5, high=0.99999, live=True
    )
    odometry_drift: float = parameter(
        0.05,
        "drift of odom per metre travelled, at most; a match that needs a longer jump is rejected; 0: odom "
        "is no witness (its scale is unknown, for example)",
        low=0,
        high=1,
    )
    max_verifications: int = parameter(
        3, "maximum number of places verified geometrically per query, best first", low=1, high=100, live=True
    )
    feature_model: str = parameter(
        "",
        "local features: path of a model, an ONNX file with its card; empty: models/features.onnx; orb: ORB, "
        "without a network",
    )
    local_features: int = parameter(
        360, "maximum number of local features per keyframe, 44 bytes each", low=50, high=10000
    )
    min_inliers: int = parameter(
        20,
        "matched features that fit one rigid scene, with fewer the evidence is not weighed",
        low=8,
        high=10000,
        live=True,
    )
    min_features: int = parameter(
        40,
        "an image with fewer local features (dark, blurred, a wall) is not used",
        low=0,
        high=10000,
        live=True,
    )

    warn_age_s: float = parameter(
        1.0,
        "age of a result, from the stamp of its image on, above which /diagnostics warns",
        unit="s",
        low=0.001,
        high=60,
        live=True,
    )
    error_age_s: float = parameter(
        5.0,
        "age of a result above which /diagnostics reports an error",
        unit="s",
        low=0.001,
        high=60,
        live=True,
    )

    def __init__(self, **values: Any) -> None:
        values, table = present(values), self.table()
        known = [row.name for row in table]
        for name, value in values.items():
            if name not in known:
                raise ConfigError(
                    f"unknown parameter '{name[:100]}': expected one of {', '.join(known)}. "
                    f"Received: {SHORT.repr(value)}"
                )
        for row in table:
            setattr(self, row.name, row.check(values.get(row.name, row.default)))

    def change(self, values: Mapping[str, Any]) -> None:
        """Change parameters while the node runs: all of them, or none.

        Args:
            values: name → value, of parameters that are live.

        Raises:
            ConfigError: if one is not live or its value is bad, as at the start.
        """
        values, live = present(values), {row.name: row for row in self.table() if row.live}
        for name, value in values.items():
            if name not in live:
                raise ConfigError(
                    f"parameter '{name[:100]}': expected one that may change while the node runs, "
                    f"{', '.join(live)}. Received: {SHORT.repr(value)}"
                )
        checked = {name: live[name].check(value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    @classmethod
    def table(cls) -> List[Parameter]:
        """All rows, in the order in which they are written down."""
        rows = vars(cls).items()
        return [row._replace(name=name) for name, row in rows if isinstance(row, Parameter)]

    def values(self) -> Dict[str, Any]:
        """Name → value."""
        return {row.name: getattr(self, row.name) for row in self.table()}

    def live_values(self) -> Dict[str, Any]:
        """Name → value of the parameters that may change while the node runs."""
        return {row.name: getattr(self, row.name) for row in self.table() if row.live}
