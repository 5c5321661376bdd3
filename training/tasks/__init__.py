"""Retrieval tasks on named picture sets.

``MEASURING`` only measures: nothing may be fitted or chosen on them. ``validation`` is for choosing.
"""

from training.tasks.choosing import manifest_task, validation_tasks
from training.tasks.measuring import ie_tower_held_out, koe_landmarks, sped_half

MEASURING = {"sped_half": sped_half, "koe_landmarks": koe_landmarks, "ie_tower_held_out": ie_tower_held_out}
TASKS = {**MEASURING, "validation": validation_tasks}  # name ► (folder of the sets ► list of tasks)

__all__ = ["MEASURING", "TASKS", "manifest_task", "validation_tasks"]
