# The node on a PC with Docker: ROS Noetic on Ubuntu 20.04, the networks on the CPU. In a clone of this repository:
#   git archive HEAD | sudo docker build -t place_recognition_desktop -f docker/desktop.Dockerfile -
#   sudo docker run --rm --net host -v ~/.ros:/root/.ros place_recognition_desktop image:=/camera/image_raw max_rate_hz:=2
FROM ros:noetic-perception

# The image has cv_bridge and tf2_ros; the keys of its ROS repositories may have expired, and Ubuntu's packages are sufficient.
RUN rm -f /etc/apt/sources.list.d/ros*

ENV LANG=C.UTF-8
WORKDIR /place_recognition_ros
COPY . .
RUN ./run setup && rm -rf /var/lib/apt/lists/* && \
    printf '%s\n' '#!/bin/bash' \
      'source /place_recognition_ros/.ws/devel/setup.bash' \
      'case ${1-} in "" | *:=*) set -- roslaunch place_recognition_ros desktop.launch "$@" ;; esac' \
      'exec "$@"' >/place_recognition && \
    chmod +x /place_recognition

# Arguments of desktop.launch (image:=/camera/image_raw), or another command (./run demo).
ENTRYPOINT ["/place_recognition"]
