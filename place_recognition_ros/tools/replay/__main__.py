"""Run place recognition over a recording, without ROS, and write a report.

``python3 -m place_recognition_ros.tools.replay BAG|MCAP|DB3|FOLDER|VIDEO [name:=value ...]``
"""

import argparse
import os
import sys
from collections import Counter
from typing import Any, Dict, List, Optional

import cv2
import yaml

from place_recognition_ros.config import Config
from place_recognition_ros.descriptor.orb import OrbFinder
from place_recognition_ros.detector import LoopDetector
from place_recognition_ros.errors import ConfigError, InputError, PlaceRecognitionError
from place_recognition_ros.tools.replay.foxglove import write_mcap
from place_recognition_ros.tools.replay.judge import Judge, Limits
from place_recognition_ros.tools.replay.recording import is_recording
from place_recognition_ros.tools.replay.run import Run, open_source, run
from place_recognition_ros.tools.replay.topics import Wanted
from place_recognition_ros.tools.replay.truth import Truth, from_fixes, read_truth
from place_recognition_ros.tools.report.findings import Findings, gather
from place_recognition_ros.tools.report.page import page, write_report
from place_recognition_ros.tools.report.pairs import Gallery
from place_recognition_ros.tools.terminal import Bar, use_utf8
from place_recognition_ros.types import FeatureKind

DEFAULT_RATE = 2.0  # Hz: keyframes of an input that has a clock, which is a camera's stream


def main(arguments: Optional[List[str]] = None) -> int:
    """Command line; the exit code."""
    use_utf8()
    options = _parse(arguments)
    cv2.setNumThreads(1)  # the detector and the decoder have a core each
    try:
        _replay(options)
    except PlaceRecognitionError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


def _parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("input", metavar="INPUT", help=".bag, .db3, .mcap, folder of a ROS 2 bag or of images, or video")
    add("parameters", metavar="name:=value", nargs="*", help="parameters of the node, docs/interface.md")
    add("--output", metavar="HTML", default="report.html", help="report to write (%(default)s)")
    add("--map", default="", help="map to use and to extend; default: a temporary one")
    add("--mcap", metavar="MCAP", default="", help="file to write for Foxglove")
    add("--topic", default="", help="image topic; default: the colour image of a camera")
    add("--odom", metavar="TOPIC", default="", help="topic of nav_msgs/Odometry; default: the busiest one")
    add(
        "--max-rate",
        metavar="HZ",
        type=float,
        help=f"keyframes per second, at most; 0: every image; default: {DEFAULT_RATE:g}, of a folder 0",
    )
    add("--hz", type=float, default=0.0, help="images per second of a folder whose names are not stamps (2)")
    add("--truth", metavar="FILE|TOPIC", default="", help="trajectory (TUM, KITTI, EuRoC), table, GPS topic")
    add("--radius", metavar="M", type=float, default=Limits().radius, help="the same place (%(default)s m)")
    add("--angle", metavar="DEG", type=float, default=Limits().angle, help="the same view (%(default)s°)")
    options, more = parser.parse_known_args(arguments)
    options.parameters += [word for word in more if ":=" in word]  # they may follow the options
    unknown = [word for word in more if ":=" not in word]
    if unknown:
        parser.error(
            f"expected the options above, and parameters as name:=value. Received: {' '.join(unknown)}"
        )
    for name in ("output", "mcap"):
        path = getattr(options, name)
        if path and not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            parser.error(f"expected --{name} in a folder that exists. Received: {path}")
    if options.hz < 0 or options.radius <= 0 or options.angle <= 0:
        parser.error("expected --hz, --radius and --angle above 0")
    return options


def _replay(options: argparse.Namespace) -> None:
    values = _parameters(options.parameters)
    if options.max_rate is not None:
        values["max_rate_hz"] = options.max_rate
    config = Config(**values)
    is_topic = is_recording(options.input) and bool(options.truth) and not os.path.exists(options.truth)
    truth = read_truth(options.truth) if options.truth and not is_topic else None
    wanted = Wanted(options.topic, options.odom, options.truth if is_topic else "")
    source = open_source(options.input, wanted, options.hz, config)
    if "max_rate_hz" not in values and source.has_clock:
        config.max_rate_hz = DEFAULT_RATE
    for note in source.notes:
        print(note)
    detector = LoopDetector.open(config, options.map)
    progress = Bar(os.path.basename(os.path.abspath(options.input)))
    try:
        done = run(source, config, detector, progress.show)
        progress.clear()
        if is_topic:
            truth = from_fixes(source.fixes, options.truth)
        findings = _judged(done, truth, Limits(options.radius, options.angle))
        kind = FeatureKind.ORB if config.feature_model == OrbFinder.model_id else FeatureKind.NETWORK
        text = page(findings, Gallery(findings, detector.map.store, kind))
    finally:
        progress.clear()
        detector.close()
    write_report(options.output, text)
    if options.mcap:
        write_mcap(options.mcap, done)
        print(f"For Foxglove: {options.mcap}")
    print(f"{len(findings.loops)} matches accepted, {len(findings.retracted)} retracted")
    if not findings.loops and findings.rejected:
        print(_reasons(findings))
    print(f"Report: {os.path.abspath(options.output)}")


def _reasons(findings: Findings) -> str:
    """Why nothing was accepted, the most frequent reasons first."""
    counts = Counter(each.candidate.reason.name for each in findings.rejected).most_common(3)
    listed = ", ".join(f"{count} {name}" for name, count in counts)
    return f"The best candidates were rejected: {listed}; the report says what that means"


def _parameters(words: List[str]) -> Dict[str, Any]:
    """``name:=value`` as roslaunch and rosrun have it; values are YAML."""
    values: Dict[str, Any] = {}
    for word in words:
        name, separator, text = word.partition(":=")
        if not separator:
            raise ConfigError(f"expected parameters as name:=value. Received: {word}")
        try:
            values[name.lstrip("_~")] = yaml.safe_load(text) if text else ""
        except yaml.YAMLError as error:
            raise ConfigError(f"expected a value after {name}:=. Received: {text}") from error
    return values


def _judged(done: Run, truth: Optional[Truth], limits: Limits) -> Findings:
    if truth is None:
        return gather(done)
    spots = [truth.at(each.number, each.stamp, each.name) for each in done.entries]
    known = [spot for spot in spots if spot is not None]
    if not known:
        raise InputError(
            f"expected ground truth for the images of {done.source.title}. Received: {truth.kind}, which has "
            "none at their stamps or of their names"
        )
    words = f"{truth.kind}, known for {len(known):,} of {len(spots):,} keyframes. "
    if any(spot.place for spot in known):
        words += "Two images show the same place where the table says so."
    else:
        words += f"Two images show the same place where their cameras were at most {limits.radius:g} m apart"
        oriented = any(spot.orientation is not None for spot in known)
        words += (
            f" and turned by at most {limits.angle:g}°." if oriented else "; the orientation is not known."
        )
    stamps = [each.stamp for each in done.entries]
    judge = Judge(spots, stamps, limits, round(done.config.min_loop_interval_s * 1e9))
    return gather(done, judge, words)


if __name__ == "__main__":
    sys.exit(main())
