"""The whole pipeline on a recording, without ROS, and a report of what it found."""
