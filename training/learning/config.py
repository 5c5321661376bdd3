"""The configuration of a training, read from YAML and overridden on the command line."""

import inspect
import json
from pathlib import Path
from typing import Annotated, Any, Dict, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from training.console import RENAMED
from training.data import PlaceRules
from training.files import DEFAULT_MODEL
from training.learning.augmentation import AugmentationConfig
from training.learning.finishing import FinishConfig
from training.learning.losses import LOSSES
from training.learning.section import Section
from training.network.build import NetworkConfig

_FREE = (  # keys that may change when a training is resumed
    *("steps", "log_every", "validate_every", "checkpoint_every", "loader_processes"),
    *("data.cached_images", "distribution."),
)


class DataConfig(Section):
    """Images and labels."""

    manifests: Dict[Path, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        min_length=1,
        description="manifest → share of the queries drawn from it; paths relative to the configuration",
    )
    rules: PlaceRules = Field(
        default=PlaceRules(), description="distances of the same place and of different places"
    )
    with_validation: bool = Field(
        default=False,
        description="train on the split 'validation' too, after all choices: it validates nothing then",
    )
    cached_images: int = Field(
        default=8000,
        ge=0,
        description="decoded images kept in memory by each loader process, 150 kB each at 192×256",
    )


class StartConfig(Section):
    """Initial weights."""

    weights: str = Field(
        default="imagenet", description="ImageNet weights: a file, or 'imagenet' to download them with Keras"
    )
    context_weights: str = Field(default="imagenet", description="the same for network.context")
    network: str = Field(
        default="",
        description="trained network to continue from, instead of the other keys here: 'default', "
        "the folder of a training, or an ONNX file",
    )
    images: int = Field(default=4000, ge=1, description="number of images for PCA, k-means and whitening")
    copies: int = Field(default=3, ge=1, description="augmented copies of each image, for the whitening")
    equalization: float = Field(
        default=0.5, ge=0, le=1, description="of the variances of the reduced components, 0: none"
    )
    sharpness: float = Field(default=8.0, gt=0, description="of the assignment to clusters")
    shrinkage: float = Field(default=0.05, gt=0, le=10, description="of the whitening")
    share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the initial weights in the result, see training/learning/weight_averaging.py",
    )


class BatchConfig(Section):
    """A batch consists of queries, each with positives and negatives."""

    queries: int = Field(default=12, ge=2, description="queries in a batch")
    positives: int = Field(default=2, ge=1, description="positives of each query")
    negatives: int = Field(
        default=0, ge=0, description="mined negatives of each query, besides the other queries of the batch"
    )
    neighbours: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of positives that are another image of the place, if there is one",
    )
    visits: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="the same of images with a place label: other visits, in another season for example",
    )
    copies: int = Field(
        default=0,
        ge=0,
        description="augmented copies of each image, with cached local features; needs a frozen backbone; "
        "0: augment in each step",
    )
    hard_queries: float = Field(
        default=0.0, ge=0, le=1, description="share of queries that are similar to the previous query"
    )
    hardest: int = Field(
        default=20, ge=1, description="number of most similar images from which hard ones are drawn"
    )
    mine_every: int = Field(
        default=500, ge=1, description="steps between updates of the descriptors for mining"
    )


class LossConfig(Section):
    """The loss."""

    name: Literal["triplet", "all_pairs", "all_pairs_deviation", "multi_similarity"] = "multi_similarity"
    options: Dict[str, float] = Field(default={}, description="arguments of the loss by name, such as margin")

    @model_validator(mode="after")
    def _options_are_known(self):
        loss: Any = LOSSES[self.name]
        known = list(inspect.signature(loss).parameters)[3:]  # after the descriptors and masks
        unknown = sorted(set(self.options) - set(known))
        if unknown:
            raise ValueError(f"options of {self.name} are {', '.join(known)}, not {', '.join(unknown)}")
        return self


class OptimizerConfig(Section):
    """AdamW with warm-up, cosine decay and weight averaging."""

    learning_rate: float = Field(default=1e-4, gt=0, le=1, description="peak value")
    warmup: int = Field(default=100, ge=0, description="steps to the peak")
    weight_decay: float = Field(default=1e-4, ge=0, le=1)
    clip_norm: float = Field(default=1.0, gt=0, description="maximum norm of the gradient of each variable")
    average: float = Field(
        default=0.99, ge=0, lt=1, description="momentum of weight averaging; 0: no averaging"
    )
    frozen: str = Field(
        default="", description="regular expression; layers whose names begin with it are frozen"
    )


class DistributionConfig(Section):
    """Training by several processes, see training/learning/distribution.py."""

    processes: int = Field(
        default=1, ge=1, description="number of processes; more than 1 needs the JAX backend"
    )
    address: str = Field(default="", description="host:port of process 0")
    process: int = Field(default=0, ge=0, description="index of this process")

    @model_validator(mode="after")
    def _is_one_of_them(self):
        if self.process >= self.processes or (self.processes > 1 and not self.address):
            raise ValueError("several processes need an address, and numbers from 0 to processes - 1")
        return self


