# The node on a Jetson TX2 with JetPack 4.6: ROS Noetic on Python 3.6, which TensorRT 8.2 needs. CUDA and TensorRT are
# the Jetson's own: Docker's runtime `nvidia` mounts them, during the build too (docs/tx2.md). On the TX2:
#   git archive HEAD | sudo DOCKER_BUILDKIT=0 docker build -t place_recognition -f docker/tx2.Dockerfile -
#   sudo docker run --runtime nvidia --net host -v ~/.ros:/root/.ros -v ~/.cache:/root/.cache place_recognition
FROM dustynv/ros:noetic-ros-base-l4t-r32.7.1

# The keys of the image's ROS repositories have expired; Ubuntu's packages are sufficient.
RUN rm -f /etc/apt/sources.list.d/ros*.list && \
    apt-get update && \
    apt-get install -y --no-install-recommends \
      g++ make git ca-certificates libpython3-dev libboost-python-dev python3-pip python3-netifaces python3-yaml && \
    rm -rf /var/lib/apt/lists/*

ENV PATH=/usr/local/cuda/bin:$PATH CPATH=/usr/local/cuda/include LIBRARY_PATH=/usr/local/cuda/lib64 \
    OPENBLAS_CORETYPE=ARMV8 LANG=C.UTF-8

RUN test -e /usr/local/cuda/include/cuda.h || { \
      echo "expected CUDA while building: make nvidia Docker's default runtime (docs/tx2.md). Received: no cuda.h" >&2; \
      exit 1; }

# The layers that change rarely come first.
COPY requirements/tx2.txt /tmp/
RUN python3 -m pip install --no-cache-dir pip==21.3.1 setuptools==59.6.0 wheel==0.37.1 numpy==1.19.5 && \
    python3 -m pip install --no-cache-dir --no-build-isolation -r /tmp/tx2.txt

# ros-base has no cv_bridge. It uses the image's own OpenCV 4. Its CMakeLists.txt asks for the Boost component
# python37; in Ubuntu 18.04 it is python3.
RUN git clone --branch noetic --depth 1 https://github.com/ros-perception/vision_opencv /tmp/vision_opencv && \
    sed -i 's/\bpython37\b/python3/' /tmp/vision_opencv/cv_bridge/CMakeLists.txt && \
    bash -c 'source /opt/ros/noetic/setup.bash && \
      export CPATH=$CPATH:$(python3 -c "import numpy; print(numpy.get_include())") && \
      catkin_make_isolated --source /tmp/vision_opencv/cv_bridge --build /tmp/build --devel /tmp/devel \
        --install --install-space /opt/ros/noetic \
        -DCMAKE_BUILD_TYPE=Release -DSETUPTOOLS_DEB_LAYOUT=OFF -DPYTHON_EXECUTABLE=/usr/bin/python3 \
        -DPYTHON_INCLUDE_DIR=/usr/include/python3.6m -DPYTHON_LIBRARY=/usr/lib/aarch64-linux-gnu/libpython3.6m.so && \
      source /opt/ros/noetic/setup.bash && python3 -c "from cv_bridge.boost.cv_bridge_boost import getCvType"' && \
    rm -rf /tmp/vision_opencv /tmp/build /tmp/devel

# Nor has it tf2, which tells where the camera is on the robot.
RUN git clone --branch noetic-devel --depth 1 https://github.com/ros/geometry2 /tmp/geometry2 && \
    bash -c 'mkdir /tmp/tf2 && mv /tmp/geometry2/{tf2,tf2_msgs,tf2_py,tf2_ros} /tmp/tf2 && \
      source /opt/ros/noetic/setup.bash && \
      catkin_make_isolated --source /tmp/tf2 --build /tmp/build --devel /tmp/devel \
        --install --install-space /opt/ros/noetic \
        -DCMAKE_BUILD_TYPE=Release -DSETUPTOOLS_DEB_LAYOUT=OFF -DPYTHON_EXECUTABLE=/usr/bin/python3 \
        -DPYTHON_INCLUDE_DIR=/usr/include/python3.6m -DPYTHON_LIBRARY=/usr/lib/aarch64-linux-gnu/libpython3.6m.so && \
      source /opt/ros/noetic/setup.bash && python3 -c "from tf2_ros import Buffer; Buffer(debug=False)"' && \
    rm -rf /tmp/geometry2 /tmp/tf2 /tmp/build /tmp/devel

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
