"""The enumerations and functions of the stand-ins for TensorRT, with NVIDIA's numbers.

8.0 to 8.4: py::enum_ in python/src/infer/pyCore.cpp, pyFoundationalTypes.cpp and parsers/pyOnnx.cpp of
NVIDIA/TensorRT, branch release/8.2 (commit 052281f0). 8.6, 10.3, 11.0 and TensorRT-RTX 1.7: ``__members__``
of NVIDIA's own bindings (tensorrt_bindings 8.6.1, tensorrt_cu12_bindings 10.3.0 and 11.0.0.114,
tensorrt_rtx_cu13_bindings 1.7.1.116).
"""

import numpy as np

from tests.fakes.pybind import enumeration

_FLAGS_8 = (
    "FP16 INT8 DEBUG GPU_FALLBACK STRICT_TYPES REFIT DISABLE_TIMING_CACHE TF32 SPARSE_WEIGHTS SAFETY_SCOPE "
    "OBEY_PRECISION_CONSTRAINTS PREFER_PRECISION_CONSTRAINTS DIRECT_IO REJECT_EMPTY_ALGORITHMS"
)
_FLAGS_8_6 = _FLAGS_8 + " ENABLE_TACTIC_HEURISTIC VERSION_COMPATIBLE EXCLUDE_LEAN_RUNTIME FP8"
_FLAGS_10 = {
    "FP16": 0, "INT8": 1, "DEBUG": 2, "GPU_FALLBACK": 3, "REFIT": 4, "DISABLE_TIMING_CACHE": 5, "TF32": 6,
    "SPARSE_WEIGHTS": 7, "SAFETY_SCOPE": 8, "OBEY_PRECISION_CONSTRAINTS": 9,
    "PREFER_PRECISION_CONSTRAINTS": 10, "DIRECT_IO": 11, "REJECT_EMPTY_ALGORITHMS": 12,
    "VERSION_COMPATIBLE": 13, "EXCLUDE_LEAN_RUNTIME": 14, "FP8": 15, "ERROR_ON_TIMING_CACHE_MISS": 16,
    "BF16": 17, "DISABLE_COMPILATION_CACHE": 18, "WEIGHTLESS": 19, "STRIP_PLAN": 19, "REFIT_IDENTICAL": 20,
    "WEIGHT_STREAMING": 21, "INT4": 22, "REFIT_INDIVIDUAL": 23,
}  # fmt: skip
_FLAGS_11 = {
    "DEBUG": 2, "GPU_FALLBACK": 3, "REFIT": 4, "DISABLE_TIMING_CACHE": 5, "TF32": 6, "SPARSE_WEIGHTS": 7,
    "SAFETY_SCOPE": 8, "DIRECT_IO": 11, "VERSION_COMPATIBLE": 12, "EXCLUDE_LEAN_RUNTIME": 13,
    "ERROR_ON_TIMING_CACHE_MISS": 15, "DISABLE_COMPILATION_CACHE": 17, "STRIP_PLAN": 18,
    "REFIT_IDENTICAL": 19, "WEIGHT_STREAMING": 20, "REFIT_INDIVIDUAL": 22, "STRICT_NANS": 23,
    "MONITOR_MEMORY": 24, "EDITABLE_TIMING_CACHE": 26, "DISTRIBUTIVE_INDEPENDENCE": 27,
}  # fmt: skip
_CREATION_FLAGS = [  # since, names
    ((11,), {"STRONGLY_TYPED": 0, "PREFER_JIT_PYTHON_PLUGINS": 1, "PREFER_AOT_PYTHON_PLUGINS": 2}),
    ((10,), {"EXPLICIT_BATCH": 0, "STRONGLY_TYPED": 1}),
    ((8,), {"EXPLICIT_BATCH": 0, "EXPLICIT_PRECISION": 1}),
]
_BUILDER_FLAGS = [((11,), _FLAGS_11), ((10,), _FLAGS_10), ((8, 6), _FLAGS_8_6), ((8,), _FLAGS_8)]
_DATA_TYPES = [
    ((11,), "FLOAT HALF INT8 INT32 BOOL UINT8 FP8 BF16 INT64 INT4 FP4 E8M0"),
    ((10,), "FLOAT HALF INT8 INT32 BOOL UINT8 FP8 BF16 INT64 INT4"),
    ((8, 6), "FLOAT HALF INT8 INT32 BOOL UINT8 FP8"),
    ((8, 5), "FLOAT HALF INT8 INT32 BOOL UINT8"),
    ((8,), "FLOAT HALF INT8 INT32 BOOL"),
]
_PARSER_ERRORS = (
    "SUCCESS INTERNAL_ERROR MEM_ALLOC_FAILED MODEL_DESERIALIZE_FAILED INVALID_VALUE INVALID_GRAPH "
    "INVALID_NODE UNSUPPORTED_GRAPH UNSUPPORTED_NODE"
)
_PARSER_ERRORS_10 = (
    " UNSUPPORTED_NODE_ATTR UNSUPPORTED_NODE_INPUT UNSUPPORTED_NODE_DATATYPE UNSUPPORTED_NODE_DYNAMIC"
    " UNSUPPORTED_NODE_SHAPE REFIT_FAILED"
)
_VERBOSITY = {"LAYER_NAMES_ONLY": 0, "NONE": 1, "DETAILED": 2}
_CAPABILITY = {"STANDARD": 0, "SAFETY": 1, "DLA_STANDALONE": 2}
_POOLS = "WORKSPACE DLA_MANAGED_SRAM DLA_LOCAL_DRAM DLA_GLOBAL_DRAM TACTIC_DRAM"
_SHORT = {
    "float32": "FLOAT",
    "float16": "HALF",
    "int8": "INT8",
    "int32": "INT32",
    "bool": "BOOL",
    "uint8": "UINT8",
}

