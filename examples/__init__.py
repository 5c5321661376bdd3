"""Examples of use: a pose graph in GTSAM, and the export of a recorded run to g2o."""
