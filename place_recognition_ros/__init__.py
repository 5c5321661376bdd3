"""Place recognition for SLAM systems.

Where this package is imported before NumPy, as by the node and the tools, NumPy multiplies matrices on one
thread unless the environment says otherwise: the products are small, their threads would wait for each other
on a busy machine, and the other cores are for SLAM.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