SEVERITIES = ("INTERNAL_ERROR", "ERROR", "WARNING", "INFO", "VERBOSE")
NUMPY_TYPES = {
    "FLOAT": np.float32,
    "HALF": np.float16,
    "INT8": np.int8,
    "INT32": np.int32,
    "INT64": np.int64,
    "BOOL": np.bool_,
    "UINT8": np.uint8,
}
SIZES = {"INT4": 0.5, "FP4": 0.5, "FP8": 1, "E8M0": 1, "BF16": 2}  # bytes, of those that numpy has not


def add_names(trt, version, rtx):
    """Give a module the enumerations and functions that a version has."""

    def add(name, members, ordered=False):
        if isinstance(members, str):
            members = {member: number for number, member in enumerate(members.split())}
        setattr(trt, name, enumeration(name, members, trt, ordered))

    old = version < (10,)
    add("DataType", _of(version, _DATA_TYPES))
    flags, creation_flags = _of(version, _BUILDER_FLAGS), _of(version, _CREATION_FLAGS)
    if rtx:
        flags, creation_flags = dict(flags, REQUIRE_USER_ALLOCATION=28), {"STRONGLY_TYPED": 0}
    add("BuilderFlag", flags, ordered=True)
    add("NetworkDefinitionCreationFlag", creation_flags, ordered=True)
    add("ErrorCode", _PARSER_ERRORS + ("" if old else _PARSER_ERRORS_10))
    add("ProfilingVerbosity", dict(_VERBOSITY, DEFAULT=0, VERBOSE=2) if old else _VERBOSITY)
    add("EngineCapability", dict(_CAPABILITY, DEFAULT=0, SAFE_GPU=1, SAFE_DLA=2) if old else _CAPABILITY)
    if version >= (8, 4):
        add("MemoryPoolType", _POOLS + ("" if old else " TACTIC_SHARED_MEMORY"))
    if version >= (8, 5):
        add("TensorIOMode", "NONE INPUT OUTPUT")
    if not old:
        add("ExecutionContextAllocationStrategy", "STATIC ON_PROFILE_CHANGE USER_MANAGED")
    for name, member in _SHORT.items():
        if hasattr(trt.DataType, member):
            setattr(trt, name, trt.DataType(int(getattr(trt.DataType, member))))
    if not old:
        trt.int64 = trt.DataType(int(trt.DataType.INT64))
    trt.DataType.itemsize = property(_itemsize)
    trt.nptype, trt.volume = _nptype, _volume


def _of(version, table):
    return next(names for since, names in table if version >= since)


def _itemsize(data_type):
    name = data_type.name
    return np.dtype(NUMPY_TYPES[name]).itemsize if name in NUMPY_TYPES else SIZES[name]


def _nptype(trt_type):
    name = getattr(trt_type, "name", None)
    if name not in NUMPY_TYPES:
        raise TypeError("Could not resolve TensorRT datatype to an equivalent numpy datatype.")
    return NUMPY_TYPES[name]


def _volume(iterable):
    volume = 1
    for size in iterable:
        volume *= size
    return volume
