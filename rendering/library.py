"""Textures of a scene, by name, as one array."""

from typing import Dict, List

import numpy as np

from rendering.materials import SIZE


class Library:
    """Textures in the order in which they were added."""

    def __init__(self) -> None:
        self._layers: Dict[str, int] = {}
        self._images: List[np.ndarray] = []

    def add(self, name: str, image: np.ndarray) -> int:
        """Add a (SIZE, SIZE, 3 or 4) float sRGB image; returns its layer."""
        pixels = np.full((SIZE, SIZE, 4), 255, np.uint8)
        pixels[:, :, : image.shape[2]] = np.clip(image * 255 + 0.5, 0, 255)
        self._layers[name] = len(self._images)
        self._images.append(pixels)
        return self._layers[name]

    def __getitem__(self, name: str) -> int:
        return self._layers[name]

    def pixels(self) -> np.ndarray:
        """(L, SIZE, SIZE, 4) uint8 RGBA, the top row first."""
        return np.stack(self._images)
