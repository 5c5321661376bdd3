"""Render the drive: ``python -m demo.render_drive`` writes ``demo/drive``.

The town, its textures and the path are generated from one seed. The trajectory does not depend on the
seed; the images are the same for the same seed and OpenGL driver. ``--depth`` writes only the depth images.
"""

import argparse
import shutil
from pathlib import Path
from typing import List

import cv2
import numpy as np

from demo.depth import encode
from demo.route import RATE, DriveFrame, drive
from rendering.camera import camera_pose

SIZE = (320, 240)  # pixels
FOCAL = 200.0  # pixels
SEED = 7
QUALITY = 8  # of the WebP files: about 2.5 kB each
SOFTNESS = 0.45  # blur of a small lens, pixels
SMOOTHING = 0.6  # blur before compression, pixels: smaller files with fewer artefacts
MAP_RESOLUTION = 0.16  # metres per pixel
MAP_ORIGIN = (-14.0, -14.0)  # metres, of the lower left corner
MAP_EXTENT = (100.0, 58.0)  # metres
MAP_ALTITUDE = 600.0  # metres; from this height the view is nearly orthographic
HEADER = "file,stamp,x,y,z,qx,qy,qz,qw,tracking_ok"
DRIVE = Path(__file__).parent / "drive"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=DRIVE, help="folder to write (default: demo/drive)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--every", type=int, default=1, help="render only every n-th frame, for a preview")
    parser.add_argument("--samples", type=int, default=3, help="rendered pixels per pixel, along either axis")
    parser.add_argument("--depth", action="store_true", help="write only depth/, for frames that are there")
    options = parser.parse_args()
    frames = drive()
    if options.depth:
        total = render_depth(frames, options.output / "depth", options.seed)
        print(f"{options.output / 'depth'}: {len(frames)} files, {total / 1e6:.2f} MB")
        return
    folder = options.output / "frames"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (options.output / "trajectory.csv").write_text(trajectory_csv(frames), encoding="utf-8")
    (options.output / "camera.yaml").write_text(camera_yaml(), encoding="utf-8")
    total = render(frames, folder, options.seed, options.every, options.samples)
    total += render_map(options.output, options.seed)
    total += render_depth(frames, options.output / "depth", options.seed)
    print(f"{options.output}: {len(frames)} frames, {total / 1e6:.2f} MB")


def file_name(index: int) -> str:
    """Of a frame's image, relative to the drive's folder."""
    return f"frames/{index:06d}.webp"


def depth_name(index: int) -> str:
    """Of a frame's depth image, in the drive's folder ``depth``."""
    return Path(file_name(index)).name


def trajectory_csv(frames: List[DriveFrame]) -> str:
    """Ground truth, a line per frame: the optical frame (z forward) in the world (z up); metres, seconds."""
    lines = [HEADER]
    for i, frame in enumerate(frames):
        numbers = [f"{v:.4f}" for v in frame.pose.position] + [f"{v:.6f}" for v in frame.pose.orientation]
        lines.append(",".join([file_name(i), f"{i / RATE:.2f}", *numbers, str(int(frame.tracking_ok))]))
    return "\n".join(lines) + "\n"


def camera_yaml() -> str:
    """The calibration in the format of ROS's camera_calibration_parsers."""
    (width, height), f = SIZE, FOCAL
    cx, cy = (width - 1) / 2, (height - 1) / 2
    return f"""image_width: {width}
image_height: {height}
camera_name: demo
camera_matrix:
  rows: 3
  cols: 3
  data: [{f}, 0.0, {cx}, 0.0, {f}, {cy}, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [0.0, 0.0, 0.0, 0.0, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
projection_matrix:
  rows: 3
  cols: 4
  data: [{f}, 0.0, {cx}, 0.0, 0.0, {f}, {cy}, 0.0, 0.0, 0.0, 1.0, 0.0]
"""


