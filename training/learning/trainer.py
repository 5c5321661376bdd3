"""The training loop: steps, learning curve, validation, checkpoints."""

import keras
import numpy as np

from training.learning.batches import Loader
from training.learning.checkpoint import Progress, load_checkpoint, save_checkpoint
from training.learning.distribution import SINGLE_PROCESS, any_process
from training.learning.interruption import Interruption
from training.learning.losses import LOSSES
from training.learning.metrics import pairs_satisfied, positive_set_deviation


class Trainer:
    """Trains a network on batches.

    The result depends on the network, the batches and the configuration. It does not depend on
    interruptions, nor on the number of processes.

    Args:
        network: Keras model, (B, H, W, C) float32 to (B, D) float32, unit norm.
        batches: a :class:`training.learning.batches.Batches`.
        config: a :class:`training.learning.config.TrainConfig`.
        path: of the checkpoint file.
        monitor: a :class:`training.learning.monitor.Monitor`.
        mine: callable () → (N, D) float32 descriptors of all training images.
        validate: a :class:`training.learning.validation.Validation`.
        process_share: a :class:`training.learning.distribution.ProcessShare`; the first writes checkpoints.
    """

    def __init__(self, network, batches, config, path, monitor, mine, validate, process_share=SINGLE_PROCESS):
        self.network, self._batches, self._config, self._path = network, batches, config, path
        self._monitor, self._mine, self._validate = monitor, mine, validate
        self._process_share = process_share
        self._recent = {}  # name → values of the steps since the last point of the curve
        self.step = 0
        compile_for(network, config)

    def resume(self):
        """Continue from the checkpoint, if there is one.

        Raises:
            ValueError: if the checkpoint is damaged or belongs to another training.
        """
        if self._path.exists():
            self.step, mined, self._recent = load_checkpoint(self._path, self.network, self.network.optimizer)
            if mined is not None and len(mined) != self._batches.record_count:
                raise ValueError(
                    f"expected the {len(mined)} images of '{self._path}'. "
                    f"Received: {self._batches.record_count}"
                )
            self._batches.mined = mined

    def run(self):
        """Train to the last step.

        Raises:
            KeyboardInterrupt: after Ctrl-C or SIGTERM, once a checkpoint is written.
            ValueError: if the loss is not finite.
            OSError: naming the file, if a checkpoint cannot be written; the previous one is kept.
        """
        loader = Loader(self._batches)
        self._monitor.start(self.step)
        try:
            with Interruption() as interruption:
                while self.step < self._config.steps:
                    self._do_step(loader)
                    if any_process(interruption.requested, self._process_share):
                        self.save()
                        raise KeyboardInterrupt(
                            f"step {self.step} is saved; the same command continues from there"
                        )
        finally:
            loader.close()

    def save(self):
        """Write a checkpoint."""
        if self._process_share.first:
            progress = Progress(self.step, self._batches.mined, self._recent)
            save_checkpoint(self._path, progress, self.network, self.network.optimizer)

    def _do_step(self, loader):
        config = self._config
        mines = config.batch.negatives > 0 or config.batch.hard_queries > 0
        if mines and self.step % config.batch.mine_every == 0:
            self._batches.mined = self._mine()
            loader.forget()
        self._learn(loader[self.step])
        self.step += 1
        last = self.step == config.steps
        if self.step % config.validate_every == 0 or last:
            with averaged(self.network):
                self._monitor.validated(self.step, *self._validate())
        if self.step % config.checkpoint_every == 0 or last:
            self.save()

    def _learn(self, batch):
        truth = np.concatenate([batch.same, batch.different], axis=1).astype(np.float32)
        figures = self.network.train_on_batch(batch.images, truth, return_dict=True)
        if not np.isfinite(figures["loss"]):
            raise ValueError(f"expected a finite loss. Received: {figures['loss']} in step {self.step}")
        for name, value in figures.items():
            self._recent.setdefault(name, []).append(float(value))
        if (self.step + 1) % self._config.log_every == 0:
            means = {name: float(np.mean(values)) for name, values in self._recent.items()}
            self._monitor.learned(self.step + 1, means)
            self._recent = {}


def compile_for(network, config):
    """Compile a network with the optimizer, loss and metrics of a configuration.

    Args:
        network: Keras model.
        config: a :class:`training.learning.config.TrainConfig`.
    """
    settings = config.optimizer
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if settings.warmup else settings.learning_rate,
        decay_steps=max(1, config.steps - settings.warmup),
        alpha=0.01,
        warmup_target=settings.learning_rate if settings.warmup else None,
        warmup_steps=settings.warmup,
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=settings.weight_decay,
        clipnorm=settings.clip_norm,
        use_ema=settings.average > 0,
        ema_momentum=settings.average,
    )
    if config.mixed_precision:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    network.compile(
        optimizer=optimizer,
        loss=_of_pairs(LOSSES[config.loss.name], **config.loss.options),
        metrics=[_of_pairs(pairs_satisfied), _of_pairs(positive_set_deviation)],
        jit_compile=_jit_compile(),
    )
    optimizer.build(network.trainable_variables)


class averaged:  # noqa: N801  a context manager, used like a function
    """Context in which a network has the moving average of its weights instead of the newest weights.

    Args:
        network: compiled Keras model; without weight averaging its weights stay the same.
    """

    def __init__(self, network):
        self._variables, self._optimizer = network.trainable_variables, network.optimizer

    def __enter__(self):
        self._newest = [np.array(variable) for variable in self._variables]
        if int(self._optimizer.iterations) > 0:  # there is no average before the first step
            self._optimizer.finalize_variable_values(self._variables)
            self._assign([np.array(variable) for variable in self._variables])  # copied: JAX shares memory

    def __exit__(self, *reason):
        self._assign(self._newest)

    def _assign(self, values):
        for variable, value in zip(self._variables, values):
            variable.assign(value)


def _of_pairs(function, **options):
    """Adapt a function of (descriptors, same, different) to Keras, with one (N, 2 N) array as the truth."""

    def of_pairs(truth, descriptors):
        same, different = keras.ops.split(truth, 2, axis=1)
        return function(keras.ops.cast(descriptors, "float32"), same, different, **options)

    of_pairs.__name__ = function.__name__
    return of_pairs


def _jit_compile():
    """Whether XLA compiles the steps: always with JAX; TensorFlow is faster without it on a CPU."""
    if keras.backend.backend() == "jax":
        return True
    return "auto" if keras.distribution.list_devices("gpu") else False
