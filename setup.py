"""Tells catkin which Python packages to install; not for pip."""

from catkin_pkg.python_setup import generate_distutils_setup
from setuptools import find_packages, setup

setup(**generate_distutils_setup(packages=find_packages(include=["place_recognition_ros*"])))
