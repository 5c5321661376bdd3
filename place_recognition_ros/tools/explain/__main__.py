"""Explain why a keyframe of a map was, or was not, matched.

``python3 -m place_recognition_ros.tools.explain MAP STAMP|ID``

It replays the decision from what the map stores, prints every candidate with what each part of the evidence
added, and writes an image of the two views. The map is only read; no node may have it open.
"""

import argparse
import os
import sys
from typing import List, Optional

import cv2
import yaml

from place_recognition_ros.config import Config
from place_recognition_ros.drawing import Side, draw
from place_recognition_ros.errors import ConfigError, KeyframeError, PlaceRecognitionError, StoreError
from place_recognition_ros.memory.store import StoredKeyframe
from place_recognition_ros.tools.explain.find import find
from place_recognition_ros.tools.explain.past import Past
from place_recognition_ros.tools.explain.replay import (
    QUERIES,
    Explanation,
    Models,
    Replay,
    compare,
    models_for,
    open_past,
)
from place_recognition_ros.tools.explain.table import best_of, confidence_text, report, seconds
from place_recognition_ros.tools.terminal import use_utf8


def main(arguments: Optional[List[str]] = None) -> int:
    use_utf8()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("map", metavar="MAP", help="file of the map")
    parser.add_argument("keyframe", metavar="STAMP|ID", help="seconds (1234.5), nanoseconds, or an id")
    parser.add_argument("--match", type=int, metavar="ID", help="keyframe in the image; default: the best")
    parser.add_argument("--image", metavar="PATH", help="image to write; default: explain_ID.png")
    parser.add_argument("--config", metavar="YAML", help="parameters of the node, as in config/default.yaml")
    parser.add_argument(
        "--queries",
        type=int,
        default=QUERIES,
        metavar="N",
        help="keyframes before it whose decisions are replayed (%(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.queries < 0:
        parser.error(f"expected 0 queries or more. Received: {options.queries}")
    try:
        _explain(options)
    except PlaceRecognitionError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _explain(options: argparse.Namespace) -> None:
    config = _read_config(options.config)
    path = os.path.expanduser(options.map)
    models = models_for(path, config)
    store = open_past(path, models)
    try:
        keyframes = list(store.keyframes())
        keyframe, understood = find(keyframes, options.keyframe)
        chosen = None if options.match is None else _by_id(keyframes, options.match)
        print(f"{options.keyframe} is understood as {understood}.\n")
        explanation = Replay(store, models, config, keyframe.session).explain(keyframe, options.queries)
        print(report(explanation))
        best = best_of(explanation)
        if chosen is None and best is not None:
            chosen = _by_id(keyframes, best.match_id)
        if chosen is not None:
            image = options.image or f"explain_{keyframe.id}.png"
            sides = [
                _side(store, *each, config.rotate_image) for each in (("Query", keyframe), ("Match", chosen))
            ]
            _write_image(image, sides, models, explanation, chosen)
            print(f"\nKeyframes {keyframe.id} and {chosen.id} are in {image}.")
    finally:
        store.close()


def _read_config(path: Optional[str]) -> Config:
    if path is None:
        return Config()
    try:
        with open(path, encoding="utf-8") as file:
            values = yaml.safe_load(file) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"expected a YAML file of parameters. Received: '{path}': {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"expected names and values in '{path}'. Received: {type(values).__name__}")
    return Config(**{str(name): value for name, value in values.items()})


def _by_id(keyframes: List[StoredKeyframe], number: int) -> StoredKeyframe:
    for each in keyframes:
        if each.id == number:
            return each
    raise KeyframeError(
        f"expected the id of a keyframe, {keyframes[0].id} to {keyframes[-1].id}. Received: {number}"
    )


def _write_image(
    path: str, sides: List[Side], models: Models, explanation: Explanation, match: StoredKeyframe
) -> None:
    geometry = compare(sides[0].view, sides[1].view, models, explanation.limits)
    similarity = float(explanation.keyframe.descriptor @ match.descriptor)
    caption = [
        f"similarity {similarity:.2f}   {geometry.matches} matches   {geometry.inliers} inliers   "
        f"coverage {geometry.coverage:.2f}   " + _decided(explanation, match.id)
    ]
    if geometry.degenerate:
        caption.append(f"motion not determined: {geometry.degenerate}")
    try:
        written = cv2.imwrite(path, draw(sides[0], sides[1], geometry, caption))
    except cv2.error as error:  # an unknown extension
        raise StoreError(
            f"expected a path ending in .png or .jpg for the image. Received: '{path}'"
        ) from error
    if not written:
        raise StoreError(f"expected a path where an image can be written. Received: '{path}'")


def _side(store: Past, name: str, keyframe: StoredKeyframe, rotated: int) -> Side:
    title = f"{name}: keyframe {keyframe.id}, stamp {seconds(keyframe.stamp)}, session {keyframe.session}"
    return Side(store.view(keyframe.id), store.thumbnail(keyframe.id), title, rotated)


def _decided(explanation: Explanation, match_id: int) -> str:
    for each in explanation.candidates:
        if each.match_id == match_id:
            reason = f" {each.reason.name}" if each.reason else ""
            weighed = f", confidence {confidence_text(each)}" if match_id in explanation.runs else ""
            return f"{each.status.name}{reason}{weighed}"
    return "not a candidate"


if __name__ == "__main__":
    sys.exit(main())
