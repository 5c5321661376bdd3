"""Pictures of the same place as another camera, another day or another light would have made them.

Made with OpenCV and NumPy alone. Every function takes a picture of (H, W, 3) uint8 in BGR order and a
numpy random Generator, and answers a new picture of the same size.
"""

import cv2
import numpy as np


def change_view(image, random, strength):
    """Look from elsewhere: a random homography, without borders.

    Args:
        image: (H, W, 3) uint8.
        random: numpy Generator.
        strength: how far each corner moves at most, as a share of the picture's size, 0 to 0.5.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = random.uniform(0.0, strength, (4, 2)) * [width, height]
    source = (corners + inward * [[1, 1], [-1, 1], [-1, -1], [1, -1]]).astype(np.float32)
    homography = cv2.getPerspectiveTransform(source, corners)
    return cv2.warpPerspective(image, homography, (width, height), borderMode=cv2.BORDER_REFLECT)


def change_light(image, random, strength):
    """Light from elsewhere: a smooth field of exposure, a tone curve and a colour cast.

    Args:
        image: (H, W, 3) uint8.
        random: numpy Generator.
        strength: standard deviation of the exposure in stops (factors of two).

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    field = random.normal(0.0, 0.7 * strength, (3, 4)).astype(np.float32)
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    exposure = np.clip(random.normal(0.0, 0.7), -1.2, 1.2) * strength
    cast = random.normal(0.0, 0.2 * strength, 3)
    stops = field[:, :, None] + np.float32(exposure + cast)
    tone = np.exp2(random.normal(0.0, 0.4 * strength))
    bright = np.float32(255.0) * (image / np.float32(255.0)) ** np.float32(tone) * np.exp2(stops)
    return np.clip(bright, 0.0, 255.0).astype(np.uint8)


def degrade(image, random):
    """A worse camera: gray, coarse, blurred, noisy, each now and then.

    Args:
        image: (H, W, 3) uint8.
        random: numpy Generator.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    if random.random() < 0.3:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if random.random() < 0.4:
        coarse = random.uniform(0.25, 0.7)
        image = cv2.resize(image, None, fx=coarse, fy=coarse, interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    if random.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 2.0))
    if random.random() < 0.4:
        noise = random.normal(0.0, random.uniform(2.0, 10.0), image.shape)
        image = np.clip(image + noise, 0.0, 255.0).astype(np.uint8)
    return image


def other_visit(image, random, view=0.2, light=0.7):
    """The place of a picture on another visit: view, light and camera changed at once.

    Args:
        image: (H, W, 3) uint8.
        random: numpy Generator.
        view: strength of :func:`change_view`.
        light: strength of :func:`change_light`.

    Returns:
        (H, W, 3) uint8.
    """
    return degrade(change_light(change_view(image, random, view), random, light), random)
