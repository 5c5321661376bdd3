"""Parameters that are changed while the node runs, by the protocol of dynamic_reconfigure.

Its own server needs a class that is generated from a .cfg file, and clamps bad values. This one is made from
the table of parameters, and refuses them as at the start.
"""

import threading
from functools import partial
from typing import Any, Callable, Dict, Mapping

import rospy
from dynamic_reconfigure.msg import (
    BoolParameter,
    ConfigDescription,
    DoubleParameter,
    Group,
    GroupState,
    IntParameter,
    ParamDescription,
    StrParameter,
)
from dynamic_reconfigure.msg import Config as ConfigMessage
from dynamic_reconfigure.srv import Reconfigure, ReconfigureResponse

from place_recognition_ros.config import Config
from place_recognition_ros.errors import PlaceRecognitionError
from place_recognition_ros.renamed import present
from place_recognition_ros.ros.pipeline import Pipeline
from place_recognition_ros.worker import Worker

TIMEOUT = 5.0  # seconds
GROUP = "Default"  # the one group that clients expect

_FIELDS = {bool: "bools", int: "ints", str: "strs", float: "doubles"}
_MESSAGES = {"bools": BoolParameter, "ints": IntParameter, "strs": StrParameter, "doubles": DoubleParameter}
_TYPES = {bool: "bool", int: "int", str: "str", float: "double"}


class Reconfiguration:
    """Offers the parameters that are live; the worker changes them between two keyframes.

    Args:
        config: the parameters at the start.
        worker: owns the pipeline.
        changed: is called with what has changed.
    """

    def __init__(self, config: Config, worker: Worker, changed: Callable[[Mapping[str, Any]], None]) -> None:
        self._worker, self._changed = worker, changed
        self._lock = threading.Lock()  # each client has a thread
        self._updates = rospy.Publisher("~parameter_updates", ConfigMessage, queue_size=1, latch=True)
        self._updates.publish(to_message(config.live_values()))
        self._descriptions = rospy.Publisher(
            "~parameter_descriptions", ConfigDescription, queue_size=1, latch=True
        )
        self._descriptions.publish(describe())
        rospy.Service("~set_parameters", Reconfigure, self._set)

    def _set(self, request: Any) -> ReconfigureResponse:
        with self._lock:
            try:
                values = present(from_message(request.config))
                live = self._worker.call(partial(Pipeline.configure, values=values), TIMEOUT)
            except PlaceRecognitionError as error:
                rospy.logerr("Parameters stay as they are: %s", error)
                raise rospy.ServiceException(str(error)) from error
            now = {name: live[name] for name in values}
            rospy.loginfo("Parameters changed: %s", now)
            self._changed(now)
            message = to_message(live)
            self._updates.publish(message)
        return ReconfigureResponse(message)


def to_message(values: Mapping[str, Any]) -> ConfigMessage:
    """Name → value, as clients read them."""
    message = ConfigMessage(groups=[GroupState(name=GROUP, state=True)])
    for name, value in values.items():
        field = _FIELDS[type(value)]
        getattr(message, field).append(_MESSAGES[field](name, value))
    return message


def from_message(message: ConfigMessage) -> Dict[str, Any]:
    """Name → value, as clients send them."""
    return {each.name: each.value for field in _MESSAGES for each in getattr(message, field)}


def describe() -> ConfigDescription:
    """The parameters that are live, for people and graphical clients."""
    rows = [row for row in Config.table() if row.live]
    group = Group(name=GROUP)
    lowest: Dict[str, Any] = {}
    highest: Dict[str, Any] = {}
    for row in rows:
        kind = type(row.default)
        group.parameters.append(
            ParamDescription(name=row.name, type=_TYPES[kind], description=f"{row.why} {row.unit}".rstrip())
        )
        lowest[row.name] = row.default if row.low is None else kind(row.low)
        highest[row.name] = row.default if row.high is None else kind(row.high)
    return ConfigDescription(
        groups=[group],
        min=to_message(lowest),
        max=to_message(highest),
        dflt=to_message({row.name: row.default for row in rows}),
    )
