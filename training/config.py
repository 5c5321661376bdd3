"""The configuration of a training: one table, read from YAML, overridden on the command line."""

from pathlib import Path
from typing import Any, Dict, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.augmentation import AugmentationConfig
from training.data import PlaceRules
from training.network import NetworkConfig


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=True)


class DataConfig(_Section):
    """Which pictures, and what they say of places."""

    manifests: Dict[Path, float] = Field(
        min_length=1, description="manifest ► share of the queries drawn from it; relative to the configuration"
    )
    rules: PlaceRules = Field(PlaceRules(), description="how near is the same place, how far a different one")
    cached_pictures: int = Field(8000, ge=0, description="decoded pictures kept in memory, 230 kB each at 240×320")


class StartConfig(_Section):
    """Weights before the first step."""

    weights: str = Field("imagenet", description="ImageNet weights: a file, or 'imagenet' for Keras' own download")
    network: str = Field("", description="folder of a trained network to go on from, instead of all below")
    pictures: int = Field(4000, ge=1, description="pictures that PCA, k-means and whitening are fitted on")
    copies: int = Field(3, ge=1, description="augmented copies of each for the whitening")
    equalization: float = Field(0.5, ge=0, le=1, description="of the variances of the reduced components")
    sharpness: float = Field(8.0, gt=0, description="of the assignment to clusters")
    shrinkage: float = Field(0.05, gt=0, le=10, description="of the whitening")


class BatchConfig(_Section):
    """A batch is some queries, each with positives and negatives of its own."""

    queries: int = Field(12, ge=2, description="places in a batch")
    positives: int = Field(2, ge=1, description="further views of each query's place")
    negatives: int = Field(0, ge=0, description="views of places like it; the other queries are negatives anyhow")
    neighbours: float = Field(0.5, ge=0, le=1, description="share of positives that are another picture, if there is one")
    hard_queries: float = Field(0.0, ge=0, le=1, description="share of queries that look like the one before")
    hardest: int = Field(20, ge=1, description="number of most similar pictures that hard ones are drawn from")
    mine_every: int = Field(500, ge=1, description="steps between refreshes of the descriptors for that")


class LossConfig(_Section):
    """What is minimised."""

    name: Literal["triplet", "all_pairs", "all_pairs_deviation", "multi_similarity"] = "multi_similarity"
    options: Dict[str, float] = Field({}, description="arguments of the loss by name, such as margin")


class OptimizerConfig(_Section):
    """How it is minimised: AdamW, warm-up, cosine decay, averaged weights."""

    learning_rate: float = Field(1e-4, gt=0, le=1, description="at its peak")
    warmup: int = Field(100, ge=0, description="steps until the peak")
    weight_decay: float = Field(1e-4, ge=0, le=1)
    clip_norm: float = Field(1.0, gt=0, description="of the gradient of each variable")
    average: float = Field(0.99, ge=0, lt=1, description="momentum of the averaged weights; 0: no averaging")
    frozen: str = Field("", description="regular expression; layers whose names begin with it keep their weights")


class TrainConfig(_Section):
    """A whole training."""

    network: NetworkConfig = NetworkConfig()
    data: DataConfig
    start: StartConfig = StartConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    batch: BatchConfig = BatchConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    steps: int = Field(3000, ge=0, description="batches in all; 0: only the fit without gradients")
    log_every: int = Field(20, ge=1, description="steps between points of the curve")
    validate_every: int = Field(500, ge=1, description="steps between validations")
    checkpoint_every: int = Field(250, ge=1, description="steps between checkpoints")
    seed: int = Field(0, ge=0)
    mixed_precision: bool = Field(False, description="float16 where it is safe; for GPUs")
    loader_threads: int = Field(1, ge=1, le=64, description="threads that read and augment pictures")


def read_config(path, overrides=()):
    """Read a configuration.

    Args:
        path: YAML file of sections and keys of :class:`TrainConfig`; manifests, weights and networks in
            it are relative to its folder.
        overrides: texts ``section.key=value``, the value in YAML.

    Returns:
        a :class:`TrainConfig`.

    Raises:
        ValueError: naming the key, if one is unknown, of another type or out of its range.
    """
    path = Path(path)
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"expected a configuration, a YAML file. Received: '{path}': {error}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"expected sections and keys in '{path}'. Received: {fields!r}")
    for override in overrides:
        _override(fields, override)
    try:
        config = TrainConfig.model_validate(fields)
    except ValidationError as error:
        raise ValueError("; ".join(_sentence(problem) for problem in error.errors())) from None
    return _resolve(config, path.absolute().parent)


def _override(fields, override):
    name, equals, value = override.partition("=")
    *sections, key = name.split(".")
    if not equals or not all((*sections, key)):
        raise ValueError(f"expected section.key=value. Received: '{override}'")
    for section in sections:
        fields = fields.setdefault(section, {})
        if not isinstance(fields, dict):
            raise ValueError(f"expected a section before the last dot of '{name}'. Received: the key '{section}'")
    fields[key] = yaml.safe_load(value)


def _sentence(problem):
    key = ".".join(str(part) for part in problem["loc"])
    return f"expected another value for '{key}': {problem['msg']}. Received: {problem['input']!r}"


def _resolve(config, folder):
    """Make paths absolute: they are meant relative to the configuration's folder."""
    manifests = {folder / path: share for path, share in config.data.manifests.items()}
    start: Dict[str, Any] = {}
    if config.start.network:
        start["network"] = str(folder / config.start.network)
    if config.start.weights not in ("imagenet", ""):
        start["weights"] = str(folder / config.start.weights)
    return config.model_copy(
        update={
            "data": config.data.model_copy(update={"manifests": manifests}),
            "start": config.start.model_copy(update=start),
        }
    )
