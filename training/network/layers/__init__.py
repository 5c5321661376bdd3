"""Own Keras layers, one file each."""

from training.layers.l2_normalization import L2Normalization
from training.layers.netvlad import NetVLAD
from training.layers.surroundings import Surroundings
from training.layers.whitening import Whitening

__all__ = ["L2Normalization", "NetVLAD", "Surroundings", "Whitening"]
