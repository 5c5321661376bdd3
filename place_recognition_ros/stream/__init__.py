"""Images of a camera and the poses that accompany them: which become keyframes. ROS-free."""
