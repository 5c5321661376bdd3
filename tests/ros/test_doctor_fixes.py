"""The commands of the doctor that fix a problem."""

from place_recognition_ros.renamed import RENAMED
from place_recognition_ros.ros.doctor.decision_checks import check_parameters, check_thresholds
from place_recognition_ros.ros.doctor.graph import IMAGE, Node, launch
from place_recognition_ros.ros.doctor.node_checks import check_node
from tests.ros.test_doctor_checks import NODE, images, observation


def test_the_fix_of_a_bad_parameter_removes_that_one():
    (finding,) = check_parameters(observation(parameters={"map_path": "none", "top_k": 0}))
    assert finding.fix.startswith("rosparam delete /place_recognition/top_k  ")


def test_a_renamed_parameter_is_reported_and_its_value_is_used(monkeypatch):
    monkeypatch.setitem(RENAMED, "accept_probability", "accept_confidence")
    seen = observation(parameters={"accept_probability": 0.9999})
    (finding,) = check_parameters(seen)
    assert (finding.level, finding.name) == ("WARN", "parameters")
    assert "'accept_probability' is now called 'accept_confidence'" in finding.found
    assert finding.fix.startswith(
        "rosparam set /place_recognition/accept_confidence -- 0.9999 && rosparam delete "
    )
    assert seen.node.parameter("accept_confidence") == 0.9999
    both = observation(parameters={"accept_probability": 0.9, "accept_confidence": 0.9})
    assert "/accept_probability  " in next(iter(check_parameters(both))).fix


def test_a_threshold_that_is_not_live_needs_a_restart():
    (finding,) = check_thresholds(observation(parameters={"min_loop_interval_s": 600.0}))
    assert finding.fix.startswith(
        "rosparam set /place_recognition/min_loop_interval_s -- 10.0 && rosnode kill"
    )
    (finding,) = check_thresholds(observation(parameters={"accept_confidence": 0.9999}))
    assert finding.fix.startswith(
        "rosrun dynamic_reconfigure dynparam set /place_recognition accept_confidence 0.99  "
    )


def test_a_command_keeps_the_images_that_the_node_uses():
    seen = observation({"/camera/image": images()}, {"/camera/image": IMAGE}, types={"/camera/image": IMAGE})
    assert launch(seen.graph, NODE, "map_path:=default") == (
        "roslaunch place_recognition_ros desktop.launch image:=/camera/image map_path:=default"
        "   (first end the launch file that runs)"
    )


def test_a_node_that_has_ended_is_no_error_beside_one_that_runs():
    seen = observation()
    ended = Node("/robot2/place_recognition", False, False, False, {}, {})
    (finding,) = check_node(seen._replace(node=ended, graph=seen.graph._replace(nodes=[seen.node, ended])))
    assert finding.level == "WARN"
    assert finding.fix.endswith("; if it is not wanted: rosparam delete /robot2/place_recognition")
    (finding,) = check_node(seen._replace(node=ended, graph=seen.graph._replace(nodes=[ended])))
    assert finding.level == "ERROR"
