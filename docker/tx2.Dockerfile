# The node on a Jetson TX2 with JetPack 4.6: ROS Noetic on the Python 3.6 that TensorRT 8.2 is for. CUDA and TensorRT
# are the Jetson's own: the runtime `nvidia` lends them, to the build as well (docs/tx2.md). On the TX2:
#   git archive HEAD | sudo DOCKER_BUILDKIT=0 docker build -t place_recognition -f docker/tx2.Dockerfile -
#   sudo docker run --runtime nvidia --net host -v ~/.ros:/root/.ros -v ~/.cache:/root/.cache place_recognition
FROM dustynv/ros:noetic-ros-base-l4t-r32.7.1

# The image's keys for ROS's own packages have expired; Ubuntu's suffice.
RUN rm -f /etc/apt/sources.list.d/ros*.list && \
    apt-get update && \
    apt-get install -y --no-install-recommends g++ make libpython3-dev python3-pip python3-netifaces python3-yaml && \
    rm -rf /var/lib/apt/lists/*

ENV PATH=/usr/local/cuda/bin:$PATH CPATH=/usr/local/cuda/include LIBRARY_PATH=/usr/local/cuda/lib64 \
    OPENBLAS_CORETYPE=ARMV8 LANG=C.UTF-8

RUN test -e /usr/local/cuda/include/cuda.h || { \
      echo "expected CUDA while building: make nvidia Docker's default runtime (docs/tx2.md). Received: no cuda.h" >&2; \
      exit 1; }

# First what changes seldom.
COPY requirements/tx2.txt /tmp/
RUN python3 -m pip install --no-cache-dir pip==21.3.1 setuptools==59.6.0 wheel==0.37.1 numpy==1.19.5 && \
    python3 -m pip install --no-cache-dir --no-build-isolation -r /tmp/tx2.txt

WORKDIR /workspace/src/place_recognition_ros
COPY . .
RUN bash -c 'source /opt/ros/noetic/setup.bash && catkin_make -C /workspace -DPYTHON_EXECUTABLE=/usr/bin/python3' && \
    printf '%s\n' '#!/bin/bash' \
      'source /opt/ros/noetic/setup.bash && source /workspace/devel/setup.bash' \
      'case ${1-} in "" | *:=*) set -- roslaunch place_recognition_ros tx2.launch "$@" ;; esac' \
      'exec "$@"' >/place_recognition && \
    chmod +x /place_recognition

# Arguments of tx2.launch (image:=/camera/image_raw), or another command (./run tx2-check).
ENTRYPOINT ["/place_recognition"]