def render(frames: List[DriveFrame], folder: Path, seed: int, every: int, samples: int) -> int:
    """Write the images; returns their size in bytes."""
    from rendering.light import light_at
    from rendering.town.layout import build_town
    from rendering.town.library import town_library
    from rendering.town.renderer import Renderer  # only here: it needs Panda3D

    library = town_library(seed)
    renderer = Renderer(build_town(library, seed), library, SIZE, FOCAL, samples)
    total = 0
    for i in range(0, len(frames), every):
        frame = frames[i]
        image = renderer.render(frame.pose, light_at(frame.daytime))
        image = cover_lens(cv2.GaussianBlur(image, (0, 0), SOFTNESS), frame.cover, i)
        image = cv2.GaussianBlur(image, (0, 0), SMOOTHING)
        path = folder / Path(file_name(i)).name
        cv2.imwrite(str(path), image, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
        total += path.stat().st_size
        if i % 20 == 0:
            print(f"{i:4d} of {len(frames)}", flush=True)
    return total


def render_depth(frames: List[DriveFrame], folder: Path, seed: int) -> int:
    """Write the depth images; returns their size in bytes. A covered lens sees no depth."""
    from rendering.town.layout import build_town
    from rendering.town.library import town_library
    from rendering.town.renderer import Renderer

    folder.mkdir(parents=True, exist_ok=True)
    library = town_library(seed)
    renderer = Renderer(build_town(library, seed), library, SIZE, FOCAL, samples=1)
    total = 0
    for i, frame in enumerate(frames):
        depth = np.zeros(SIZE[::-1], np.float32) if frame.cover > 0 else renderer.depth(frame.pose)
        total += (folder / depth_name(i)).write_bytes(encode(depth))
    return total


def render_map(folder: Path, seed: int) -> int:
    """Write an image of the town from above, in the format of map_server; returns its size in bytes."""
    from rendering.light import light_at
    from rendering.town.layout import build_town
    from rendering.town.library import town_library
    from rendering.town.renderer import Renderer

    library = town_library(seed)
    width, height = (round(extent / MAP_RESOLUTION) for extent in MAP_EXTENT)
    focal = MAP_ALTITUDE / MAP_RESOLUTION
    reach = (MAP_ALTITUDE - 40, MAP_ALTITUDE + 40)
    renderer = Renderer(build_town(library, seed), library, (width, height), focal, 2, reach, fog=0.0)
    x, y = (origin + extent / 2 for origin, extent in zip(MAP_ORIGIN, MAP_EXTENT))
    downwards = camera_pose((x, y, MAP_ALTITUDE), heading=np.pi / 2, pitch=-np.pi / 2)
    image = renderer.render(downwards, light_at(0.0))
    path = folder / "map.jpg"
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 30, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    x, y = MAP_ORIGIN
    text = f"image: map.jpg\nresolution: {MAP_RESOLUTION}\norigin: [{x}, {y}, 0.0]\n"
    (folder / "map.yaml").write_text(text, encoding="utf-8")
    return path.stat().st_size


def cover_lens(image: np.ndarray, cover: float, index: int) -> np.ndarray:
    """The image with a hand in front of the lens: blurred and dark, with some light at the edge.

    Args:
        image: (H, W, 3) uint8 BGR.
        cover: 0 clear … 1 covered.
        index: of the frame; the hand moves a little.
    """
    if cover <= 0:
        return image
    height, width = image.shape[:2]
    blurred = cv2.GaussianBlur(image, (0, 0), 1 + 18 * cover).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width] / np.float32(height)
    sway = 0.06 * np.sin(index * 1.3)
    leak = np.exp(-(((x - 1.25 - sway) / 0.35) ** 2 + ((y - 0.05 - sway) / 0.25) ** 2))
    skin = np.array([16, 20, 38], np.float32) + leak[:, :, None] * np.array([30, 48, 95], np.float32)
    edge = np.clip((1.6 * cover - 0.35 * x - 0.35 * y) * 2.2, 0, 1)[:, :, None]
    return np.clip(blurred + edge * (skin - blurred), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