class TrainConfig(Section):
    """A training."""

    network: NetworkConfig = NetworkConfig()
    data: DataConfig
    start: StartConfig = StartConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    batch: BatchConfig = BatchConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    finish: FinishConfig = FinishConfig()
    distribution: DistributionConfig = DistributionConfig()
    steps: int = Field(
        default=3000, ge=0, description="total number of steps; 0: only the fit without gradients"
    )
    log_every: int = Field(default=20, ge=1, description="steps between points of the curve")
    validate_every: int = Field(default=500, ge=1, description="steps between validations")
    checkpoint_every: int = Field(default=250, ge=1, description="steps between checkpoints")
    seed: int = Field(default=0, ge=0)
    mixed_precision: bool = Field(default=False, description="convolutions in float16, for GPUs")
    loader_processes: int = Field(
        default=0, ge=0, le=256, description="processes that augment images; with a GPU, one per core"
    )

    @model_validator(mode="after")
    def _keys_agree(self):
        if self.finish.shrinkage and not self.network.size:
            raise ValueError("finish.shrinkage needs a whitening: network.size")
        if self.batch.copies and self.distribution.processes > 1:
            raise ValueError("several processes need batch.copies=0")
        return self


def read_config(path, overrides=()):
    """Read a configuration.

    Args:
        path: YAML file with sections and keys of :class:`TrainConfig`. Paths of manifests, weights and
            networks are relative to its folder, also in overrides.
        overrides: iterable of str, ``section.key=value``, with the value in YAML.

    Returns:
        a :class:`TrainConfig`.

    Raises:
        ValueError: naming the key, if it is unknown, or its value has another type or is out of range.
    """
    path = Path(path)
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"expected a configuration, a YAML file. Received: '{path}': {error}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"expected sections and keys in '{path}'. Received: {fields!r}")
    fields = {name: value for name, value in fields.items() if value is not None}  # empty sections
    for override in overrides:
        _override(fields, override)
    _rename(fields)
    try:
        config = TrainConfig.model_validate(fields)
    except ValidationError as error:
        raise ValueError("; ".join(_sentence(problem) for problem in error.errors())) from None
    return _resolve(config, path.absolute().parent)


def changed_keys(config, text):
    """Keys in which a configuration differs from the one that a training was started with.

    Args:
        config: a :class:`TrainConfig`.
        text: JSON of a TrainConfig, of this version or an older one.

    Returns:
        list of names such as "batch.queries"; also empty if the text cannot be read.
    """
    try:
        fields = json.loads(text)
        _rename(fields)
        before = TrainConfig.model_validate(fields)
    except (ValueError, AttributeError):
        return []
    changed = []
    for name in TrainConfig.model_fields:
        one, other = getattr(config, name), getattr(before, name)
        if isinstance(one, BaseModel):
            keys = type(one).model_fields
            changed += [f"{name}.{key}" for key in keys if getattr(one, key) != getattr(other, key)]
        elif one != other:
            changed.append(name)
    return [key for key in changed if not key.startswith(_FREE)]


def _override(fields, override):
    name, equals, value = override.partition("=")
    *sections, key = name.split(".")
    if not equals or not all((*sections, key)):
        raise ValueError(f"expected section.key=value. Received: '{override}'")
    for section in sections:
        fields = fields.setdefault(section, {})
        if not isinstance(fields, dict):
            raise ValueError(
                f"expected a section before the last dot of '{name}'. Received: the key '{section}'"
            )
    try:
        fields[key] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ValueError(f"expected a value in YAML for '{name}'. Received: '{value}'") from error


def _rename(fields):
    """Replace old names of keys by the present ones, in place."""
    for old, new in RENAMED.items():
        section, _, key = old.rpartition(".")
        values = fields.get(section)
        if isinstance(values, dict) and key in values:
            values.setdefault(new.rpartition(".")[2], values.pop(key))


def _sentence(problem):
    key = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")  # prefix that pydantic adds
    return f"expected another value for '{key}': {message}. Received: {problem['input']!r}"


def _resolve(config, folder):
    """Make paths, which are relative to the folder of the configuration, absolute."""
    manifests = {folder / path: share for path, share in config.data.manifests.items()}
    start: Dict[str, Any] = {}
    if config.start.network:
        given = config.start.network
        start["network"] = str(DEFAULT_MODEL if given == "default" else folder / given)
    for key in ("weights", "context_weights"):
        if getattr(config.start, key) not in ("imagenet", ""):
            start[key] = str(folder / getattr(config.start, key))
    return config.model_copy(
        update={
            "data": config.data.model_copy(update={"manifests": manifests}),
            "start": config.start.model_copy(update=start),
        }
    )
