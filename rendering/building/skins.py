"""Surfaces of a building: its textures with its colours."""

from rendering.building.look import FLOORS, Look
from rendering.building.textures import Textures
from rendering.mesh import Mesh, Skin

FRAME_DARK = (0.16, 0.16, 0.17)


class Skins:
    """Skins by use, and the textures behind them."""

    def __init__(self, look: Look, textures: Textures) -> None:
        self.look, self.textures = look, textures
        layers = textures.library
        gloss, scale, _ = FLOORS[look.floor]
        wall_scale = 0.4 if look.wall != "blocks" else 0.62
        self.floor = Skin(layers[look.floor], look.floor_paint, gloss, scale=scale)
        self.ceiling = Skin(
            layers[look.ceiling], look.ceiling_paint, scale=0.83 if look.ceiling == "ceiling_tiles" else 0.5
        )
        self.wall = Skin(layers[look.wall], look.wall_paint, scale=wall_scale)
        self.lower = self.wall._replace(tint=look.lower_paint)
        self.room = Skin(layers["plaster"], (0.92, 0.91, 0.88), scale=0.3)
        self.room_floor = Skin(layers["carpet_rooms"], (0.45, 0.46, 0.5), scale=1.0)
        self.panelling = Skin(layers["wood"], look.panelling, scale=0.8)
        self.frame = self.paint(look.frame)
        self.skirting = self.paint(look.skirting)
        self.steel = Skin(layers["steel"])
        self.doors = tuple(Skin(layers[name], look.door_paint) for name in ("door", "door_other"))

    def paint(self, color, glow: float = 0.0) -> Skin:
        """A uniform surface."""
        return Skin(self.textures.library["plain"], color, glow=glow, scale=0.5)


def solid(mesh: Mesh, low, high, skin: Skin) -> None:
    """Add a box with its underside."""
    mesh.box(low, high, skin)
    (x0, y0, z0), (x1, y1, _) = low, high
    mesh.quad([(x0, y1, z0), (x1, y1, z0), (x1, y0, z0), (x0, y0, z0)], skin)


def facing(x0: float, x1: float, z0: float, z1: float, y: float = 0.0):
    """Corners of a rectangle in front of a wall: its front faces −y."""
    return [(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)]
