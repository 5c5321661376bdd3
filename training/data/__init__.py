"""Pictures and what is known of where they were taken."""

from training.data.manifest import Record, read_manifest, write_manifest
from training.data.pictures import read_picture
from training.data.places import PlaceRules, Places

__all__ = [
    "PlaceRules",
    "Places",
    "Record",
    "read_manifest",
    "read_picture",
    "write_manifest",
]
