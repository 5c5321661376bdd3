"""Averaging of the trained weights with the initial ones (WiSE-FT: Wortsman et al., CVPR 2022, equation 1).

Training on few places improves a network there and reduces how well it generalizes. The average of both
sets of weights is often better on both.
"""


def average_weights(trained, start, share):
    """Average a network with its initial state, in place: (1 - share) · trained + share · start.

    Args:
        trained: Keras model.
        start: the same network before its first step.
        share: 0 to 1.
    """
    pairs = zip(trained.get_weights(), start.get_weights())
    trained.set_weights([(1.0 - share) * one + share * other for one, other in pairs])
