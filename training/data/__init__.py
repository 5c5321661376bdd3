"""Images, and what is known about where they were taken."""

from training.data.images import read_image
from training.data.manifest import Record, read_manifest, write_manifest
from training.data.places import PlaceRules, Places

__all__ = [
    "PlaceRules",
    "Places",
    "Record",
    "read_image",
    "read_manifest",
    "write_manifest",
]
