"""ImageNet weights for gray input."""


def for_gray(kernel, shape):
    """Sum a colour kernel over its channels if the network's input is gray.

    For an image with three equal channels, the sum gives the same output as the original kernel.

    Args:
        kernel: (height, width, in, out) float.
        shape: shape of the network's kernel.

    Returns:
        (height, width, 1, out) if ``shape`` has one input channel and the kernel three, else the kernel.
    """
    gray = len(shape) == kernel.ndim == 4 and (kernel.shape[2], shape[2]) == (3, 1)
    return kernel.sum(axis=2, keepdims=True) if gray else kernel
