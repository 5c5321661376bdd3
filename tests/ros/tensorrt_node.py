#!/usr/bin/env python3
"""The node with fakes of TensorRT 8.2, PyCUDA and the GPU; prints which threads called CUDA."""

import os
import sys
import threading

import pytest

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # after ROS

from place_recognition_ros.ros.node import main
from tests.fakes.install import install


def run():
    with pytest.MonkeyPatch.context() as patch:
        gpu = install(patch, "8.2.1.8")
        code = main()
    gpu.check_empty()
    main_thread = threading.main_thread().ident in gpu.threads
    print(f"CUDA: {len(gpu.threads)} thread, main thread: {main_thread}, {gpu.executions} executions")
    return code


if __name__ == "__main__":
    sys.exit(run())
