"""What each section shows, and what is normal there."""

from typing import NamedTuple


class Caption(NamedTuple):
    """The words of a section or a figure."""

    title: str
    seen: str  # what one sees
    normal: str  # what is normal, and what is not


PATH = Caption(
    "Path and loops",
    "The path of the camera by {origin}, seen obliquely from above. It rises with time, so that a second "
    "visit is drawn above the first; each accepted match is a line between the two visits. The faint line"
    " is the path on the ground.",
    "Normal: short, steep lines where the path runs above itself. A line across the drawing is a false "
    "loop, or odometry that has drifted far.",
)
ARCS = Caption(
    "Loops over time",
    "Each accepted match is an arc from the earlier image to the later one, along the time of the "
    "recording. The input has no odometry, so that there is no path to draw.",
    "Normal: bundles of parallel arcs, one for each revisit. A single arc that crosses the others "
    "deserves a look at its images.",
)
TRUTH = Caption(
    "Against ground truth",
    "Ground truth: {limits} By it, {revisits} of {keyframes} show a place that was seen before and "
    "left since.",
    "Every point of a curve is a threshold: how many of the matches above it are right (precision), and "
    "how many of the revisits have one (recall). Normal: the curve of all checks begins at the upper edge "
    "and stays there for long, and the working point is on that part of it.",
)
LOOPS = Caption(
    "Accepted matches",
    "The later image is on the left, on the right the earlier one that it was matched with. Lines connect"
    " features that fit one rigid scene.",
    "Normal: both images show the same place, from a little farther or another side, and the lines fan "
    "out evenly.",
)
SIMILARITY = Caption(
    "Similarity",
    "The cosine of the global descriptors of each keyframe and the most similar one that the camera has "
    "left.",
    "Normal: it rises where a place is seen again, and accepted matches are on top of the hills. It has "
    "no limit of its own: the checks decide.",
)
CONFIDENCE = Caption(
    "Confidence",
    "The calibrated probability that the best match is right, after all checks; the axis is one of odds.",
    "Normal: two groups, far below the line and above it. Many points just below it are matches that a "
    "lower accept_confidence would accept.",
)
LATENCY = Caption(
    "Latency",
    "Milliseconds per keyframe on the machine that made this report, means of short stretches.",
    "Normal: level. Only verification varies: it is skipped where nothing is similar.",
)
MATRIX = Caption(
    "Similarity matrix",
    "Every keyframe against every other one; dark: similar. Accepted matches are marked below the "
    "diagonal, the upper half is left free to compare.",
    "Normal: a dark diagonal, and dark parallels to it where a way is travelled again; lines across it "
    "where a way is travelled backwards. Dark squares are times in which the view hardly changed, or "
    "places that look alike.",
)
REJECTED = Caption(
    "Rejected matches",
    "Why the best candidate of each query without an accepted match was rejected, and all candidates "
    "together. Most queries of a first visit belong here: there is nothing to be found.",
    "The matches that came nearest to being accepted, one of each stretch first. Normal: look-alikes, and"
    " the first or last views of a revisit. Where most show the same place, accept_confidence is too "
    "high.",
)
MISSED = "The matched image is right by ground truth, and was rejected: those nearest to being accepted."
RETRACTED = "Accepted at first, and refuted by what came later."
NO_LOOP = "No match was accepted. The section on rejected matches shows how near they came."
NO_ARC = "No match was accepted, and the input has no odometry: there is nothing to draw."
