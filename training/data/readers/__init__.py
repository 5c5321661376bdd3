"""Readers of picture sets: each answers a list of :class:`training.data.manifest.Record`."""
