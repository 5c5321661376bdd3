"""Parameters that are changed while the node runs, with the tools of dynamic_reconfigure."""

import subprocess

import dynamic_reconfigure.client
import pytest
import rospy
from dynamic_reconfigure.srv import Reconfigure

from place_recognition_ros.config import Config
from place_recognition_ros.errors import ConfigError
from place_recognition_ros.msg import LoopCandidate
from place_recognition_ros.ros.reconfigure import describe, from_message, to_message
from tests.ros.camera import BACK, NODE, PARAMETERS, THERE, Camera


def test_messages_hold_every_live_parameter_in_its_type():
    values = Config().live_values()
    found = from_message(to_message(values))
    assert found == values
    assert {name: type(value) for name, value in found.items()} == {
        row.name: type(row.default) for row in Config.table() if row.live
    }


def test_the_description_is_that_of_the_table():
    message, rows = describe(), {row.name: row for row in Config.table() if row.live}
    (group,) = message.groups
    assert [each.name for each in group.parameters] == list(rows)
    for each in group.parameters:
        row = rows[each.name]
        assert each.type == {float: "double", int: "int"}[type(row.default)]
        assert row.why in each.description
    lowest, highest = from_message(message.min), from_message(message.max)
    assert {name: (lowest[name], highest[name]) for name in rows} == {
        name: (row.low, row.high) for name, row in rows.items()
    }


def test_a_change_takes_effect_in_the_next_result(ros, start_node):
    """One node for all of it: it takes a second to start."""
    start_node(**PARAMETERS)
    camera = Camera(ros)
    camera.publish_sequence(THERE)

    dynparam = ["rosrun", "dynamic_reconfigure", "dynparam", "set", NODE, "min_similarity", "0.999"]
    subprocess.run(dynparam, check=True, timeout=20)
    (first, *_) = camera.publish_and_wait(BACK[0]).candidates
    assert first.reason == LoopCandidate.REASON_LOW_SIMILARITY
    assert rospy.get_param(f"{NODE}/min_similarity") == 0.999

    client = dynamic_reconfigure.client.Client(NODE, timeout=10)
    assert client.get_configuration(10)["min_similarity"] == 0.999
    found = client.update_configuration({"min_similarity": 0.7, "top_k": 2})
    client.close()
    assert (found["min_similarity"], found["top_k"]) == (0.7, 2)
    result = camera.publish_and_wait(BACK[1])
    assert len(result.candidates) <= 3  # and one that would continue a run
    assert result.candidates[0].status == LoopCandidate.STATUS_VERIFIED

    for bad in ({"min_similarity": 3.0}, {"top_k": 0}, {"top_k": 5, "min_inliers": 1}):
        with pytest.raises(ConfigError) as refused:
            Config(**bad)
        with pytest.raises(rospy.ServiceException, match="parameter") as error:
            rospy.ServiceProxy(NODE + "/set_parameters", Reconfigure)(to_message(bad))
        assert str(refused.value) in str(error.value)
    with pytest.raises(rospy.ServiceException, match="'threads': expected one that may change while"):
        rospy.ServiceProxy(NODE + "/set_parameters", Reconfigure)(to_message({"threads": 2}))
    assert len(camera.publish_and_wait(BACK[2]).candidates) <= 3, "nothing of a refused request counts"
