"""Installs the Python package: by catkin into a workspace, or by pip, without ROS."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
PACKAGES = find_packages(include=["place_recognition_ros*"])
EXTRAS = {
    "replay": ["replay.txt"],
    "train": ["runtime.txt", "training.txt"],
}  # files


def pins(name):
    """The lines ``package==version; marker`` of a file in requirements/."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def ranges():
    """The packages of requirements/runtime.txt, from the oldest version that it names."""
    oldest = {}
    for line in pins("runtime.txt"):
        package, version = re.match(r"([\w-]+)==([\w.]+)", line).groups()
        key = [int(number) for number in re.findall(r"\d+", version)]
        oldest[package] = min(oldest.get(package, (key, version)), (key, version))
    return [f"{package}>={version}" for package, (_, version) in sorted(oldest.items())]


def for_pip():
    """The arguments of ``setup``; what package.xml has is taken from there."""
    package = ElementTree.parse(ROOT / "package.xml").getroot()  # noqa: S314  our own file
    about = {tag: " ".join(package.findtext(tag).split()) for tag in ("name", "version", "license")}
    maintainer = package.find("maintainer")
    return {
        **about,
        "description": " ".join(package.findtext("description").split()),
        "maintainer": maintainer.text,
        "maintainer_email": maintainer.get("email"),
        "long_description": (ROOT / "README.md").read_text(encoding="utf-8"),
        "long_description_content_type": "text/markdown",
        "python_requires": ">=3.6",
        "packages": [*PACKAGES, "place_recognition_ros.models"],
        "package_dir": {"place_recognition_ros.models": "models"},
        "package_data": {"place_recognition_ros.models": ["*.onnx", "*.json"]},
        "install_requires": [*ranges(), "PyYAML"],  # rospy has brought it where there is ROS
        "extras_require": {
            extra: [line for file in files for line in pins(file)]
            for extra, files in EXTRAS.items()
            if all((ROOT / "requirements" / file).exists() for file in files)
        },
        "entry_points": {
            "console_scripts": ["place-recognition = place_recognition_ros.tools.__main__:main"]
        },
    }


def for_catkin():
    """The arguments of ``setup``; catkin installs models/ itself, and knows no entry points."""
    from catkin_pkg.python_setup import generate_distutils_setup

    return generate_distutils_setup(packages=PACKAGES)


setup(**(for_pip() if "setuptools.build_meta" in sys.modules else for_catkin()))
