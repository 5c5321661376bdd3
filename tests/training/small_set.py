"""A training of seconds: images of random texture, a network of random weights."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[2]
NETWORK = {
    "height": 48,
    "width": 64,
    "backbone": "mobilenet_v2",
    "last_block": 0,
    "context": "",
    "reduced": 8,
    "clusters": 4,
    "size": 8,
}


def write_images(folder, places=6, views=3):
    """Images of places, some views of each, and manifest.csv; the last two places are for validation."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    rows = [("image", "place", "split")]
    for place in range(places):
        soft = cv2.resize(random.random((6, 8, 3)), (64, 48), interpolation=cv2.INTER_CUBIC)
        for view in range(views):
            image = np.clip(255 * soft + random.normal(0, 20, soft.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"{place}_{view}.png"), image)
            rows.append(
                (f"{place}_{view}.png", f"place {place}", "validation" if place >= places - 2 else "train")
            )
    with open(folder / "manifest.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def write_config(folder, **changes):
    """Write config.yaml beside the images, with changed sections or keys; returns its path."""
    fields = {
        "network": NETWORK,
        "data": {"manifests": {"manifest.csv": 1.0}},
        "start": {"network": "random"},
        "batch": {"queries": 4, "positives": 1, "negatives": 1, "hardest": 3, "mine_every": 4},
        "optimizer": {"warmup": 2, "learning_rate": 0.001, "average": 0.9},
        "steps": 10,
        "log_every": 3,
        "validate_every": 5,
        "checkpoint_every": 2,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**fields, **changes}), encoding="utf-8")
    return path


def write_network(folder):
    """Write the network of random weights from which the configuration starts."""
    import keras

    from training.network.build import NetworkConfig, build_network
    from training.network.saving import save_network

    keras.utils.set_random_seed(0)
    save_network(build_network(NetworkConfig(**NETWORK)), folder / "random")


def write_all(folder):
    """Write images, network and configuration; returns the path of the configuration."""
    write_images(folder)
    write_network(folder)
    return write_config(folder)


def start(*arguments, **environment):
    """Start training/train.py as a process, with its output and errors in a pipe."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "training" / "train.py"), *map(str, arguments)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_curve(folder):
    """curve.csv of a run: dict from (step, name) to value."""
    with open(Path(folder) / "curve.csv", encoding="utf-8", newline="") as file:
        return {(int(step), name): float(value) for step, name, value in csv.reader(file)}
