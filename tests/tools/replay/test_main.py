"""The command, from a folder to a report and an MCAP file, with the package's own networks."""

import base64
import json
import os

import cv2
import numpy as np
import pytest

from place_recognition_ros.tools.replay.__main__ import main
from tests.tools.replay.recordings import FIX, SECOND, START, Writer, drive

PLACES = [*range(1, 7), 1, 2]


@pytest.fixture
def folder(tmp_path, paint):
    """Images one second apart, named by their stamps; odd ones are half a second early."""
    (tmp_path / "images").mkdir()
    for number, place in enumerate(PLACES):
        path = tmp_path / "images" / f"{1_600_000_000 + number}.{5 * (number % 2)}.png"
        cv2.imwrite(str(path), paint(place, shift=4 * (number > 5)))
    return str(tmp_path / "images")


def test_a_folder_becomes_a_report_and_an_mcap(folder, tmp_path, capsys):
    reader = pytest.importorskip("mcap.reader", reason="needs requirements/replay.txt")
    output, mcap = (str(tmp_path / name) for name in ("x.html", "x.mcap"))
    truth = tmp_path / "truth.csv"
    names = sorted(os.listdir(folder))
    truth.write_text("file,place\n" + "".join(f"{name},{place}\n" for name, place in zip(names, PLACES)))
    command = [folder, "--output", output, "--mcap", mcap, "--truth", str(truth), "--max-rate", "0"]
    assert main([*command, "feature_model:=orb", "min_loop_interval_s:=3.0"]) == 0
    printed = capsys.readouterr().out
    assert "Report: " + output in printed
    with open(output, encoding="utf-8") as file:
        text = file.read()
    assert "Two images show the same place where the table says so." in text
    assert "<td>min_loop_interval_s</td><td>3.0</td><td>10.0</td>" in text
    assert "2 keyframes of 8 show a place" in text
    with open(mcap, "rb") as stream:
        found = [
            (schema.name, channel.topic, message.log_time, json.loads(message.data))
            for schema, channel, message in reader.make_reader(stream).iter_messages()
        ]
    images = [each for each in found if each[0] == "foxglove.CompressedImage"]
    assert [each[2] for each in images][:2] == [1_600_000_000 * 10**9, 1_600_000_001_500_000_000]
    data = np.frombuffer(base64.b64decode(images[0][3]["data"]), np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_COLOR).shape == (240, 320, 3)
    assert sum(each[1] == "/loop_candidates" for each in found) == len(images) == 8


def test_the_rate_of_keyframes_is_limited_by_default(folder, tmp_path):
    output = str(tmp_path / "x.html")
    assert main([folder, "--output", output, "--max-rate", "0.5", "feature_model:=orb"]) == 0
    with open(output, encoding="utf-8") as file:
        assert "skipped: sooner than max_rate_hz" in file.read()


def test_the_map_is_kept_and_used_again(folder, tmp_path):
    path, output = str(tmp_path / "map.db"), str(tmp_path / "x.html")
    for _ in range(2):
        assert main([folder, "--map", path, "--output", output, "feature_model:=orb"]) == 0
    with open(output, encoding="utf-8") as file:
        text = file.read()
    assert "16 keyframes in the map" in text


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["none"], "InputError: expected a recording, a folder of images or a video. Received: no file"),
        (["{folder}", "top_k=3"], "ConfigError: expected parameters as name:=value. Received: top_k=3"),
        (["{folder}", "top_k:=x"], "ConfigError: parameter 'top_k': expected a value of type int"),
        (["{folder}", "no:=1"], "ConfigError: unknown parameter 'no'"),
        (["{folder}", "--truth", "none.txt"], "InputError: expected a file of ground truth"),
        (["{folder}", "--truth", "/fix"], "InputError: expected a file of ground truth. Received: '/fix'"),
    ],
)
def test_mistakes_are_named(arguments, message, folder, tmp_path, capsys):
    output = ["--output", str(tmp_path / "x.html"), "feature_model:=orb"]
    assert main([each.format(folder=folder) for each in arguments] + output) == 1
    assert message in capsys.readouterr().err
    assert not os.path.exists(output[1])


def test_unknown_options_are_refused(folder, capsys):
    with pytest.raises(SystemExit):
        main([folder, "--colour"])
    assert "Received: --colour" in capsys.readouterr().err


def test_an_output_in_a_folder_that_is_not_there_is_refused_before_the_run(folder, capsys):
    with pytest.raises(SystemExit):
        main([folder, "--output", "/none/x.html"])
    assert "expected --output in a folder that exists" in capsys.readouterr().err


def test_a_gps_topic_of_a_recording_is_ground_truth(tmp_path, paint):
    pytest.importorskip("rosbags", reason="needs requirements/replay.txt")
    writer = drive(Writer("bag"), [paint(place) for place in PLACES])
    for number in range(len(PLACES)):
        writer.fix(FIX, START + number * SECOND, 50.0 + 1e-4 * number, 7.0)
    path, output = writer.write(tmp_path), str(tmp_path / "x.html")
    assert main([path, "--truth", FIX, "--radius", "3", "--output", output, "feature_model:=orb"]) == 0
    with open(output, encoding="utf-8") as file:
        text = file.read()
    assert "GPS topic /gps/fix, known for 8 of 8 keyframes." in text
    assert "at most 3 m apart; the orientation is not known." in text
    assert "The path of the camera by odometry" in text
