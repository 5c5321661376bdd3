"""Makes ``python3 training/NAME.py …`` do what ``python3 -m training.NAME …`` does, from any folder.

Python puts the folder of a script into ``sys.path``, here ``training/``, so this module is imported by its
bare name, and the package is not found until its parent folder takes that place.
"""

import runpy
import sys
from pathlib import Path


def run_as_module(script):
    """Run a script of this folder as the module of the same name, then exit.

    Args:
        script: its ``__file__``.
    """
    path = Path(script).resolve()
    sys.path[0] = str(path.parents[1])
    runpy.run_module(f"{path.parent.name}.{path.stem}", run_name="__main__", alter_sys=True)
    sys.exit()
