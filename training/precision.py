"""Computing in float16 where it is safe; the weights stay float32, and so does what is saved."""

import keras


def in_precision(network, policy):
    """The same network, with the same weights, computing otherwise.

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
    """A network's description (dicts, lists and values of JSON) with another policy in every layer."""
    if isinstance(description, (list, tuple)):
        return [with_policy(part, policy) for part in description]
    if not isinstance(description, dict):
        return description
    if description.get("class_name") == "DTypePolicy":
        return {**description, "config": {**description["config"], "name": policy}}
    return {name: with_policy(part, policy) for name, part in description.items()}
