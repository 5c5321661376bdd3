"""Speed, memory and map size, measured against their targets: ``./run bench``."""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # NumPy reads them once; as in the launch files
    os.environ.setdefault(_name, "1")
