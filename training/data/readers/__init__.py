"""Readers of image sets: each answers a list of :class:`training.data.manifest.Record`."""
