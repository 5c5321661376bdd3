"""A trained network averaged with the one it began as (WiSE-FT: Wortsman et al., CVPR 2022, equation 1).

What is learned from few places makes the network better there, and forgets some of what holds everywhere.
Between the two, weight by weight, it is often better at both.
"""


def average_weights(trained, start, share):
    """Move a network back towards its start, in place: (1 - share) · trained + share · start.

    Args:
        trained: Keras model.
        start: the same network before its first step.
        share: 0 to 1.
    """
    pairs = zip(trained.get_weights(), start.get_weights())
    trained.set_weights([(1.0 - share) * one + share * other for one, other in pairs])
