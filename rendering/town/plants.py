"""Trees, hedges, ivy: trunks of tubes, crowns of textured squares that face outwards."""

import numpy as np

from rendering.library import Library
from rendering.mesh import UNIT_UV, Mesh, Skin


def _twig(mesh: Mesh, rng: np.random.Generator, center, size: float, skin: Skin, normal) -> None:
    """A square with a texture of leaves, randomly rotated, lit as a part of the crown."""
    first = rng.standard_normal(3)
    first /= np.linalg.norm(first)
    second = np.cross(first, rng.standard_normal(3))
    second /= np.linalg.norm(second)
    a, b = first * size / 2, second * size / 2
    mesh.quad([center - a - b, center + a - b, center + a + b, center - a + b], skin, UNIT_UV, normal)


def tree(library: Library, seed: int, leaf: str, height: float = 6.0, twigs: int = 130) -> Mesh:
    """A tree with a round, uneven crown; its foot at the origin."""
    rng = np.random.default_rng(seed)
    mesh = Mesh()
    bark = Skin(library["bark"], scale=0.8)
    fork = height * 0.38
    lean = np.append(rng.normal(0, 0.12, 2), fork)
    mesh.tube((0, 0, 0), lean, (0.15, 0.1), bark)
    lumps = []
    for i in range(6):
        turn = 2 * np.pi * i / 6 + rng.uniform(-0.4, 0.4)
        reach = height * rng.uniform(0.1, 0.2)
        tip = lean + [np.cos(turn) * reach, np.sin(turn) * reach, height * rng.uniform(0.12, 0.38)]
        mesh.tube(lean, tip, (0.07, 0.02), bark, 5)
        lumps.append((tip, height * rng.uniform(0.13, 0.2)))
    lumps.append((lean + [0, 0, height * 0.33], height * 0.22))
    middle = np.mean([tip for tip, _ in lumps], 0)
    for i in range(twigs):
        tip, radius = lumps[i % len(lumps)]
        ray = rng.standard_normal(3)
        ray /= np.linalg.norm(ray)
        center = tip + ray * radius * rng.uniform(0.45, 0.9)
        normal = center - middle
        normal /= np.linalg.norm(normal)
        deep = 0.62 + 0.45 * np.clip((center[2] - fork) / (height - fork), 0, 1) * rng.uniform(0.8, 1.1)
        skin = Skin(library[leaf], (deep, deep, deep))
        _twig(mesh, rng, center, height * 0.17, skin, normal)
    return mesh


def cypress(library: Library, seed: int, height: float = 5.0) -> Mesh:
    """A slim evergreen."""
    rng = np.random.default_rng(seed)
    mesh = Mesh()
    mesh.tube((0, 0, 0), (0, 0, height * 0.8), (0.1, 0.04), Skin(library["bark"]), 6)
    for _ in range(80):
        lift, turn = rng.uniform(0.08, 1.0), rng.uniform(0, 2 * np.pi)
        ray = np.array([np.cos(turn), np.sin(turn), 0.25])
        radius = 0.62 * np.sin(np.pi * min(0.95, 0.2 + lift * 0.8)) ** 0.8
        center = np.array([0, 0, lift * height]) + ray * radius
        _twig(mesh, rng, center, 0.75, Skin(library["ivy"], (0.8, 0.85, 0.8)), ray / np.linalg.norm(ray))
    return mesh


def ivy(library: Library, seed: int, width: float, height: float) -> Mesh:
    """Leaves over a wall that faces −y, thinning upwards."""
    rng = np.random.default_rng(seed)
    mesh = Mesh()
    for _ in range(int(width * height * 4)):
        lift = rng.random() ** 1.5
        x = width * (0.5 + (rng.random() - 0.5) * (1 - 0.7 * lift))
        center = np.array([x, -rng.uniform(0.04, 0.16), lift * height])
        half = rng.uniform(0.25, 0.45)
        tilt = rng.uniform(-0.1, 0.1, 2)
        face = center + np.array(
            [[-half, tilt[0], -half], [half, 0, -half], [half, tilt[1], half], [-half, 0, half]]
        )
        shade = rng.uniform(0.75, 1.15)
        mesh.quad(face, Skin(library["ivy"], (shade, shade, shade)), UNIT_UV, normals=(0, -0.8, 0.6))
    return mesh


def hedge(library: Library, length: float, height: float = 0.9) -> Mesh:
    """A clipped hedge along x."""
    mesh = Mesh()
    mesh.box((0, -0.3, 0), (length, 0.3, height), Skin(library["hedge"], scale=0.8))
    return mesh


def shrub(library: Library, seed: int, radius: float = 0.5, leaf: str = "flowers") -> Mesh:
    """A round bush, or the plant in a tub."""
    rng = np.random.default_rng(seed)
    mesh = Mesh()
    for _ in range(26):
        ray = rng.standard_normal(3)
        ray[2] = abs(ray[2])
        ray /= np.linalg.norm(ray)
        _twig(mesh, rng, ray * radius * rng.uniform(0.4, 0.9), radius * 1.1, Skin(library[leaf]), ray)
    return mesh
