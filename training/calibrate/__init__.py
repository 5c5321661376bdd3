"""Fit the coefficients with which the detector weighs evidence: ``python -m training.calibrate``."""
