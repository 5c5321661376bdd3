"""A small generated town: textures, houses, streets."""
