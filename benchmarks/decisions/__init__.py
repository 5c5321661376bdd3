"""Whether the detector's decisions are right: wrong loop closures, recall of revisits, calibration."""
