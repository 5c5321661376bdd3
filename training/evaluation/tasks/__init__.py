"""Retrieval tasks on named picture sets.

``MEASURING`` only measures: nothing may be fitted or chosen on them. ``validation`` is for choosing.
"""

from training.tasks.choosing import manifest_task, validation_tasks
from training.tasks.measuring import ie_tower_held_out, koe_landmarks, sped_half
from training.tasks.poses import seven_scenes_redkitchen, strecha, tum_fr1_rpy

MEASURING = {  # name ► (folder of the sets ► list of tasks), in the order of the table
    "sped_half": sped_half,
    "koe_landmarks": koe_landmarks,
    "ie_tower_held_out": ie_tower_held_out,
    "7scenes_redkitchen": seven_scenes_redkitchen,
    "tum_fr1_rpy": tum_fr1_rpy,
    "strecha": strecha,
}
TASKS = {**MEASURING, "validation": validation_tasks}

__all__ = ["MEASURING", "TASKS", "manifest_task", "validation_tasks"]
