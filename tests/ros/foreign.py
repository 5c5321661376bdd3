"""Messages of other packages, generated from their definitions by ROS's own generator.

The definitions are the fields of these files; comments do not count for the md5sum:

- cerebro/LoopEdge: HKUST-Aerial-Robotics/DenseSurfelMapping, cerebro/msg/LoopEdge.msg
- cerebro/WholeImageDescriptorCompute: mpkuse/cerebro, srv/WholeImageDescriptorCompute.srv
- rtabmap_msgs: introlab/rtabmap_ros, branch of ROS 1
"""

import os
import subprocess
import sys

import geometry_msgs

DEFINITIONS = {
    "cerebro/msg/LoopEdge.msg": """
time timestamp0
time timestamp1
geometry_msgs/Pose pose_1T0
float32 weight
string description
""",
    "cerebro/srv/WholeImageDescriptorCompute.srv": """
sensor_msgs/Image ima
int64 a
---
float64[] desc
string model_type
""",
    "rtabmap_msgs/msg/Link.msg": """
int32 fromId
int32 toId
int32 type
geometry_msgs/Transform transform
float64[36] information
""",
    "rtabmap_msgs/msg/MapGraph.msg": """
Header header
geometry_msgs/Transform mapToOdom
int32[] posesId
geometry_msgs/Pose[] poses
Link[] links
""",
    "rtabmap_msgs/msg/Info.msg": """
Header header
int32 refId
int32 loopClosureId
int32 proximityDetectionId
int32 landmarkId
geometry_msgs/Transform loopClosureTransform
int32[] wmState
int32[] posteriorKeys
float32[] posteriorValues
int32[] likelihoodKeys
float32[] likelihoodValues
int32[] rawLikelihoodKeys
float32[] rawLikelihoodValues
int32[] weightsKeys
int32[] weightsValues
int32[] labelsKeys
string[] labelsValues
string[] statsKeys
float32[] statsValues
int32[] localPath
int32 currentGoalId
MapGraph odom_cache
""",
    "rtabmap_msgs/srv/AddLink.srv": """
Link link
---
""",
}

# As other code that was generated from the originals has them.
MD5SUMS = {"Info": "656fb5b8dfd8dfd2dc40226f35f2d440", "AddLink": "050728e3c25a15bf78d487d6aafab152"}


def generate(folder):
    """Write the Python packages of all messages into a folder; returns the path to import them from."""
    sources, packages = os.path.join(folder, "sources"), os.path.join(folder, "packages")
    for name, text in DEFINITIONS.items():
        write(os.path.join(sources, name), text)
    for package in ("cerebro", "rtabmap_msgs"):
        for kind in ("msg", "srv"):
            names = [each for each in DEFINITIONS if each.startswith(f"{package}/{kind}/")]
            output = os.path.join(packages, package, kind)
            os.makedirs(output, exist_ok=True)
            files = [os.path.join(sources, name) for name in names]
            run_generator(kind, "-p", package, *includes(sources), "-o", output, *files)
            stems = [os.path.splitext(os.path.basename(name))[0] for name in names]
            write(os.path.join(output, "__init__.py"), "".join(f"from ._{each} import *\n" for each in stems))
        write(os.path.join(packages, package, "__init__.py"), "")
    return packages


def write(path, text):
    """Write a file, and its folder."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def includes(sources):
    """Where the generator finds messages."""
    share = os.path.join(prefix(), "share")
    folders = {
        name: os.path.join(share, name, "msg") for name in ("std_msgs", "geometry_msgs", "sensor_msgs")
    }
    folders["rtabmap_msgs"] = os.path.join(sources, "rtabmap_msgs", "msg")
    return [f"-I{package}:{path}" for package, path in folders.items()]


def prefix():
    """Where ROS is installed: /usr, or /opt/ros/noetic."""
    path = os.path.abspath(geometry_msgs.__path__[0])
    return path[: path.index(os.sep + "lib" + os.sep)]


def run_generator(kind, *arguments):
    script = os.path.join(prefix(), "lib", "genpy", f"gen{kind}_py.py")
    subprocess.run([sys.executable, script, *arguments], stdout=subprocess.DEVNULL, check=True)
