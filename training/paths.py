"""Where things lie."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DATA = PROJECT.parent / "shared" / "data"  # picture sets and ImageNet weights, beside the project
DEFAULT_MODEL = PROJECT / "models" / "default.onnx"
