"""Recordings of every kind with the same content, written without ROS."""

import cv2
import numpy as np

SECOND = 10**9
START = 1_600_000_000 * SECOND  # nanoseconds since 1970
KINDS = ("bag", "db3", "mcap", "folder", "ros1.mcap")
IMAGE, COMPRESSED = "/camera/color/image_raw", "/camera/color/image_raw/compressed"
ODOM, INFO, FIX = "/odom", "/camera/color/camera_info", "/gps/fix"


class Writer:
    """Collects messages and writes them as one of ``KINDS``.

    Args:
        kind: of the file.
    """

    def __init__(self, kind):
        from rosbags.typesys import Stores, get_typestore

        self.kind = kind
        self._is_ros1 = kind in ("bag", "ros1.mcap")
        self.store = get_typestore(Stores.ROS1_NOETIC if self._is_ros1 else Stores.ROS2_HUMBLE)
        self._messages = []

    def make(self, name, **fields):
        """A message of a type such as "sensor_msgs/Image"."""
        return self.store.types[name.replace("/", "/msg/")](**fields)

    def header(self, stamp, frame_id="camera_optical"):
        time = self.make("builtin_interfaces/Time", sec=int(stamp // SECOND), nanosec=int(stamp % SECOND))
        more = {"seq": 0} if self._is_ros1 else {}
        return self.make("std_msgs/Header", stamp=time, frame_id=frame_id, **more)

    def add(self, topic, name, recorded, **fields):
        """Record a message, at nanoseconds."""
        self._messages.append((topic, name.replace("/", "/msg/"), recorded, self.make(name, **fields)))

    def image(self, topic, stamp, image, encoding="bgr8", recorded=None):
        self.add(
            topic, "sensor_msgs/Image", recorded or stamp, header=self.header(stamp), height=len(image),
            width=image.shape[1], encoding=encoding, is_bigendian=0, step=image[0].nbytes,
            data=np.frombuffer(image.tobytes(), np.uint8),
        )  # fmt: skip

    def compressed(self, topic, stamp, image):
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].ravel()
        self.add(
            topic, "sensor_msgs/CompressedImage", stamp, header=self.header(stamp), format="jpeg", data=data
        )

    def odometry(self, topic, stamp, x, y=0.0):
        point = self.make("geometry_msgs/Point", x=float(x), y=float(y), z=0.0)
        turn = self.make("geometry_msgs/Quaternion", x=0.0, y=0.0, z=0.0, w=1.0)
        pose = self.make("geometry_msgs/Pose", position=point, orientation=turn)
        still = self.make("geometry_msgs/Vector3", x=0.0, y=0.0, z=0.0)
        twist = self.make("geometry_msgs/Twist", linear=still, angular=still)
        none = np.zeros(36)
        self.add(
            topic, "nav_msgs/Odometry", stamp, header=self.header(stamp, "odom"), child_frame_id="base_link",
            pose=self.make("geometry_msgs/PoseWithCovariance", pose=pose, covariance=none),
            twist=self.make("geometry_msgs/TwistWithCovariance", twist=twist, covariance=none),
        )  # fmt: skip

    def fix(self, topic, stamp, latitude, longitude, status=0):
        self.add(
            topic, "sensor_msgs/NavSatFix", stamp, header=self.header(stamp),
            status=self.make("sensor_msgs/NavSatStatus", status=status, service=1),
            latitude=latitude, longitude=longitude, altitude=5.0, position_covariance=np.zeros(9),
            position_covariance_type=0,
        )  # fmt: skip

    def camera_info(self, topic, stamp, focal, width, height):
        matrix = np.array([focal, 0, width / 2, 0, focal, height / 2, 0, 0, 1])
        names = ("K", "R", "P", "D") if self._is_ros1 else ("k", "r", "p", "d")
        numbers = (matrix, np.eye(3).ravel(), np.insert(matrix, [3, 6, 9], 0.0), np.zeros(5))
        roi = self.make(
            "sensor_msgs/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        self.add(
            topic, "sensor_msgs/CameraInfo", stamp, header=self.header(stamp), height=height, width=width,
            distortion_model="plumb_bob", binning_x=0, binning_y=0, roi=roi, **dict(zip(names, numbers)),
        )  # fmt: skip

    def write(self, folder):
        """Write the file; returns its path, that of the folder for the kind "folder"."""
        if self.kind == "bag":
            return self._write_bag1(folder / "x.bag")
        if self.kind == "ros1.mcap":
            return self._write_mcap(folder / "x.mcap")
        path = folder / "ros2"
        self._write_bag2(path)
        if self.kind == "folder":
            return str(path)
        return str(next(path.glob("*." + self.kind)))

    def _write_bag1(self, path):
        from rosbags.rosbag1 import Writer as Bag

        with Bag(path) as bag:
            self._write_all(bag, self.store.serialize_ros1)
        return str(path)

    def _write_bag2(self, path):
        from rosbags.rosbag2 import StoragePlugin
        from rosbags.rosbag2 import Writer as Bag

        storage = StoragePlugin.MCAP if self.kind == "mcap" else StoragePlugin.SQLITE3
        with Bag(path, version=9, storage_plugin=storage) as bag:
            self._write_all(bag, self.store.serialize_cdr)

    def _write_all(self, bag, serialize):
        connections = {}
        for topic, name, recorded, message in self._messages:
            if topic not in connections:
                connections[topic] = bag.add_connection(topic, name, typestore=self.store)
            bag.write(connections[topic], recorded, serialize(message, name))

    def _write_mcap(self, path):
        from mcap.writer import Writer as Mcap

        with open(path, "wb") as stream:
            mcap = Mcap(stream)
            mcap.start("ros1")
            channels = {}
            for topic, name, recorded, message in self._messages:
                if topic not in channels:
                    text, _ = self.store.generate_msgdef(name)
                    schema = mcap.register_schema(name.replace("/msg/", "/"), "ros1msg", text.encode())
                    channels[topic] = mcap.register_channel(topic, "ros1", schema)
                data = bytes(self.store.serialize_ros1(message, name))
                mcap.add_message(channels[topic], recorded, data, recorded)
            mcap.finish()
        return str(path)


def drive(writer, images, step=SECOND):
    """A camera that drives along x, 1 m an image, with odometry at 5 times its rate."""
    for number, image in enumerate(images):
        stamp = START + number * step
        writer.image(IMAGE, stamp, image, "mono8" if image.ndim == 2 else "bgr8")
        for part in range(5):
            writer.odometry(ODOM, stamp + part * step // 5, number + part / 5)
    return writer
