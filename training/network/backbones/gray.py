"""ImageNet weights for gray images."""


def for_gray(kernel, shape):
    """A kernel for colours, summed over them where the network's images are gray.

    A gray image is one whose three colours are equal, so that the sum answers as the kernel did.

    Args:
        kernel: (height, width, in, out) float.
        shape: of the network's kernel.

    Returns:
        (height, width, 1, out) if that is what ``shape`` has where the kernel has 3, else the kernel.
    """
    gray = len(shape) == kernel.ndim == 4 and (kernel.shape[2], shape[2]) == (3, 1)
    return kernel.sum(axis=2, keepdims=True) if gray else kernel
