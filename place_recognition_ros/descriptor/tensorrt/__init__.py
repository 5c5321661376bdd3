"""TensorRT, the engine on a Jetson and on other GPUs of NVIDIA."""
