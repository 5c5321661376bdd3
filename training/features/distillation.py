"""The loss of the local-feature network: imitation of the teacher, and agreement between two views."""

import keras
from keras import ops

from place_recognition_ros.descriptor.model_card import CELL
from training.features.network import DESCRIPTOR_SIZE

SCORE_WEIGHT, CONTRAST_WEIGHT = 0.15, 0.15
TEMPERATURE = 0.06  # of the cosines in the contrastive term
INTEREST = -4.0  # logit from which on a pixel may become a keypoint


class Distillation(keras.Model):
    """The network with its loss, to be compiled and trained with :meth:`fit`.

    Inputs are the images of both views, (B, 2, H, W, 1); the targets are those of
    :class:`training.features.pairs.Pair`, stacked over the batch.

    Args:
        network: that of :func:`training.features.network.build`.
    """

    def __init__(self, network, **options):
        super().__init__(**options)
        self.network = network

    def call(self, images, training=None):
        """(B, 2, H, W, 1) → (B, 2, H/4, W/4, 48)."""
        shape = ops.shape(images)
        maps = self.network(ops.reshape(images, (-1, *shape[2:])), training=training)
        return ops.reshape(maps, (-1, 2, *maps.shape[1:]))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The sum of the three terms."""
        descriptors = _unit(y_pred[..., :DESCRIPTOR_SIZE])
        scores = y_pred[..., DESCRIPTOR_SIZE:]
        imitation = descriptor_loss(descriptors, y["descriptors"], y["scores"])
        detection = score_loss(scores, y["scores"])
        agreement = contrastive_loss(
            sample(descriptors[:, 0], y["points"][:, 0]),
            sample(descriptors[:, 1], y["points"][:, 1]),
            y["weights"],
        )
        return imitation + SCORE_WEIGHT * detection + CONTRAST_WEIGHT * agreement


def descriptor_loss(descriptors, targets, target_scores):
    """1 − cosine between descriptors and the teacher's; cells with a likely keypoint weigh more."""
    weights = 0.1 + ops.max(ops.sigmoid(target_scores - INTEREST), axis=-1)
    errors = 1.0 - ops.sum(descriptors * targets, axis=-1)
    return ops.sum(weights * errors) / ops.sum(weights)


def score_loss(scores, targets):
    """Mean absolute difference of the logits; likely keypoints of either of them weigh more."""
    weights = 0.03 + ops.sigmoid(ops.maximum(targets, ops.stop_gradient(scores)) - INTEREST)
    return ops.sum(weights * ops.abs(scores - targets)) / ops.sum(weights)


def contrastive_loss(first, second, weights):
    """Cross entropy of each point's partner among all points of the other view, in both directions.

    Args:
        first, second: (B, N, D) float32, unit norm; row n of both is one point of the scene.
        weights: (B, N) float32; 0 where the point is not visible in both.
    """
    logits = ops.matmul(first, ops.transpose(second, (0, 2, 1))) / TEMPERATURE
    absent = 1e4 * (1.0 - weights)
    forward = ops.log_softmax(logits - absent[:, None, :], axis=2)
    backward = ops.log_softmax(logits - absent[:, :, None], axis=1)
    right = ops.diagonal(forward + backward, axis1=1, axis2=2)
    return -0.5 * ops.sum(weights * right) / (ops.sum(weights) + 1.0)


def sample(maps, points):
    """Descriptors at points, by bilinear interpolation.

    Args:
        maps: (B, h, w, D) float32, one vector per cell.
        points: (B, N, 2) float32, x and y in pixels; (0, 0) is the centre of the first pixel.

    Returns:
        (B, N, D) float32, unit norm.
    """
    height, width, size = maps.shape[1:]
    limits = ops.convert_to_tensor([width - 1.0, height - 1.0])
    cells = ops.clip((points + 0.5) / CELL - 0.5, 0.0, limits - 1e-3)
    low = ops.floor(cells)
    fraction = cells - low
    low = ops.cast(low, "int32")
    flat = ops.reshape(maps, (-1, height * width, size))
    total = 0.0
    for right in (0, 1):
        for down in (0, 1):
            index = (low[..., 1] + down) * width + low[..., 0] + right
            share_x = fraction[..., 0] if right else 1.0 - fraction[..., 0]
            share_y = fraction[..., 1] if down else 1.0 - fraction[..., 1]
            total = total + (share_x * share_y)[..., None] * ops.take_along_axis(
                flat, index[..., None], axis=1
            )
    return _unit(total)


def _unit(vectors):
    return vectors * ops.rsqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-8)
