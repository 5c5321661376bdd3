"""Checks of the parameters: those that are refused, or stricter than recommended, and what they reject."""

from functools import partial
from typing import Any, Iterator, List, Mapping, NamedTuple

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.model_card import default_model_path, read_model
from place_recognition_ros.errors import ConfigError, PlaceRecognitionError
from place_recognition_ros.renamed import RENAMED
from place_recognition_ros.ros.doctor.finding import ERROR, OK, WARN, Finding
from place_recognition_ros.ros.doctor.listener import Observation
from place_recognition_ros.types import Count, Reason


class Threshold(NamedTuple):
    """A parameter that rejects what is below it."""

    parameter: str
    reason: Reason  # of those that it rejects
    field: str  # of LoopCandidate, that is compared with it


THRESHOLDS = (
    Threshold("min_similarity", Reason.LOW_SIMILARITY, "similarity"),
    Threshold("accept_confidence", Reason.NOT_YET, "confidence"),
    Threshold("min_inliers", Reason.FEW_INLIERS, "inliers"),
)
STRICT = ("min_loop_interval_s", "min_loop_distance_m")  # others that keep matches away


def check_parameters(seen: Observation) -> Iterator[Finding]:
    """Whether the node accepts its parameters; with one that it does not know, it ends at the start."""
    node = seen.node
    try:
        Config(**node.parameters)
    except ConfigError as error:
        wrong = next(filter(partial(_is_refused, node.parameters), sorted(node.parameters)), "NAME")
        yield Finding(
            ERROR,
            "parameters",
            str(error),
            f"rosparam delete {node.name}/{wrong}   (and correct your YAML file)",
        )
    for old in sorted(set(node.parameters) & set(RENAMED)):
        move = f"rosparam set {node.name}/{RENAMED[old]} -- {node.parameters[old]}"
        move += f" && rosparam delete {node.name}/{old}"
        found = f"'{old}' is now called '{RENAMED[old]}'; the old name works until the next major version"
        yield Finding(WARN, "parameters", found, f"{move}   (and in your YAML file)")


def _is_refused(parameters: Mapping[str, Any], name: str) -> bool:
    """Whether a parameter is the reason, alone or as the second name of another one."""
    try:
        Config(**{name: parameters[name]})
    except ConfigError:
        return True
    return name in RENAMED and RENAMED[name] in parameters


def check_thresholds(seen: Observation) -> Iterator[Finding]:
    """Thresholds above those recommended, with how many of the candidates each of them rejected."""
    candidates = [each for message in seen.queries.samples for each in message.candidates]
    strict = False
    for threshold in THRESHOLDS:
        value, usual = seen.node.parameter(threshold.parameter), _recommended(seen, threshold.parameter)
        if value <= usual:
            continue
        strict = True
        rejected = _rejected(candidates, threshold, usual, value)
        found = f"{threshold.parameter} is {value:g}, recommended is {usual:g}"
        if rejected:
            found += f": it rejected {len(rejected)} of {len(candidates)} candidates,"
            found += f" with {threshold.field} up to {max(rejected):.3g}"
        yield Finding(ERROR if rejected else WARN, "threshold", found, _set(seen, threshold.parameter))
    yield from _check_features(seen)
    for parameter in STRICT:
        value, usual = seen.node.parameter(parameter), _recommended(seen, parameter)
        if value > usual:
            found = f"{parameter} is {value:g}, the default is {usual:g}: nearer keyframes are not matched"
            yield Finding(WARN, "threshold", found, _set(seen, parameter))
    if candidates and not strict:
        accepted = sum(each.status == each.STATUS_VERIFIED for each in candidates)
        yield Finding(
            OK, "threshold", f"{accepted} of {len(candidates)} candidates accepted in {seen.seconds:.0f} s"
        )


def _check_features(seen: Observation) -> Iterator[Finding]:
    value, usual = seen.node.parameter("min_features"), _recommended(seen, "min_features")
    if value <= usual:
        return
    unused = seen.risen(Count.FEW_FEATURES.value)
    found = f"min_features is {value}, the default is {usual:g}"
    if unused:
        found += f": {unused} images were not used for having fewer"
    yield Finding(ERROR if unused else WARN, "threshold", found, _set(seen, "min_features"))


def _recommended(seen: Observation, parameter: str) -> float:
    """The default; that of the similarity is on the card of the model."""
    if parameter == "min_similarity":
        try:
            return float(read_model(seen.node.parameter("model") or default_model_path())[0].min_similarity)
        except PlaceRecognitionError:
            return 1.0  # not known: the file is on another machine, or missing, which is another finding
    return float({row.name: row.default for row in Config.table()}[parameter])


def _rejected(candidates: List[Any], threshold: Threshold, usual: float, value: float) -> List[float]:
    """What the threshold compared, of the candidates that it alone rejected."""
    found = [
        float(getattr(each, threshold.field)) for each in candidates if each.reason == int(threshold.reason)
    ]
    return [each for each in found if usual <= each < value]


def _set(seen: Observation, parameter: str) -> str:
    (row,) = [row for row in Config.table() if row.name == parameter]
    node = seen.node.name
    command = f"rosparam set {node}/{parameter} -- {row.default} && rosnode kill {node}"
    if row.live:
        command = f"rosrun dynamic_reconfigure dynparam set {node} {parameter} {row.default}"
    return f"{command}   (and in your YAML file)"
