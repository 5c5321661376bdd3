"""Keras layers of this package, one file each."""

from training.network.layers.context import ContextFeatures
from training.network.layers.l2_normalization import L2Normalization
from training.network.layers.netvlad import NetVLAD
from training.network.layers.whitening import Whitening

__all__ = ["ContextFeatures", "L2Normalization", "NetVLAD", "Whitening"]
