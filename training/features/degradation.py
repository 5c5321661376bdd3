"""What differs between two images of one view: exposure, lamps, night, blur, noise, compression."""

import cv2
import numpy as np


def degrade(image, random):
    """Another recording of the same view.

    Args:
        image: (H, W) uint8 gray.
        random: numpy Generator.

    Returns:
        (H, W) uint8 gray; pixels stay where they are.
    """
    pixels = image.astype(np.float32) / 255
    if random.random() < 0.6:
        pixels = pixels ** np.exp(random.normal(0, 0.45))
    if random.random() < 0.5:
        pixels *= np.exp(_field(pixels.shape, random) * random.uniform(0.2, 1.2))  # lamps and shadows
    if random.random() < 0.4:
        pixels = _blurred(pixels, random)
    exposure = (
        random.uniform(0.08, 0.4) if random.random() < 0.25 else np.exp(random.normal(0, 0.25))
    )  # night
    pixels = pixels * exposure + random.normal(0, 0.03)
    if random.random() < 0.7:
        sigma = random.exponential(0.012) + 0.002
        pixels += sigma * random.standard_normal(pixels.shape, np.float32)
    degraded = np.clip(255 * pixels + 0.5, 0, 255).astype(np.uint8)
    if random.random() < 0.25:
        degraded = _compressed(degraded, int(random.integers(25, 90)))
    return degraded


def _field(shape, random):
    """(H, W) float32: a smooth random surface, about −1 to 1."""
    knots = random.normal(0, 0.6, random.integers(2, 7, 2)).astype(np.float32)
    return cv2.resize(knots, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _blurred(pixels, random):
    if random.random() < 0.6:
        return cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.4, 1.6))
    length, direction = random.uniform(2, 7), random.uniform(0, np.pi)  # pixels and radians of the motion
    kernel = np.zeros((9, 9), np.float32)
    end = 16 * (4 + 0.5 * length * np.array([np.cos(direction), np.sin(direction)]))
    start = 16 * 8 - end
    cv2.line(kernel, start.astype(int).tolist(), end.astype(int).tolist(), (1.0,), 1, cv2.LINE_AA, 4)
    return cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


def _compressed(image, quality):
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
