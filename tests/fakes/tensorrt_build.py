"""The building half of the stand-ins for TensorRT: Builder, network, ONNX parser, timing cache.

Each name says since which version NVIDIA has it, and until which. Sources: for 8.0 to 8.4
python/src/infer/pyCore.cpp and parsers/pyOnnx.cpp of NVIDIA/TensorRT, branch release/8.2 (commit 052281f0);
memory pools came in 8.4; for 8.6, 10.3, 11.0 and TensorRT-RTX 1.7 NVIDIA's own bindings, imported and listed
(see tensorrt_names.py).
"""

# ruff: noqa: F821  annotations name TensorRT's classes

import hashlib

from tests.fakes import plan
from tests.fakes.pybind import Setting, bare, documented, documented_property


class Builder:
    @documented()
    def __init__(self, logger: "ILogger"):
        self._state = {"logger": logger}
        if not self._trt._rtx:  # TensorRT-RTX builds without a GPU
            self._trt._gpu.context_for("Builder")
        self._trt._gpu.count(self, "Builder")

    @documented_property()
    def logger(self):
        return self._state["logger"]

    @documented_property(until=(11,))
    def platform_has_fast_fp16(self):
        return self._trt._gpu.has_fast_half()

    max_threads = Setting(int, 1, since=(8, 5))
    max_batch_size = Setting(int, 1, until=(10,))

    @documented()
    def create_network(self, flags: "size" = 0):
        trt = self._trt
        known = {1 << int(flag) for flag in trt.NetworkDefinitionCreationFlag.__members__.values()}
        if int(flags) & ~sum(known):
            trt._say(self.logger, "ERROR", f"expected NetworkDefinitionCreationFlags. Received: {flags}")
            return None
        explicit, typed = trt._explicit, trt._typed
        if trt._version < (10,):
            explicit = bool(int(flags) & 1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH))
        elif trt._version < (11,):
            typed = bool(int(flags) & 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        return bare(
            trt.INetworkDefinition, builder=self, explicit=explicit, typed=typed, onnx=b"", network=None
        )

    @documented()
    def create_builder_config(self):
        return bare(self._trt.IBuilderConfig, builder=self)

    @documented()
    def is_network_supported(self, network: "INetworkDefinition", config: "IBuilderConfig"):
        return network._state["network"] is not None

    @documented()
    def reset(self):
        pass

    @documented()
    def build_serialized_network(self, network: "INetworkDefinition", config: "IBuilderConfig"):
        trt, gpu = self._trt, self._trt._gpu
        if trt._rtx:
            gpu.touch()
        else:
            gpu.context_for("build_serialized_network")
        gpu.builds += 1
        gpu.workspaces.append(config._workspace())
        gpu.wait("build_seconds")
        reason = self._objection(network, config)
        if reason:
            trt._say(self.logger, "ERROR", f"IBuilder::buildSerializedNetwork: Error Code 4: {reason}")
            return None
        half = hasattr(trt.BuilderFlag, "FP16") and config.get_flag(trt.BuilderFlag.FP16)
        precision = "as the network says" if network._state["typed"] else "fp16" if half else "fp32"
        if half and not gpu.has_fast_half():
            trt._say(
                self.logger, "WARNING", "Half2 support requested on hardware without native FP16 support"
            )
        onnx = network._state["onnx"]
        config._measure(hashlib.sha256(onnx + precision.encode()).hexdigest())
        trt._say(self.logger, "INFO", "Engine generation completed.")
        return trt._host_memory(plan.write_plan(onnx, precision=precision, **trt._identity()))

    def _objection(self, network, config):
        """Why TensorRT would not build."""
        parsed = network._state["network"]
        if self._trt._gpu.fail_build:
            return "Internal Error (Could not find any implementation for node (stand-in))"
        if parsed is None:
            return "API Usage Error (Network must have at least one output)"
        if any(-1 in tensor.shape for tensor in parsed.inputs):
            return (
                "API Usage Error (Network has dynamic inputs, but no optimization profile has been defined.)"
            )
        flags = self._trt.BuilderFlag
        if network._state["typed"] and hasattr(flags, "FP16") and config.get_flag(flags.FP16):
            return "API Usage Error (a strongly typed network must not have BuilderFlag.FP16)"
        return ""


class IBuilderConfig:
    max_workspace_size = Setting("size", 256 << 20, until=(10,))
    min_timing_iterations = Setting(int, 1, until=(10,))
    avg_timing_iterations = Setting(int, 1)
    profiling_verbosity = Setting("ProfilingVerbosity", "LAYER_NAMES_ONLY")
    engine_capability = Setting("EngineCapability", "STANDARD")
    profile_stream = Setting("size", 0)
    DLA_core = Setting(int, -1)
    builder_optimization_level = Setting(int, 3, since=(8, 6))
    max_aux_streams = Setting(int, -1, since=(8, 6))

    @documented_property()
    def num_optimization_profiles(self):
        return 0

    @property
    def _flags(self):
        return self._state.setdefault("flag set", {"TF32"})

    @documented()
    def set_flag(self, flag: "BuilderFlag"):
        self._flags.add(flag.name)

    @documented()
    def clear_flag(self, flag: "BuilderFlag"):
        self._flags.discard(flag.name)

    @documented()
    def get_flag(self, flag: "BuilderFlag"):
        return flag.name in self._flags

    @documented()
    def reset(self):
        builder = self._state["builder"]
        self._state.clear()
        self._state["builder"] = builder

    @documented(since=(8, 4))
    def set_memory_pool_limit(self, pool: "MemoryPoolType", pool_size: "size"):
        self._state[pool.name] = int(pool_size)

    @documented(since=(8, 4))
    def get_memory_pool_limit(self, pool: "MemoryPoolType"):
        return self._state.get(pool.name, self._trt._gpu.memory_total)

    @documented()
    def create_timing_cache(self, serialized_timing_cache: "buffer"):
        """Whatever it cannot use becomes an empty cache, with a warning: so does NVIDIA's."""
        trt, content = self._trt, bytes(serialized_timing_cache)
        trt._gpu.timing_caches.append(content)
        identity = trt._identity()
        found = plan.read_timings(content)
        if content and (found is None or found[0] != identity["tensorrt"]):
            text = "Failed to deserialize timing cache. Returning an empty timing cache."
            trt._say(self._state["builder"].logger, "WARNING", text)
            found = None
        device, keys = found[1:] if found else (identity["device"], set())
        return bare(trt.ITimingCache, device=device, keys=keys)

    @documented()
    def set_timing_cache(self, cache: "ITimingCache", ignore_mismatch: bool):
        """NvInfer.h: false if the device of the cache is another one, unless ``ignore_mismatch``."""
        trt, device = self._trt, self._trt._identity()["device"]
        if cache._state["device"] != device and not ignore_mismatch:
            text = f"Timing cache mismatch: expected {device}. Received: {cache._state['device']}"
            trt._say(self._state["builder"].logger, "ERROR", text)
            return False
        self._state["cache"] = cache
        return True

    @documented()
    def get_timing_cache(self):
        return self._state.get("cache")

    def _workspace(self):
        """The limit in force, in bytes, however it was set; None: the GPU's whole memory."""
        return self._state.get("WORKSPACE", self._state.get("max_workspace_size"))

    def _measure(self, key):
        cache = self._state.get("cache")
        if cache is not None and not self._trt._rtx:  # in TensorRT-RTX timing caches do nothing
            self._trt._gpu.known_timings += key in cache._state["keys"]
            cache._state["keys"].add(key)


class ITimingCache:
    @documented()
    def serialize(self):
        version, device = self._trt._identity()["tensorrt"], self._state["device"]
        return self._trt._host_memory(plan.write_timings(version, device, self._state["keys"]))

    @documented()
    def combine(self, input_cache: "ITimingCache", ignore_mismatch: bool):
        if self._state["device"] != input_cache._state["device"] and not ignore_mismatch:
            return False
        self._state["keys"] |= input_cache._state["keys"]
        return True

    @documented()
    def reset(self):
        self._state["keys"].clear()
        return True
