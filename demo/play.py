"""Publish images to the node over ROS topics, print the matches that it accepts, and draw a report."""

import argparse
import signal
import sys
from pathlib import Path

from demo.console import summary
from demo.odometry import with_odometry
from demo.ros_session import NodeError, RosSession
from demo.sources import SourceError, open_source
from place_recognition_ros.tools.terminal import use_utf8

LAUNCH = ("place_recognition_ros", "demo.launch")


def main() -> int:
    """Command line; the exit code."""
    use_utf8()
    options = parse_options()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # each stops the node and the master
    try:
        source = open_source(options.path, Path(__file__).parent / "drive", options.topic, options.hz)
        if options.drift is not None:
            source = with_odometry(source, options.drift)
        if source.note:
            print(source.note)
        with RosSession(LAUNCH) as ros:
            print("Starting a ROS master and the node ...", flush=True)
            from demo.player import Player  # only here: the sources are checked without ROS

            player = Player(ros, source, options.rate, options.record)
            player.play()
            log, min_age = player.log, player.min_age
    except (SourceError, NodeError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped", file=sys.stderr)
        return 130
    from demo.report import write_report  # only here: matplotlib is slow to import

    print(summary(log, min_age))
    write_report(options.output, log, min_age, source.folder)
    print(f"Report: {options.output.resolve()}")
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    parser.add_argument(
        "path", type=Path, nargs="?", help="folder of images or FILE.bag (default: the rendered drive)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("demo_result.png"),
        help="report to write (default: demo_result.png)",
    )
    parser.add_argument("--rate", type=float, default=1.0, help="speed: 2 plays twice as fast (default: 1)")
    parser.add_argument("--topic", default="", help="image topic, for a bag with several")
    parser.add_argument(
        "--hz", type=float, default=5.0, help="images per second of a folder, for their stamps (default: 5)"
    )
    parser.add_argument(
        "--drift", type=int, metavar="SEED", help="publish odometry that drifts by 2 %% and by 1° every 10 m"
    )
    parser.add_argument("--record", type=Path, metavar="FILE.bag", help="record what is sent, and the loops")
    options = parser.parse_args()
    if options.rate <= 0 or options.hz <= 0:
        parser.error("expected --rate and --hz above 0")
    for name, path in (("--output", options.output), ("--record", options.record)):
        if path is not None and not path.resolve().parent.is_dir():
            parser.error(f"expected {name} in a folder that exists. Received: {path}")
    return options


if __name__ == "__main__":
    sys.exit(main())
