"""Mixed precision: convolutions in float16; weights and saved files stay float32.

Pooling and normalization stay float32 too: the squares of NetVLAD's sums over an image exceed the range of
float16.
"""

import keras

_SENSITIVE = ("NetVLAD", "Whitening", "L2Normalization")


def in_precision(network, policy):
    """The same network, with the same weights, and another precision of its convolutions.

    Args:
        network: functional Keras model.
        policy: name of a keras.DTypePolicy, "float32" or "mixed_float16".

    Returns:
        Keras model.
    """
    other = keras.Model.from_config(with_policy(network.get_config(), policy))
    other.set_weights(network.get_weights())
    return other


def with_policy(description, policy):
    """A network's JSON description with another precision policy in its convolutions."""
    if isinstance(description, (list, tuple)):
        return [with_policy(part, policy) for part in description]
    if not isinstance(description, dict):
        return description
    name = description.get("class_name")
    if name == "DTypePolicy":
        return {**description, "config": {**description["config"], "name": policy}}
    if name == "__keras_tensor__":
        return {
            **description,
            "config": {**description["config"], "dtype": "float32"},
        }  # Keras finds out anyhow
    kept = "float32" if name in _SENSITIVE else policy
    return {key: with_policy(part, kept) for key, part in description.items()}
