"""The loop: batch, step, curve; now and then a validation and a checkpoint."""

import keras
import numpy as np

from training.batches import Loader
from training.checkpoint import load_checkpoint, save_checkpoint
from training.losses import LOSSES
from training.metrics import pairs_satisfied, positive_set_deviation


class Trainer:
    """Trains a network on batches.

    Args:
        network: Keras model, (B, H, W, C) float32 to (B, D) float32, unit norm.
        batches: a :class:`training.batches.Batches`.
        config: a :class:`training.config.TrainConfig`.
        folder: of the run; gets the checkpoint.
        monitor: a :class:`training.monitor.Monitor`.
        mine: network ► (N, D) float32 descriptors of all training pictures.
        validate: a :class:`training.validation.Validation`.
    """

    def __init__(self, network, batches, config, folder, monitor, mine, validate):
        self.network, self._batches, self._config = network, batches, config
        self._path = folder / "checkpoint.npz"
        self._monitor, self._mine, self._validate = monitor, mine, validate
        self.step = 0
        self._compile()

    def resume(self):
        """Go on from the run's checkpoint, if there is one."""
        if self._path.exists():
            self.step, self._batches.mined = load_checkpoint(
                self._path, self.network, self.network.optimizer
            )

    def run(self):
        """Train to the last step; when interrupted, save and raise KeyboardInterrupt."""
        config = self._config
        loader = Loader(self._batches, config.loader_threads)
        self._monitor.start(self.step)
        try:
            while self.step < config.steps:
                if self._wants_mining() and self.step % config.batch.mine_every == 0:
                    self._batches.mined = self._mine(self.network)
                    loader.forget()
                self._learn(loader[self.step])
                self.step += 1
                if self.step % config.validate_every == 0 or self.step == config.steps:
                    with averaged(self.network):
                        self._monitor.validated(self.step, *self._validate(self.network))
                if self.step % config.checkpoint_every == 0 or self.step == config.steps:
                    self.save()
        except KeyboardInterrupt:
            self.save()
            raise
        finally:
            loader.close()

    def save(self):
        """Write the checkpoint."""
        save_checkpoint(
            self._path, self.step, self.network, self.network.optimizer, self._batches.mined
        )

    def _learn(self, batch):
        truth = np.concatenate([batch.same, batch.different], axis=1).astype(np.float32)
        figures = self.network.train_on_batch(batch.images, truth, return_dict=True)
        if not np.isfinite(figures["loss"]):
            raise ValueError(f"expected a finite loss. Received: {figures['loss']} in step {self.step}")
        if (self.step + 1) % self._config.log_every == 0:
            self._monitor.learned(self.step + 1, {name: float(value) for name, value in figures.items()})
            self.network.reset_metrics()

    def _wants_mining(self):
        return self._config.batch.negatives > 0 or self._config.batch.hard_queries > 0

    def _compile(self):
        config = self._config.optimizer
        schedule = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if config.warmup else config.learning_rate,
            decay_steps=max(1, self._config.steps - config.warmup),
            alpha=0.01,
            warmup_target=config.learning_rate if config.warmup else None,
            warmup_steps=config.warmup,
        )
        optimizer = keras.optimizers.AdamW(
            schedule,
            weight_decay=config.weight_decay,
            clipnorm=config.clip_norm,
            use_ema=config.average > 0,
            ema_momentum=config.average,
        )
        self.network.compile(
            optimizer=optimizer,
            loss=_of_pairs(LOSSES[self._config.loss.name], **self._config.loss.options),
            metrics=[_of_pairs(pairs_satisfied), _of_pairs(positive_set_deviation)],
            jit_compile="auto" if _on_gpu() else False,  # XLA's convolutions are slow on a CPU
        )
        optimizer.build(self.network.trainable_variables)


class averaged:  # noqa: N801  a context manager reads as a phrase
    """While it is open, a network has the averaged weights instead of the newest.

    Args:
        network: Keras model whose optimizer averages, or does not: then nothing changes.
    """

    def __init__(self, network):
        self._swap = keras.callbacks.SwapEMAWeights()
        self._swap.set_model(network)
        self._active = network.optimizer.use_ema and int(network.optimizer.iterations) > 0

    def __enter__(self):
        if self._active:
            self._swap.on_test_begin()

    def __exit__(self, *reason):
        if self._active:
            self._swap.on_test_end()


def _of_pairs(function, **options):
    """A function of (descriptors, same, different) as Keras calls it, the truth in one array (N, 2 N)."""

    def of_pairs(truth, descriptors):
        same, different = keras.ops.split(truth, 2, axis=1)
        return function(keras.ops.cast(descriptors, "float32"), same, different, **options)

    of_pairs.__name__ = function.__name__
    return of_pairs


def _on_gpu():
    return any("gpu" in name.lower() for name in keras.distribution.list_devices())
