"""Statuses, reasons and outcomes in words."""

from typing import Dict, NamedTuple

from place_recognition_ros.types import Candidate, Count, Kind, Reason


class Words(NamedTuple):
    """A reason for people."""

    short: str
    meaning: str


REASONS: Dict[Reason, Words] = {
    Reason.NONE: Words("not examined", "Other places were more similar and were examined first."),
    Reason.LOW_SIMILARITY: Words(
        "low similarity",
        "The images as a whole differ too much. Normal where the camera is for the first time.",
    ),
    Reason.AMBIGUOUS: Words("ambiguous", "Several places fit as well; which one it is cannot be told."),
    Reason.OUTRANKED: Words("outranked", "Another place fits better."),
    Reason.FEW_MATCHES: Words("few matches", "Too few local features look alike. Normal for look-alikes."),
    Reason.FEW_INLIERS: Words(
        "few inliers", "Too few of the matched features fit one rigid scene. Normal for look-alikes."
    ),
    Reason.DEGENERATE: Words(
        "degenerate", "What fits is on one object, in one spot or on one line: a poster or a car, no place."
    ),
    Reason.CONTRADICTED: Words(
        "contradicted", "Much that should be visible is not, as in another place of the same design."
    ),
    Reason.ODOMETRY_CONFLICT: Words("odometry conflict", "Odometry rules the jump out."),
    Reason.TOO_RECENT: Words("too recent", "The camera has not left the place since."),
    Reason.NOT_YET: Words("not yet", "Evidence for it, but still too weak; the next views can confirm it."),
}  # fmt: skip

KINDS: Dict[Kind, str] = {
    Kind.LOOP_CLOSURE: "loop closure",
    Kind.KIDNAP_RECOVERY: "kidnap recovery",
    Kind.INTER_SESSION: "earlier session",
    Kind.RELOCALIZATION: "relocalization",
}

OUTCOMES: Dict[Count, str] = {
    Count.STORED: "stored in the map",
    Count.STANDING: "searched, not stored: the camera stands still",
    Count.FEW_FEATURES: "not used: too few features (dark, blurred, a wall)",
    Count.TOO_SOON: "skipped: sooner than max_rate_hz",
    Count.NOT_MOVED: "skipped: not moved",
    Count.BAD_IMAGE: "not used: the image cannot be decoded",
    Count.NOT_NEWER: "not used: not newer than the last",
    Count.NO_STAMP: "not used: without a stamp",
    Count.TRACKING_LOST: "searched, not stored: tracking lost",
    Count.MAP_FULL: "searched, not stored: map full",
    Count.STORE_FAILED: "searched, not stored: the write failed",
    Count.FAILED: "not used: its pose or calibration is not usable",
}


def confidence(candidate: Candidate) -> str:
    """Percent, rounded down: "99.85 %"; "–" where it was not weighed."""
    value = candidate.confidence
    if value != value:
        return "–"
    percent = 100 * value
    if percent >= 99:
        return f"{int(percent * 100) / 100:.2f} %"
    return f"{int(percent * 10) / 10:.1f} %"


def share(value: float) -> str:
    """0 to 1 as "93 %"; "–" for NaN; never rounded up to 100 %."""
    if value != value:
        return "–"
    percent = 100 * value
    return f"{min(round(percent, 1), 99.9 if percent < 100 else 100.0):.4g} %"


def number(count: int, what: str) -> str:
    """A count with its noun: "1 loop", "2,143 loops"."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")
