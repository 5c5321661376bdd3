"""The building half of the fakes of TensorRT: builder, network, ONNX parser, timing cache.

Sources: for 8.0 to 8.4 python/src/infer/pyCore.cpp and parsers/pyOnnx.cpp of NVIDIA/TensorRT, branch
release/8.2; memory pools came in 8.4; for 8.6, 10, 11 and TensorRT for RTX, NVIDIA's own bindings.
"""

import hashlib
import json

from tests.fakes import plan


def require(value, kind):
    """pybind11 does not convert other types."""
    if not isinstance(value, kind):
        raise TypeError(f"incompatible function arguments. Invoked with: {value!r}")
    return value


class Closed:
    """An object that takes no new attributes, as those of pybind11."""

    __slots__ = ("__weakref__", "_trt")

    def _log(self, logger, severity, text):
        logger.log(getattr(self._trt.ILogger.Severity, severity), text)


class IHostMemory(Closed):
    __slots__ = ("_content",)

    def __init__(self, trt, content):
        self._trt, self._content = trt, content

    def __bytes__(self):
        return self._content


class Builder(Closed):
    __slots__ = ("_logger",)

    def __init__(self, trt, logger):
        self._trt, self._logger = trt, require(logger, trt.ILogger)
        if not trt.is_rtx:  # TensorRT for RTX builds without a GPU
            trt.gpu.context_for_tensorrt("Builder")

    def create_network(self, flags=0):
        network, api = INetworkDefinition(self._trt), self._trt.api
        network.explicit = api >= (10,) or bool(require(flags, int) & 1)  # EXPLICIT_BATCH
        return network

    def create_builder_config(self):
        return self._trt.IBuilderConfig(self._trt, self._logger)

    def build_serialized_network(self, network, config):
        trt, gpu = self._trt, self._trt.gpu
        require(network, INetworkDefinition), require(config, IBuilderConfig)
        if not trt.is_rtx:
            gpu.context_for_tensorrt("build_serialized_network")
        gpu.workspaces.append(config._workspace)
        gpu.build()
        if gpu.fail_build or network.parsed is None:
            reason = "Could not find any implementation" if network.parsed else "Network must have an output"
            self._log(self._logger, "ERROR", f"IBuilder::buildSerializedNetwork: Error Code 4: {reason}")
            return None
        precision, onnx = "fp16" if "FP16" in config._flags else "fp32", network.parsed.onnx
        if config._cache is not None:
            config._cache._keys.add(hashlib.sha256(onnx + precision.encode()).hexdigest())
        return IHostMemory(trt, plan.write_plan(onnx, precision=precision, **trt.identity()))


class INetworkDefinition(Closed):
    """``explicit`` and ``parsed`` are the fake's own."""

    __slots__ = ("explicit", "parsed")

    def __init__(self, trt):
        self._trt, self.explicit, self.parsed = trt, True, None


class OnnxParser(Closed):
    __slots__ = ("_errors", "_logger", "_network")

    def __init__(self, trt, network, logger):
        self._trt, self._network, self._errors = trt, require(network, INetworkDefinition), []
        self._logger = require(logger, trt.ILogger)

    def parse(self, model):
        if not self._network.explicit:
            return self._fail("the network must be created with EXPLICIT_BATCH")
        try:
            self._network.parsed = plan.Network(require(model, bytes))
        except Exception as error:
            if isinstance(error, TypeError):
                raise
            return self._fail(f"Failed to parse the ONNX model. {error}")
        return True

    @property
    def num_errors(self):
        return len(self._errors)

    def get_error(self, index):
        return self._errors[index]

    def _fail(self, text):
        self._errors.append(ParserError(self._trt, text))
        self._log(self._logger, "ERROR", text)
        return False


class ParserError(Closed):
    """Its parts are methods, not attributes."""

    __slots__ = ("_text",)

    def __init__(self, trt, text):
        self._trt, self._text = trt, text

    def desc(self):
        return self._text


class IBuilderConfig(Closed):
    """Without what only some versions have."""

    __slots__ = ("_cache", "_flags", "_logger", "_workspace")

    def __init__(self, trt, logger):
        self._trt, self._logger = trt, logger
        self._cache, self._flags, self._workspace = None, set(), None

    def set_flag(self, flag):
        self._flags.add(require(flag, self._trt.BuilderFlag).name)

    def create_timing_cache(self, serialized_timing_cache):
        self._trt.gpu.timing_caches.append(require(serialized_timing_cache, bytes))
        return ITimingCache(self._trt, serialized_timing_cache)

    def set_timing_cache(self, cache, ignore_mismatch):
        self._cache = require(cache, ITimingCache)
        require(ignore_mismatch, bool)
        return True


class WorkspaceAttribute:
    """Until TensorRT 9."""

    __slots__ = ()

    @property
    def max_workspace_size(self):
        return self._workspace

    @max_workspace_size.setter
    def max_workspace_size(self, size):
        self._workspace = require(size, int)


class MemoryPools:
    """Since TensorRT 8.4."""

    __slots__ = ()

    def set_memory_pool_limit(self, pool, pool_size):
        assert require(pool, self._trt.MemoryPoolType).name == "WORKSPACE"
        self._workspace = require(pool_size, int)


class ITimingCache(Closed):
    __slots__ = ("_keys",)

    def __init__(self, trt, content):
        self._trt, self._keys = trt, set(json.loads(content.decode())) if content else set()

    def serialize(self):
        return IHostMemory(self._trt, json.dumps(sorted(self._keys)).encode())
