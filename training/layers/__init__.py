"""Own Keras layers, one file each."""

from training.layers.l2_normalization import L2Normalization
from training.layers.layout import Layout
from training.layers.netvlad import NetVLAD
from training.layers.surroundings import Surroundings
from training.layers.whitening import Whitening

__all__ = ["L2Normalization", "Layout", "NetVLAD", "Surroundings", "Whitening"]
